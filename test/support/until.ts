import { setTimeout } from 'node:timers/promises';
import { patience } from './patience.js';

/** Waits for a condition and returns its value. Fails when that takes longer than `deadlineMs`, which is stretched by the patience of this machine. */
export async function until<T>(
  what: string,
  condition: () => Promise<T | false> | T | false,
  deadlineMs = 10_000,
): Promise<T> {
  for (const deadline = performance.now() + patience(deadlineMs); ;) {
    // The condition is looked at once more after the deadline: this process may have been paused meanwhile.
    const isLate = performance.now() > deadline;
    const response = await condition();
    if (response !== false) return response;
    if (isLate) throw new Error(`waited too long: ${what}`);
    await setTimeout(10);
  }
}

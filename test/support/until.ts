import { setTimeout } from 'node:timers/promises';

/** Waits for a condition, and fails when it takes too long. Answers what the condition answered. */
export async function until<T>(
  what: string,
  condition: () => Promise<T | false> | T | false,
  deadlineMs = 10_000,
): Promise<T> {
  for (const deadline = performance.now() + deadlineMs; ;) {
    const answer = await condition();
    if (answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`waited too long: ${what}`);
    await setTimeout(10);
  }
}

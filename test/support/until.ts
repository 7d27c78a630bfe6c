import { setTimeout } from 'node:timers/promises';

/** Waits until something is so. */
export async function until(what: () => boolean | Promise<boolean>, how = 'what was waited for'): Promise<void> {
  for (const deadline = performance.now() + 15_000; performance.now() < deadline;) {
    if (await what()) return;
    await setTimeout(10);
  }
  throw new Error(`${how} did not happen in 15 s`);
}

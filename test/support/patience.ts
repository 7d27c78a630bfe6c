import assert from 'node:assert/strict';

/**
 * How many times longer than on a quiet machine something may take before a test fails: the environment variable STOCKROOM_TEST_PATIENCE, 5 without it.
 * A test waits for a condition, so patience costs time only when the test fails.
 */
const FACTOR = Number(process.env['STOCKROOM_TEST_PATIENCE'] ?? 5);
if (!(FACTOR >= 1)) throw new Error('STOCKROOM_TEST_PATIENCE: expected a number of at least 1');

/** What may take `ms` milliseconds on a quiet machine may take so many milliseconds on this one. */
export function patience(ms: number): number {
  return ms * FACTOR;
}

/** Fails when more time has passed since `start` (of performance.now()) than this machine may need for what takes `ms` on a quiet one. */
export function assertWithin(ms: number, start: number, message = 'it took too long'): void {
  const took = performance.now() - start;
  assert.ok(took < patience(ms), `${message}: ${Math.round(took)} ms, at most ${patience(ms)} ms`);
}

/** The same of work that this process does, in time of its processors since `start` (of process.cpuUsage()): pauses do not count. */
export function assertWork(ms: number, start: NodeJS.CpuUsage, message = 'it took too much work'): void {
  const { user, system } = process.cpuUsage(start);
  const took = (user + system) / 1000;
  assert.ok(took < patience(ms), `${message}: ${Math.round(took)} ms, at most ${patience(ms)} ms`);
}

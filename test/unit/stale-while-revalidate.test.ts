import assert from 'node:assert/strict';
import { createStaleWhileRevalidate } from '../../src/stale-while-revalidate.js';

describe('a value that takes long to make', () => {
  /** A value whose making the test decides on, and a clock. */
  function made() {
    const state = { now: 0, count: 0, fails: false, failures: 0, gate: Promise.resolve() };
    const read = createStaleWhileRevalidate({
      async make() {
        state.count++;
        await state.gate;
        if (state.fails) throw new Error('away');
        return state.count;
      },
      oldMs: 300_000,
      patienceMs: 20,
      onFailure: () => state.failures++,
      now: () => state.now,
    });
    return { state, read };
  }

  it('is made again when it is old, however many read it', async () => {
    const { state, read } = made();
    assert.deepEqual(await Promise.all([read(), read()]), Array(2).fill({ value: 1, age: 0 }));
    state.now = 299_000;
    assert.deepEqual(await read(), { value: 1, age: 299 });
    state.now = 300_000;
    assert.deepEqual(await read(), { value: 2, age: 0 });
  });

  it('is null, or the last one, for a reader who does not wait for the new one', async () => {
    const { state, read } = made();
    let open: () => void = () => undefined;
    state.gate = new Promise((resolve) => (open = resolve));
    assert.equal(await read(), null);
    open();
    assert.deepEqual(await read(), { value: 1, age: 0 });
  });

  it('is tried again soon after a failure', async () => {
    const { state, read } = made();
    state.fails = true;
    assert.equal(await read(), null);
    assert.equal(await read(), null);
    assert.deepEqual([state.count, state.failures], [1, 1]);
    state.fails = false;
    state.now = 5000;
    assert.deepEqual(await read(), { value: 2, age: 0 });
  });
});

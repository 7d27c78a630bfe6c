import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createPace, pauseAfter } from '../../src/lists/spool/pace.js';

const MINUTE = 60_000;
/** A batch in the middle of a list that has nine tenths of its time left. */
const BUSY = { response: 50, work: 100, elapsed: MINUTE / 2, timeout: 10 * MINUTE, rows: 500_000, expected: 1_000_000 };

describe('the pace of the thread that packs a list', () => {
  it('is full speed while the main thread responds at once', () => {
    assert.equal(pauseAfter({ ...BUSY, response: 1 }), 0);
  });

  it('is a third of the speed while the main thread responds late, and no pause is longer than a second', () => {
    assert.equal(pauseAfter(BUSY), 200);
    assert.equal(pauseAfter({ ...BUSY, work: 3000 }), 1000);
  });

  it('is full speed when the list would otherwise take more than half of its time', () => {
    assert.equal(pauseAfter({ ...BUSY, elapsed: 2.4 * MINUTE }), 200);
    assert.equal(pauseAfter({ ...BUSY, elapsed: 2.6 * MINUTE }), 0);
  });

  it('makes no pause that begins after half of the time, however late the main thread is', () => {
    const batch = fc.record({ work: fc.integer({ min: 1, max: 2000 }), response: fc.integer({ min: 0, max: 500 }) });
    fc.assert(
      fc.property(fc.array(batch, { minLength: 1, maxLength: 300 }), (batches) => {
        const expected = 1000 * batches.length;
        const alone = batches.reduce((sum, { work, response }) => sum + work + response, 0);
        // What the list takes without a pause is half of its time at most.
        const timeout = 2 * alone;
        let elapsed = 0;
        for (const [index, { work, response }] of batches.entries()) {
          elapsed += work + response;
          elapsed += pauseAfter({ response, work, elapsed, timeout, rows: 1000 * (index + 1), expected });
        }
        // After the last pause only work is left.
        assert.ok(elapsed <= timeout / 2 + alone + 1000, `${elapsed} of ${timeout}`);
      }),
      { numRuns: 300 },
    );
  });

  it('waits for the main thread after each batch, and pauses not before the first rows', async () => {
    const told: number[] = [];
    const pace = createPace(10 * MINUTE, (rows) => {
      told.push(rows);
      return Promise.resolve();
    });
    for (const rows of [0, 1000, 2000]) await pace(rows, 2000);
    assert.deepEqual(told, [0, 1000, 2000]);
  });
});

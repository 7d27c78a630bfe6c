import assert from 'node:assert/strict';
import { lowestOfCycles } from '../../../src/import/rules/cycles.js';

describe('cycles of parents', () => {
  const lowest = (...pairs: [number, number][]) => lowestOfCycles(new Map(pairs)).sort((a, b) => a - b);

  it('are opened at the lowest of each', () => {
    assert.deepEqual(lowest([6, 8], [7, 6], [8, 7]), [6]);
    assert.deepEqual(lowest([9, 8], [8, 9], [2, 3], [3, 2]), [2, 8]);
  });

  it('keep what is below them', () => {
    assert.deepEqual(lowest([1, 5], [2, 1], [5, 7], [7, 5]), [5]);
    assert.deepEqual(lowest([5, 7], [7, 5], [1, 2], [2, 5]), [5]);
  });

  it('of one are cycles, too', () => {
    assert.deepEqual(lowest([4, 4], [3, 4]), [4]);
  });
});

import assert from 'node:assert/strict';
import { backOff } from '../../src/back-off.js';

describe('back-off', () => {
  it('doubles the pause with each failure, up to the longest', () => {
    const pauses = [1, 2, 3, 4, 5, 2000].map((failures) => backOff(failures, { first: 100, longest: 750 }));
    assert.deepEqual(pauses, [100, 200, 400, 750, 750, 750]);
  });

  it('grows by another factor where it is told to', () => {
    const pauses = [1, 2, 3].map((failures) => backOff(failures, { first: 500, factor: 4, longest: Infinity }));
    assert.deepEqual(pauses, [500, 2000, 8000]);
  });
});

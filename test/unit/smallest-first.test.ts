import assert from 'node:assert/strict';
import { createSmallestFirst } from '../../src/smallest-first.js';

describe('work that is done one at a time', () => {
  it('begins with the smallest that waits, and goes on after a failure', async () => {
    const one = createSmallestFirst();
    const order: number[] = [];
    let underWay = 0;
    const work = (size: number) =>
      one(size, async () => {
        assert.equal(++underWay, 1);
        await new Promise(setImmediate);
        underWay--;
        order.push(size);
        if (size === 2) throw new Error('two');
        return size;
      });
    const results = await Promise.allSettled([5, 3, 2, 4, 1].map(work));
    assert.deepEqual(order, [5, 1, 2, 3, 4]);
    assert.equal(results.filter(({ status }) => status === 'rejected').length, 1);
    assert.equal(await work(9), 9);
  });
});

import assert from 'node:assert/strict';
import { runWithKills } from '../linearizable/run.js';

describe('what clients see while everything is killed', () => {
  it('is linearizable: no stale read, no lost write, no generation that goes back, no over-allocation', async () => {
    const { counts, anomalies, surprises, kills } = await runWithKills({
      ...{ services: 2, workers: 2, crowd: { readers: 2, writers: 2 } },
      ...{ reads: 0, pause: 100, file: null, say: () => undefined },
    });
    assert.deepEqual(anomalies, []);
    assert.deepEqual(surprises, []);
    assert.equal(kills.size, 5);
    for (const [op, count] of Object.entries(counts)) assert.ok(count > 20, `${count} times ${op} ended well`);
  });
});

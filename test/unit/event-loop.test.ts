import assert from 'node:assert/strict';
import { setImmediate as nextRound } from 'node:timers/promises';
import { createSlices, createStopwatch } from '../../src/event-loop.js';
import { createYieldPoint } from '../../src/slices.js';

describe('slices', () => {
  it('begin at once until some milliseconds were worked in a round of the event loop', async () => {
    let time = 0;
    const slices = createSlices(() => time);
    assert.ok(slices.isFree());
    time += 5;
    assert.ok(slices.isFree());
    time += 5;
    assert.ok(!slices.isFree(), 'ten milliseconds were worked');
    await nextRound();
    await nextRound();
    assert.ok(slices.isFree(), 'the event loop has come round');
  });

  it('begin one a round when they have to wait, and those of new requests take turns with the others', async () => {
    const slices = createSlices();
    const begun: string[] = [];
    for (const name of ['a', 'b', 'c', 'd']) void slices.next().then(() => begun.push(name));
    for (const name of ['1', '2']) void slices.first().then(() => begun.push(name));
    assert.equal(slices.waiting(), 4);
    assert.ok(!slices.isFree(), 'those who came first go first');
    const seen: number[] = [];
    for (let round = 0; round < 8; round++) {
      await nextRound();
      seen.push(begun.length);
    }
    for (const [i, count] of seen.entries())
      assert.ok(count <= (seen[i - 1] ?? 0) + 1, `${seen.join()}: two in a round`);
    assert.deepEqual(begun, ['1', 'a', '2', 'b', 'c', 'd']);
  });

  it('are shared by requests and large bodies: one begins in a round, and each kind takes turns', async () => {
    let time = 0;
    const slices = createSlices(() => time);
    const begun: string[] = [];
    async function body(name: string): Promise<void> {
      const pause = createYieldPoint(slices, () => time);
      for (let piece = 0; piece < 3; piece++) {
        await pause();
        begun.push(name);
        time += 10;
      }
    }
    const bodies = [body('a')];
    await Promise.resolve();
    bodies.push(body('b'));
    const searches = ['1', '2', '3'].map((name) => slices.next().then(() => begun.push(name)));
    const starter = slices.first().then(() => begun.push('first'));
    const inRounds: number[] = [];
    for (let before = -1; begun.length < 10; before = begun.length) {
      if (before >= 0) inRounds.push(begun.length - before);
      await nextRound();
    }
    await Promise.all([...bodies, ...searches, starter]);
    assert.ok(Math.max(...inRounds) <= 1, `begun in each round: ${inRounds.join()}`);
    // The first body began at once; the second found the round used.
    assert.equal(begun.join(' '), 'a first 1 a 2 b 3 a b b');
  });

  it('are over when the clock says so, which is looked at after some work', () => {
    let time = 100;
    const watch = createStopwatch(() => time);
    watch.begin();
    time += 6;
    assert.ok(!watch.isDue(10), 'not for every little piece');
    assert.ok(watch.isDue(5000));
    watch.end();
    time += 1000;
    watch.begin();
    assert.ok(!watch.isDue(5000), 'a new slice');
    time += 1;
    watch.end();
    assert.equal(watch.seconds(), 0.007);
  });
});

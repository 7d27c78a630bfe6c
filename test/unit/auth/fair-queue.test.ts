import assert from 'node:assert/strict';
import { FairQueue, QueueFull } from '../../../src/auth/keystone/fair-queue.js';

describe('the queue of validations', () => {
  /** Conversations that end when the test says so, in the order in which they began. */
  function hold(queue: FairQueue) {
    const [began, ends]: [string[], (() => void)[]] = [[], []];
    const run = (client: string) =>
      queue.run(client, () => {
        began.push(client);
        return new Promise<void>((resolve) => ends.push(resolve));
      });
    const settle = () => new Promise((resolve) => setImmediate(resolve));
    return { began, run, endOne: () => (ends.shift()?.(), settle()), settle };
  }

  it('lets one client that sends many not hold up the others', async () => {
    const { began, run, endOne, settle } = hold(new FairQueue());
    const hostile = Array.from({ length: 500 }, () => run('hostile'));
    const others = ['a', 'b', 'c', 'a'].map(run);
    await settle();
    assert.deepEqual(began, Array(32).fill('hostile'), 'so many at a time');
    for (let one = 0; one < 8; one++) await endOne();
    assert.deepEqual(began.slice(32), ['hostile', 'a', 'b', 'c', 'hostile', 'a', 'hostile', 'hostile']);
    while (began.length < 504) await endOne();
    for (let one = 0; one < 32; one++) await endOne();
    await Promise.all([...hostile, ...others]);
  });

  it('rejects the newest of the client that waits with most, when it is full', async () => {
    const { began, run, endOne, settle } = hold(new FairQueue());
    const hostile = Array.from({ length: 1032 }, () => run('hostile'));
    const other = run('other');
    await assert.rejects(hostile.at(-1) as Promise<void>, QueueFull);
    await settle();
    await endOne();
    await endOne();
    assert.ok(began.includes('other'));
    while (began.length < 1032) await endOne();
    for (let one = 0; one < 32; one++) await endOne();
    await Promise.all([...hostile.slice(0, -1), other]);
  });
});

import assert from 'node:assert/strict';
import { createSemaphore } from '../../src/semaphore.js';

describe('a turnstile', () => {
  it('lets so many in, has so many wait in their order, and rejects the rest', async () => {
    const turnstile = createSemaphore({ places: 2, mostWaiting: 2, reject: () => new Error('full') });
    const entered: string[] = [];
    const enter = (name: string) => turnstile.enter().then((leave) => (entered.push(name), leave));
    const [first, second] = [await enter('a'), await enter('b')];
    const [third, fourth] = [enter('c'), enter('d')];
    await assert.rejects(enter('e'), /full/);
    assert.deepEqual(entered, ['a', 'b']);
    first();
    const third_ = await third;
    assert.deepEqual(entered, ['a', 'b', 'c']);
    second();
    const fourth_ = await fourth;
    third_();
    fourth_();
    (await enter('f'))();
    assert.deepEqual(entered, ['a', 'b', 'c', 'd', 'f']);
  });
});

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { dividedBody, listBody, type LongBody } from '../../../src/http/long-body.js';

/** All of a body, and the length of its longest piece behind the first chunk. */
function read(body: LongBody): { text: string; longest: number } {
  const all = [...body.first.buffers];
  let longest = 0;
  for (let next = body.pieces.next(); next.done !== true; next = body.pieces.next()) {
    const piece = next.value ?? Buffer.alloc(0);
    longest = Math.max(longest, piece.length);
    all.push(piece);
  }
  return { text: Buffer.concat(all).toString('latin1'), longest };
}

describe('a body that is made while it is sent', () => {
  const frame = ['{"items":[', ', ', ']}'] as const;
  const uuids = Array.from({ length: 60_000 }, () => randomUUID());

  it('has all items of a list, a short one at once and a long one in pieces', () => {
    for (const count of [0, 1, 500]) {
      const body = listBody(frame, uuids.slice(0, count), (uuid) => `"${uuid}"`, 1);
      assert.ok(!('pieces' in body), 'it is made at once');
      const text = Buffer.concat(body).toString('latin1');
      assert.equal(text, JSON.stringify({ items: uuids.slice(0, count) }).replaceAll(',', ', '));
    }
    const long = listBody(frame, uuids, (uuid, index) => `"${index} ${uuid}"`, 10);
    assert.ok('pieces' in long, 'it is made in pieces');
    const { text, longest } = read(long);
    assert.deepEqual(JSON.parse(text), { items: uuids.map((uuid, index) => `${index} ${uuid}`) });
    assert.ok(longest <= 128 * 1024, `${longest} bytes at once`);
  });

  it('takes items of any length, as texts and as bytes', () => {
    const lengths = [0, 1, 8190, 8192, 8193, 40_000, 200_000, 3];
    const items = lengths.map((length, index) => String(index % 10).repeat(length));
    for (const render of [(item: string): string => item, (item: string): Buffer => Buffer.from(item)]) {
      const body = listBody(['[', ',', ']'], items, render, 10);
      assert.ok(!('pieces' in body));
      assert.ok(Buffer.concat(body).toString('latin1') === `[${items.join(',')}]`);
    }
  });

  it('is a large text in pieces, too', () => {
    const whole = JSON.stringify(uuids);
    const divided = dividedBody(whole);
    assert.ok(divided.first.size <= 256 * 1024);
    const { text, longest } = read(divided);
    assert.ok(text === whole);
    assert.ok(longest <= 256 * 1024);
  });
});

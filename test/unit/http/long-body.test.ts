import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { dividedBody, listBody, type LongBody } from '../../../src/http/long-body.js';

/** All of a body, and the length of its longest piece. */
function read(body: LongBody): { text: string; longest: number } {
  const all = [body.first.bytes];
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

  it('has all items of a list, a short one in one text and a long one in pieces', () => {
    for (const count of [0, 1, 500]) {
      const text = listBody(frame, uuids.slice(0, count), (uuid) => `"${uuid}"`, 10);
      assert.equal(text, JSON.stringify({ items: uuids.slice(0, count) }).replaceAll(',', ', '));
    }
    const long = listBody(frame, uuids, (uuid, index) => `"${index} ${uuid}"`, 10);
    assert.ok(typeof long === 'object' && 'pieces' in long, 'it is made in pieces');
    const { text, longest } = read(long);
    assert.deepEqual(JSON.parse(text), { items: uuids.map((uuid, index) => `${index} ${uuid}`) });
    assert.ok(longest < 70_000, `${longest} bytes at once`);
  });

  it('is a large text in pieces, too', () => {
    const whole = JSON.stringify(uuids);
    for (const body of [whole, Buffer.from(whole)]) {
      const divided = dividedBody(body);
      assert.ok(divided.first.bytes.length <= 256 * 1024);
      const { text, longest } = read(divided);
      assert.ok(text === whole);
      assert.ok(longest <= 256 * 1024);
    }
  });
});

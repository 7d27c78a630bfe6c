import assert from 'node:assert/strict';
import { textOf } from '../../../src/http/decode-text.js';

describe('the text of a body', () => {
  it('is that of UTF-8, small or in pieces, with characters across their borders', async () => {
    for (const count of [1, 300_000]) {
      for (const one of ['a', 'é', '€', '😀', 'a€😀é']) {
        const text = one.repeat(count);
        for (const before of ['', 'x', 'xy']) {
          assert.ok((await textOf(Buffer.from(before + text))) === before + text, `${count} times ${one}`);
          assert.ok((await textOf(Buffer.from(`\ufeff${before}${text}`))) === before + text, 'a byte order mark');
        }
      }
    }
  });

  it('is rejected when it is not UTF-8, wherever', async () => {
    const euros = Buffer.from('€'.repeat(300_000));
    for (const bytes of [
      Buffer.from([0xff]),
      Buffer.from([0x61, 0xe2, 0x82]),
      euros.subarray(0, -1),
      euros.subarray(1),
    ])
      await assert.rejects(async () => textOf(bytes), { status: 400 });
    const middle = Buffer.from(euros);
    middle[500_000] = 0xff;
    await assert.rejects(async () => textOf(middle), { status: 400 });
  });
});

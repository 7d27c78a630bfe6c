import assert from 'node:assert/strict';
import { sizeText } from '../../src/size-text.js';

describe('A size for people', () => {
  const SIZES: readonly [bytes: number, text: string][] = [
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1000, '1.0 kB'],
    [999_949, '999.9 kB'],
    [999_960, '1.0 MB'],
    [1_234_567, '1.2 MB'],
    [999_999_999, '1.0 GB'],
    [999_960_000_000, '1.0 TB'],
    [1_500_000_000_000_000, '1500.0 TB'],
  ];
  for (const [bytes, text] of SIZES) {
    it(`of ${bytes} bytes is ${text}`, () => {
      assert.equal(sizeText(bytes), text);
    });
  }
});

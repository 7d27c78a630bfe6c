import assert from 'node:assert/strict';
import fc from 'fast-check';
import { acceptedQuality } from '../../../src/http/accept.js';

const TYPES = ['application/json', 'application/*', '*/*', 'text/html', 'text/*'];
const WEIGHTS = ['', '0', '0.001', '0.5', '1', '1.000'];
const blank = fc.constantFrom('', ' ', '\t');
const ranges = fc.array(fc.record({ type: fc.constantFrom(...TYPES), weight: fc.constantFrom(...WEIGHTS), blank }), {
  maxLength: 5,
});

/** RFC 9110, 12.5.1: the most specific range that matches decides; of several alike, the one that wants most. */
function expected(wanted: readonly { type: string; weight: string }[], mediaType: string): number {
  const matching = [mediaType, mediaType.replace(/\/.*/, '/*'), '*/*'].map((type) =>
    wanted.filter((range) => range.type === type).map(({ weight }) => (weight === '' ? 1 : Number(weight))),
  );
  return Math.max(...(matching.find((weights) => weights.length > 0) ?? [0]));
}

describe('an Accept header', () => {
  it('is read as RFC 9110 says, in any spelling', () => {
    fc.assert(
      fc.property(ranges, fc.constantFrom('application/json', 'text/html'), fc.boolean(), (wanted, type, isUpper) => {
        fc.pre(wanted.length > 0);
        const text = wanted
          .map(({ type: range, weight, blank: gap }) => range + (weight === '' ? '' : `${gap};${gap}q=${weight}`))
          .join(' ,');
        assert.equal(acceptedQuality(isUpper ? text.toUpperCase() : text, type), expected(wanted, type), text);
      }),
    );
  });

  it('that is absent, empty or malformed wants everything', () => {
    for (const header of [
      undefined,
      '',
      'json',
      'application',
      '*/json',
      'a/b;q=2',
      'a/b;q=0.0001',
      'a/b;q=x',
      'a/b c/d',
      ';',
    ]) {
      assert.equal(acceptedQuality(header, 'application/json'), 1, header);
    }
  });

  it('is read whatever is in it, and the result is a weight', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
        const quality = acceptedQuality(text, 'application/json');
        assert.ok(quality >= 0 && quality <= 1, `${quality}`);
      }),
    );
  });

  it('of a type with parameters is about another type', () => {
    assert.equal(acceptedQuality('application/json;version=2', 'application/json'), 0);
    assert.equal(acceptedQuality('application/json;version=2;q=1, */*;q=0.5', 'application/json'), 0.5);
  });
});

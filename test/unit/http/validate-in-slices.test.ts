import assert from 'node:assert/strict';
import fc from 'fast-check';
import { bodyValidator, normalizeUuid, validateInSlices } from '../../../src/http/validate.js';
import { assertWork } from '../../support/patience.js';

const names = { type: 'array', uniqueItems: true, items: { type: 'string', pattern: '^[a-z]+\\d*$' } };
const listed = bodyValidator<unknown>({
  type: 'object',
  required: ['generation', 'names'],
  additionalProperties: false,
  properties: { generation: { type: 'integer' }, names },
});
const keyed = bodyValidator<unknown>({
  type: 'object',
  minProperties: 1,
  additionalProperties: false,
  patternProperties: { '^k\\d+$': { type: 'object', required: ['a'], properties: { a: { type: 'integer' } } } },
});

async function outcome(check: () => unknown): Promise<string> {
  try {
    await check();
    return 'valid';
  } catch (error) {
    // The value as a whole is not shown in chunks.
    return (error as Error).message.split('On instance')[0]?.replace(/^.*(?=has non-unique elements)/s, '') ?? '';
  }
}

describe('validating a large body in slices', () => {
  it('comes to the same result as in one go, with the first error in the same words', async () => {
    const faults = fc.constantFrom('none', 'name', 'twice', 'type', 'member', 'missing');
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 490, max: 2600 }), fc.nat(489), faults, async (size, at, fault) => {
        const list: unknown[] = Array.from({ length: size }, (_, index) => `name${index}`);
        if (fault === 'name') list[at] = 'NO';
        if (fault === 'type') list[at] = 7;
        if (fault === 'twice') list[size - 1] = `name${at}`;
        const body = {
          names: list,
          ...(fault === 'missing' ? {} : { generation: 1 }),
          ...(fault === 'member' ? { other: 1 } : {}),
        };
        assert.equal(await outcome(() => validateInSlices(listed, body)), await outcome(() => listed(body)));
        const members = Object.fromEntries(list.map((_, index) => [`k${index}`, { a: index }]));
        if (fault === 'type') Object.assign(members, { [`k${at}`]: { a: 'x' } });
        if (fault === 'missing') Object.assign(members, { [`k${at}`]: {} });
        assert.equal(await outcome(() => validateInSlices(keyed, members)), await outcome(() => keyed(members)));
      }),
      { numRuns: 60 },
    );
  });

  it('gives the value itself back, at once where it is small', async () => {
    const small = { generation: 1, names: ['a'] };
    assert.equal(validateInSlices(listed, small), small);
    const large = { generation: 1, names: Array.from({ length: 2000 }, (_, index) => `n${index}`) };
    assert.equal(await validateInSlices(listed, large), large);
    assert.throws(() => validateInSlices(listed, null), { status: 400 });
    assert.throws(() => validateInSlices(listed, []), { status: 400 });
  });
});

describe('the spellings of a uuid', () => {
  it('are found in time that grows with the text, whatever is in it', () => {
    const began = process.cpuUsage();
    for (const text of [
      `a${'{'.repeat(1_000_000)}a`,
      '}'.repeat(1_000_000),
      'urn:'.repeat(300_000),
      '-'.repeat(1_000_000),
    ]) {
      assert.equal(normalizeUuid(text), undefined);
    }
    // Quadratic work on the first of them takes minutes.
    assertWork(5000, began);
    const digits = '0123456789abcdef0123456789ABCDEF';
    const dashed = '01234567-89ab-cdef-0123-456789abcdef';
    for (const spelling of [
      digits,
      `{${digits}}`,
      `}}{${digits}{`,
      `urn:uuid:${digits}`,
      `{urn:${dashed}`,
      `-${dashed}-`,
    ])
      assert.equal(normalizeUuid(spelling), dashed, spelling);
    for (const other of [`${digits}0`, `0${digits}`, `01234{567}89abcdef0123456789ABCDEF`, ''])
      assert.equal(normalizeUuid(other), undefined, other);
  });
});

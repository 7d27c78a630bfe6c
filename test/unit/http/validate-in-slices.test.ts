import assert from 'node:assert/strict';
import fc from 'fast-check';
import { chunksOf } from '../../../src/http/json-chunks.js';
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

describe('the chunks of a large value', () => {
  const map = (length: number, member: (index: number) => unknown): object =>
    Object.fromEntries(Array.from({ length }, (_, index) => [`k${index}`, member(index)]));
  const weightOf = (value: unknown): number =>
    typeof value === 'object' && value !== null
      ? Object.values(value).reduce<number>((sum, one) => sum + weightOf(one), 1)
      : 1;

  /** Each member at its place; items of lists have none. */
  function leavesOf(value: unknown, path = ''): string[] {
    if (typeof value !== 'object' || value === null) return [`${path}=${String(value)}`];
    return Object.entries(value).flatMap(([name, one]) =>
      leavesOf(one, `${path}/${Array.isArray(value) ? '*' : name}`),
    );
  }

  it('have all that is in it, each of them little, and together not much more', () => {
    const leaf = fc.integer({ min: 0, max: 9 });
    const wide = fc.integer({ min: 0, max: 3000 });
    const value = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        leaf,
        fc.tuple(wide, leaf).map(([length, one]) => Array.from({ length }, (_, index) => index + one)),
        fc.tuple(wide, tie('value')).map(([length, one]) => (weightOf(one) > 3 ? { one } : map(length, () => one))),
        fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { maxKeys: 3 }),
        fc.array(tie('value'), { maxLength: 4 }),
      ),
    })).value;
    fc.assert(
      fc.property(value, (one) => {
        const chunks = [...chunksOf(one)];
        const found = new Set(chunks.flatMap((chunk) => leavesOf(chunk)));
        assert.deepEqual(new Set(leavesOf(one)), found);
        const [weight, all] = [weightOf(one), chunks.reduce<number>((sum, chunk) => sum + weightOf(chunk), 0)];
        assert.ok(all <= 4 * weight + 100, `${all} for ${weight}`);
      }),
      { numRuns: 100 },
    );
  });

  it('are few where several members are large, and little where one is far down', () => {
    const reshaper = { inventories: map(20_000, () => ({ a: 1 })), allocations: map(20_000, () => ({ a: 1 })) };
    assert.ok([...chunksOf(reshaper)].length < 100);
    for (const deep of [
      { k1: { allocations: map(20_000, () => ({ a: 1 })), user: 'u' } },
      map(499, () => ({ allocations: map(130, () => ({ a: 1 })), user: 'u' })),
    ]) {
      const heaviest = Math.max(...Array.from(chunksOf(deep), weightOf));
      assert.ok(heaviest < 5000, `${heaviest} at once`);
    }
  });

  it('are those of a value that is nested as deep as a small text can be', () => {
    const nested: unknown = JSON.parse(`${'['.repeat(30_000)}${']'.repeat(30_000)}`);
    assert.equal([...chunksOf({ a: nested })].length, 1);
  });
});

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseMemberOf, parseRequired, parseResources } from '../../../src/http/grammar.js';
import { parseQuery } from '../../../src/http/query.js';
import { negotiate, type Version } from '../../../src/http/microversions.js';

const names = fc.stringMatching(/^[A-Z][A-Z0-9_]{0,8}$/);
const versionOf = (minor: number): Version => negotiate(`placement 1.${minor}`);
const NEWEST = versionOf(39);
const REJECTED = { status: 400 };

/** What a parser makes of a text: its result, or 400. Any other exception fails the test. */
function resultOrRejection<T>(parse: () => T): T | 400 {
  try {
    return parse();
  } catch (error) {
    assert.equal((error as { status?: number }).status, 400, String(error));
    return 400;
  }
}

describe('the grammar of resources', () => {
  it('returns what was written, the last amount of a class that is written twice', () => {
    const amounts = fc.array(fc.tuple(names, fc.integer({ min: 1, max: 2 ** 31 - 1 })), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(amounts, (pairs) => {
        const text = pairs.map(([name, amount]) => `${name}:${amount}`).join(',');
        assert.deepEqual(parseResources(text), new Map(pairs));
      }),
    );
  });

  it('takes what int() of Python takes', () => {
    for (const [text, amount] of [
      ['+2', 2],
      [' 2 ', 2],
      ['1_000', 1000],
      ['007', 7],
    ] as const) {
      assert.deepEqual(parseResources(`A:${text}`), new Map([['A', amount]]));
    }
    for (const text of ['', ' ', '0', '-1', '1.0', '1e3', '0x1', '1__0', '_1', '1_', 'x', '1:2']) {
      assert.throws(() => parseResources(`A:${text}`), REJECTED, text);
    }
  });

  it('returns positive integers or 400, whatever is written', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('A', 'B', ':', ',', '1', '0', '-', '_', ' ', '.') }), (text) => {
        const resources = resultOrRejection(() => parseResources(text));
        if (resources === 400) return;
        assert.ok(resources.size > 0);
        for (const amount of resources.values()) assert.ok(Number.isInteger(amount) && amount >= 1);
      }),
    );
  });
});

describe('the grammar of required', () => {
  const filters = fc.array(
    fc.oneof(
      fc.record({ any: fc.array(names, { minLength: 1, maxLength: 3 }) }),
      fc.record({ all: fc.array(fc.tuple(fc.constantFrom('', '!', '!!'), names), { minLength: 1, maxLength: 4 }) }),
    ),
    { minLength: 1, maxLength: 4 },
  );

  it('returns what was written', () => {
    fc.assert(
      fc.property(filters, (written) => {
        const values = written.map((value) =>
          'any' in value ? `in:${value.any.join()}` : value.all.map((item) => item.join('')).join(),
        );
        const { required, forbidden } = parseRequired(values, NEWEST);
        const plain = (value: (typeof written)[number]): string[][] =>
          'any' in value ? [value.any] : value.all.flatMap(([mark, name]) => (mark === '' ? [[name]] : []));
        assert.deepEqual(required, written.flatMap(plain));
        const rejected = written.flatMap((value) =>
          'any' in value ? [] : value.all.flatMap(([mark, name]) => (mark === '' ? [] : [name])),
        );
        assert.deepEqual(new Set(forbidden), new Set(rejected));
      }),
    );
  });

  it('is narrower before 1.22 (no !) and before 1.39 (no in:, the last value counts)', () => {
    assert.throws(() => parseRequired(['!A'], versionOf(21)), REJECTED);
    assert.deepEqual(parseRequired(['!A'], versionOf(22)), { required: [], forbidden: ['A'] });
    assert.throws(() => parseRequired(['in:A,B'], versionOf(38)), REJECTED);
    assert.deepEqual(parseRequired(['A', 'B'], versionOf(38)), { required: [['B']], forbidden: [] });
    assert.deepEqual(parseRequired(['A', 'B'], NEWEST), { required: [['A'], ['B']], forbidden: [] });
  });

  it('rejects empty names and ! among alternatives', () => {
    for (const value of ['', ',', 'A,', '!', '!!', 'in:', 'in:A,', 'in:!A', 'in:A,!B']) {
      assert.throws(() => parseRequired([value], NEWEST), REJECTED, value);
    }
  });
});

describe('the grammar of member_of', () => {
  const values = fc.array(
    fc.record({
      mark: fc.constantFrom('', '!'),
      isSet: fc.boolean(),
      uuids: fc.array(fc.uuid(), { minLength: 1, maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 4 },
  );

  it('returns what was written, or rejects a list without in:', () => {
    fc.assert(
      fc.property(values, (written) => {
        const texts = written.map(({ mark, isSet, uuids }) => `${mark}${isSet ? 'in:' : ''}${uuids.join()}`);
        const filter = resultOrRejection(() => parseMemberOf(texts, NEWEST));
        if (written.some(({ isSet, uuids }) => !isSet && uuids.length > 1)) {
          assert.equal(filter, 400);
          return;
        }
        assert.deepEqual(filter, {
          memberOf: written.filter(({ mark }) => mark === '').map(({ uuids }) => uuids),
          forbidden: written.filter(({ mark }) => mark === '!').flatMap(({ uuids }) => uuids),
        });
      }),
    );
  });

  it('is narrower before 1.24 (once) and before 1.32 (no !)', () => {
    const [one, other] = ['a1000000-0000-4000-8000-000000000001', 'a2000000-0000-4000-8000-000000000001'] as const;
    assert.throws(() => parseMemberOf([one, other], versionOf(23)), REJECTED);
    assert.deepEqual(parseMemberOf([one, other], versionOf(24)).memberOf, [[one], [other]]);
    assert.throws(() => parseMemberOf([`!${one}`], versionOf(31)), REJECTED);
    assert.deepEqual(parseMemberOf([`!in:${one},${other}`], versionOf(32)).forbidden, [one, other]);
  });
});

describe('a query string', () => {
  it('returns the values of each name in their order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })), { maxLength: 6 }),
        (pairs) => {
          const query = parseQuery(new URLSearchParams(pairs).toString());
          for (const name of new Set(pairs.map(([one]) => one))) {
            assert.deepEqual(
              query.get(name),
              pairs.filter(([one]) => one === name).map(([, value]) => value),
            );
          }
        },
      ),
    );
  });

  it('that is not UTF-8 is 400, and a stray % stands for itself', () => {
    assert.throws(() => parseQuery('a=%ff'), REJECTED);
    assert.deepEqual(
      parseQuery('a=100%&b=%zz'),
      new Map([
        ['a', ['100%']],
        ['b', ['%zz']],
      ]),
    );
  });
});

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseJson, parseJsonOfDatabase } from '../../../src/http/parse-json.js';

/** Longer than what is parsed at once. */
const LONG = 70_000;

describe('parsing a body', () => {
  it('gives what JSON.parse gives, for any value, small or large, with any blanks', async () => {
    const blank = fc.constantFrom('', ' ', '\n\t', '\r\n  ');
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 4 }), blank, fc.boolean(), async (value, space, indented) => {
        const text = JSON.stringify(value, null, indented ? 2 : 0);
        const long = `${space}[${space}${Array.from({ length: Math.ceil(LONG / (text.length + 1)) }, () => text).join(`${space},`)}${space}]${space}`;
        assert.deepEqual(await parseJson(text), JSON.parse(text));
        assert.deepEqual(await parseJson(long), JSON.parse(long));
        const nested = `{"a":${long},"b":${space}{"__proto__":${text}, "long":"${'\\"x'.repeat(LONG / 3)}", "c":{"d":${long}}},"a":${text}}`;
        assert.deepEqual(await parseJson(nested), JSON.parse(nested));
      }),
      { numRuns: 60 },
    );
  });

  it('rejects what JSON.parse rejects: a text with one character removed, added or changed', async () => {
    const value = {
      list: Array.from({ length: 4000 }, (_, index) => ({ index, text: 'a"\\\u00e9', more: [null, true, -1.5e3] })),
    };
    const text = JSON.stringify(value);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(text.length - 1),
        fc.constantFrom('', ',', '"', '}', ']', '{', '\\', 'x', '\u000b'),
        async (at, by) => {
          for (const changed of [
            text.slice(0, at) + by + text.slice(at + 1),
            text.slice(0, at) + by + text.slice(at),
          ]) {
            let expected: unknown;
            try {
              expected = JSON.parse(changed);
            } catch {
              await assert.rejects(parseJson(changed), { status: 400 });
              continue;
            }
            assert.deepEqual(await parseJson(changed), expected);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('bounds nesting, members and values, and takes what is empty and long', async () => {
    await assert.rejects(parseJson('['.repeat(5_000_000) + ']'.repeat(5_000_000)), /nested more than 64 levels/);
    await assert.rejects(parseJson('['.repeat(5_000_000)), /nested more than 64 levels/);
    const many = `{${Array.from({ length: 100_001 }, (_, index) => `"${index}":1`).join()}}`;
    await assert.rejects(parseJson(many), /more than 100000 members/);
    await assert.rejects(parseJson(`[${'{},'.repeat(1_000_001)}{}]`), /more than 1000000 values/);
    assert.deepEqual(await parseJson(`[${' '.repeat(LONG)}]`), []);
    assert.deepEqual(await parseJson(`{${' '.repeat(LONG)}}`), {});
    assert.equal(await parseJson(`${' '.repeat(LONG)}1`), 1);
    for (const text of [' ', '[', '{', '{"a"', '{"a":', '[1', '"a', '[1,', '{"a":1,'])
      await assert.rejects(parseJson(text + ' '.repeat(LONG)), { status: 400 });
  });

  it('parses many small items with one JSON.parse', async () => {
    const { parse } = JSON;
    let calls = 0;
    JSON.parse = (...given: Parameters<typeof parse>): unknown => {
      calls++;
      return parse(...given) as unknown;
    };
    try {
      const items = await parseJson(`[${'1,'.repeat(200_000)}1]`);
      assert.equal((items as unknown[]).length, 200_001);
    } finally {
      JSON.parse = parse;
    }
    assert.ok(calls < 100, `${calls} times: each call takes as long as some hundred numbers`);
  });

  it('has no bounds for what the database has written', async () => {
    const text = `[${'1,'.repeat(1_000_001)}1]`;
    await assert.rejects(parseJson(text), /more than 1000000 values/);
    assert.equal(((await parseJsonOfDatabase(text)) as unknown[]).length, 1_000_002);
  });
});

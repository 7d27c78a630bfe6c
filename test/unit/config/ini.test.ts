import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ConfigError } from '../../../src/config/error.js';
import { parseIni } from '../../../src/config/ini.js';

const entries = (text: string) =>
  parseIni(text, 'f').map(({ section, name, value, line }) => [section, name, value, line]);

describe('the INI of oslo.config', () => {
  it('has sections, both separators, quotes, and comments on lines of their own', () => {
    const text = '\uFEFF# c\n; c\n[default]\na = 1\nb: "two = 2"\r\nc=http://x:1/?y=z # no comment\n[Api]\nA =\n';
    assert.deepEqual(entries(text), [
      ['DEFAULT', 'a', '1', 4],
      ['DEFAULT', 'b', 'two = 2', 5],
      ['DEFAULT', 'c', 'http://x:1/?y=z # no comment', 6],
      ['api', 'A', '', 8],
    ]);
  });

  it('goes on with a value on indented lines, until an empty one', () => {
    assert.deepEqual(entries('[s]\na = 1,\n  2\n\t# 3\nb = 4\n'), [
      ['s', 'a', '1,\n2\n# 3', 2],
      ['s', 'b', '4', 5],
    ]);
  });

  it('keeps every value of a name that is repeated, and of sections that are', () => {
    assert.deepEqual(entries('[s]\na = 1\na = 2\n[t]\n[s]\na = 3'), [
      ['s', 'a', '1', 2],
      ['s', 'a', '2', 3],
      ['s', 'a', '3', 6],
    ]);
  });

  const broken: [string, RegExp][] = [
    ['a = 1', /^f:1: a stands before the first \[section\]$/],
    ['[s]\n\n  a', /^f:3: this line is indented/],
    ['[s\na = 1', /^f:1: expected the name of a section/],
    ['[]', /^f:1: expected the name of a section/],
    ['[s]\nhunter2', /^f:2: expected "name = value"/],
    ['[s]\n= hunter2', /^f:2: expected "name = value"/],
  ];
  for (const [text, message] of broken) {
    it(`rejects ${JSON.stringify(text)}, naming file and line and showing nothing of it`, () => {
      assert.throws(
        () => parseIni(text, 'f'),
        (error: Error) =>
          error instanceof ConfigError && message.test(error.message) && !error.message.includes('hunter2'),
      );
    });
  }

  it('throws nothing but that, whatever the text', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom('[', ']', '=', ':', '\n', ' ', '#', '"', '$', 'a', '\r', '[s]\n', 'a = 1\n'),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        try {
          for (const { line } of parseIni(pieces.join(''), 'f')) assert.ok(line > 0);
        } catch (error) {
          assert.ok(error instanceof ConfigError && /^f:\d+: /.test(error.message), String(error));
        }
      }),
    );
  });

  it('reads what was written', () => {
    const word = fc.stringMatching(/^[a-z_]{1,8}$/);
    const value = fc.stringMatching(/^[a-zA-Z0-9$%:=/ .,#;-]{0,20}$/).map((text) => text.trim());
    fc.assert(
      fc.property(fc.array(fc.tuple(word, word, value), { maxLength: 10 }), (rows) => {
        const text = rows.map(([section, name, one]) => `[${section}]\n${name} = ${one}\n`).join('');
        const expected = rows.map(([section, name, one]) => [section === 'default' ? 'DEFAULT' : section, name, one]);
        assert.deepEqual(
          parseIni(text, 'f').map((one) => [one.section, one.name, one.value]),
          expected,
        );
      }),
    );
  });
});

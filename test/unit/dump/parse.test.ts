import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { countRows, END_OF_ROWS, FORMAT, lineOf } from '../../../src/dump/format.js';
import { parseDump, type Part } from '../../../src/dump/parse.js';
import { DumpError } from '../../../src/dump/error.js';

/** A row as COPY writes it: a backslash and what would end a line are escaped. */
const row = fc
  .string({ unit: fc.constantFrom('a', '\\\\', '.', '\\n', '\t', 'ü', '{"sha256"') })
  .map((text) => `${text}\n`);
const table = fc.record({ name: fc.constantFrom('traits', 'users'), rows: fc.array(row, { maxLength: 5 }) });

describe('a dump', () => {
  it('is read however its bytes arrive', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(table, { maxLength: 4 }),
        fc.array(fc.integer({ min: 1, max: 40 })),
        async (tables, cuts) => {
          const parts = await collect(inPieces(dumpOf(tables), cuts));
          assert.equal(parts[0]?.kind, 'header');
          assert.equal(parts.at(-1)?.kind, 'trailer');
          const read: { name: string; rows: string }[] = [];
          for (const part of parts) {
            if (part.kind === 'section') read.push({ name: part.section.table, rows: '' });
            else if (part.kind === 'rows') read.at(-1)!.rows += part.bytes.toString('latin1');
          }
          const expected = tables.map(({ name, rows }) => ({
            name,
            rows: Buffer.from(rows.join('')).toString('latin1'),
          }));
          assert.deepEqual(read, expected);
          const counted = parts.map((part) => (part.kind === 'rows' ? countRows(part.bytes) : 0));
          assert.equal(
            counted.reduce((sum, count) => sum + count, 0),
            tables.reduce((sum, { rows }) => sum + rows.length, 0),
          );
        },
      ),
    );
  });

  it('is rejected when a piece of it is missing, wherever it was cut', async () => {
    const whole = dumpOf([{ name: 'traits', rows: ['1\tA\n', '2\tB\n'] }]);
    for (let end = 0; end < whole.length - 1; end++)
      await assert.rejects(collect(inPieces(whole.subarray(0, end), [])), DumpError, `${end}`);
  });

  it('is rejected when a bit of it is another one', async () => {
    const whole = dumpOf([{ name: 'traits', rows: ['1\tA\n', '2\tB\n'] }]);
    const rows = whole.indexOf('1\tA');
    for (let at = 0; at < whole.indexOf('{"rows"'); at++) {
      const changed = Buffer.from(whole);
      changed[at]! ^= 1;
      await assert.rejects(collect(inPieces(changed, [])), DumpError, `${at}, rows begin at ${rows}`);
    }
  });
});

function dumpOf(tables: readonly { name: string; rows: readonly string[] }[]): Buffer {
  const header = {
    format: FORMAT,
    made_at: '',
    made_by: '',
    server: '',
    migrations: [],
    history: null,
    history_days: [],
  };
  const body = Buffer.concat([
    lineOf({ ...header, format: FORMAT }),
    ...tables.flatMap(({ name, rows }) => [
      lineOf({ table: name, columns: ['id', 'name'] }),
      Buffer.from(rows.join('') + END_OF_ROWS),
    ]),
  ]);
  return Buffer.concat([
    body,
    lineOf({ rows: {}, sequences: [], sha256: createHash('sha256').update(body).digest('hex') }),
  ]);
}

async function* inPieces(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  let from = 0;
  for (const cut of cuts) {
    yield await Promise.resolve(bytes.subarray(from, from + cut));
    from += cut;
  }
  yield bytes.subarray(from);
}

async function collect(source: AsyncIterable<Buffer>): Promise<Part[]> {
  const parts: Part[] = [];
  for await (const part of parseDump(source)) parts.push(part);
  return parts;
}

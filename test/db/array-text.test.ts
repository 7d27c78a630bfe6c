import assert from 'node:assert/strict';
import fc from 'fast-check';
import type pg from 'pg';
import { arrayTexts } from '../../src/db/array-text.js';
import { connect, createEmptyDatabase } from '../support/database.js';

describe('a large array as a parameter', () => {
  let client: pg.Client;
  before(async () => {
    client = await connect(await createEmptyDatabase());
  });
  after(() => client.end());

  it('reaches PostgreSQL item by item, whatever the texts are', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 8 }).filter((one) => !one.includes('\0'));
    const item = fc.oneof(text, fc.constantFrom(null, 'NULL', '', '"', '\\', '{', '}', ',', ' a ', '\n'));
    await fc.assert(
      fc.asyncProperty(fc.array(item, { minLength: 1, maxLength: 40 }), async (some) => {
        const items = Array.from({ length: 1001 }, (_, index) => some[index % some.length]);
        const [column] = await arrayTexts([items]);
        assert.equal(typeof column, 'string');
        const { rows } = await client.query<{ back: unknown }>('select to_jsonb($1::text[]) as back', [column]);
        assert.deepEqual(rows[0]?.back, items);
      }),
      { numRuns: 50 },
    );
    const numbers = Array.from({ length: 1500 }, (_, index) => (index % 7 === 0 ? undefined : index - 700));
    const [column] = await arrayTexts([numbers]);
    const { rows } = await client.query<{ sum: number }>('select sum(n)::int from unnest($1::int[]) n', [column]);
    assert.equal(
      rows[0]?.sum,
      numbers.reduce<number>((sum, one) => sum + (one ?? 0), 0),
    );
  });
});

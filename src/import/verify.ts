import type pg from 'pg';
import { COMPARISONS, type Comparison } from './compare.sql.js';

/** An object of the target that differs from the source and the rules. */
export interface Difference {
  readonly kind: string;
  readonly key: string;
  /** Null when the object should not exist. `actual` is null when the target lacks the object. */
  readonly expected: Readonly<Record<string, unknown>> | null;
  readonly actual: Readonly<Record<string, unknown>> | null;
}

const PER_FETCH = 1000;

/** Compares every object and every field. Calls `tell` for each difference. Returns the number of compared objects, by kind. */
export async function compare(
  client: pg.ClientBase,
  tell: (difference: Difference) => void,
): Promise<Record<string, number>> {
  const compared: Record<string, number> = {};
  for (const comparison of COMPARISONS) {
    await client.query(`create temporary table comparison as ${comparison.expected}`);
    await client.query('analyze comparison');
    const { rows } = await client.query<{ count: string }>('select count(*) from comparison');
    compared[comparison.kind] = Number(rows[0]?.count);
    await client.query(`declare differences no scroll cursor for ${differencesSql(comparison)}`);
    for (let more = true; more;) {
      const page = await client.query<Omit<Difference, 'kind'>>(`fetch ${PER_FETCH} from differences`);
      for (const row of page.rows) tell({ kind: comparison.kind, ...row });
      more = page.rows.length === PER_FETCH;
    }
    await client.query('close differences');
    await client.query('drop table comparison');
  }
  return compared;
}

/** A time that is expected to be null matches any time. */
function differencesSql({ actual }: Comparison): string {
  return `
    select coalesce(e.key, a.key) as key, e.fields as expected, a.fields as actual
    from comparison e full join (${actual}) a on a.key = e.key
    where (e.fields - case when e.fields -> 'created_at' = 'null' then 'created_at' else '' end)
      is distinct from (a.fields - case when e.fields -> 'created_at' = 'null' then 'created_at' else '' end)
    order by coalesce(e.key, a.key) collate "C"`;
}

/** One line that names the object and each field that differs. */
export function differenceText({ kind, key, expected, actual }: Difference): string {
  if (actual === null) return `${kind} ${key} is missing`;
  if (expected === null) return `${kind} ${key} is not in the source`;
  const fields = Object.keys(expected).filter(
    (name) => JSON.stringify(expected[name]) !== JSON.stringify(actual[name]),
  );
  const each = fields.map(
    (name) => `${name} is ${JSON.stringify(actual[name])} instead of ${JSON.stringify(expected[name])}`,
  );
  return `${kind} ${key}: ${each.join(', ')}`;
}

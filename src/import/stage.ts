import type pg from 'pg';
import { reasonOf } from '../db/failures.js';
import type { FindingKind } from './findings.js';
import { ImportError } from './error.js';
import type { Revision } from './revision.js';
import type { Source, DatabaseText } from './source.js';
import { isThere, SOURCE_TABLES, type SourceTable } from './tables.js';

/** Called after each page of rows. */
export type StageProgress = (table: string, rows: number, done: boolean) => void;

/**
 * Copies the source into temporary tables `source_<table>` of the session of the import, a page at a time, and writes problems of single
 * values into `findings`. So the rules are SQL, and the memory does not grow with the cloud.
 */
export async function stage(
  source: Source,
  revision: Revision,
  client: pg.ClientBase,
  progress: StageProgress,
): Promise<void> {
  await client.query("set timezone = 'UTC'");
  // Only this session needs the memory, so that PostgreSQL joins a million rows in memory instead of on disk.
  await client.query("set work_mem = '64MB'");
  await client.query(
    'create temporary table findings (number bigint generated always as identity, kind text, subject text, detail text)',
  );
  for (const table of SOURCE_TABLES) {
    await client.query(definition(table, revision));
    let rows = 0;
    if (isThere(table.name, revision)) {
      const columns = Object.keys(table.columns).filter((column) => isThere(`${table.name}.${column}`, revision));
      for await (const page of readable(source.pages(`select ${columns.join(', ')} from ${table.name}`), table.name)) {
        await insert(client, table, columns, page);
        rows += page.length;
        progress(table.name, rows, false);
      }
    }
    // Autovacuum does not analyse temporary tables, and the planner needs their sizes for the joins.
    await client.query(`analyze source_${table.name}`);
    progress(table.name, rows, true);
  }
}

/** Throws an ImportError for a failure of the source, because failures of source and target have different messages. */
async function* readable<Page>(pages: AsyncIterable<Page>, table: string): AsyncIterable<Page> {
  try {
    yield* pages;
  } catch (error) {
    throw new ImportError(
      `${table} of the database to import from cannot be read: ${reasonOf(error)}. Nothing was written.`,
      {
        cause: error,
      },
    );
  }
}

function definition({ name, columns, key }: SourceTable, { caseInsensitive }: Revision): string {
  const all = Object.entries(columns).map(([column, type]) => `${column} ${type === 'time' ? 'timestamptz' : type}`);
  if (key !== undefined) {
    all.push(`${key}_key text generated always as (${caseInsensitive ? `lower(${key})` : key}) stored`);
  }
  return `create temporary table source_${name} (${all.join(', ')})`;
}

async function insert(
  client: pg.ClientBase,
  table: SourceTable,
  columns: readonly string[],
  page: readonly (readonly DatabaseText[])[],
): Promise<void> {
  const found: { kind: FindingKind; subject: string; detail: string }[] = [];
  const label = Math.max(0, columns.indexOf(table.label));
  const values = columns.map((column, index) => {
    const usable = usableOf(table.columns[column]);
    return page.map((row) => {
      const text = row[index] ?? null;
      const problem = text === null ? null : usable(text);
      if (problem === null) return text;
      found.push({ kind: problem.kind, subject: `${table.name} ${row[label] ?? ''}`, detail: column });
      return problem.instead;
    });
  });
  const casts = columns.map((column) => {
    const type = table.columns[column];
    return type === 'time' ? `(${column}::timestamp at time zone 'UTC')` : `${column}::${type ?? 'text'}`;
  });
  await client.query({
    name: `stage ${table.name}`,
    text: `insert into source_${table.name} (${columns.join(', ')}) select ${casts.join(', ')}
           from unnest(${columns.map((_, index) => `$${index + 1}::text[]`).join(', ')}) as page (${columns.join(', ')})`,
    values,
  });
  if (found.length > 0) {
    await client.query(
      'insert into findings (kind, subject, detail) select kind, subject, detail from json_to_recordset($1) as f (kind text, subject text, detail text)',
      [JSON.stringify(found)],
    );
  }
}

type TextTest = (text: string) => { kind: FindingKind; instead: DatabaseText } | null;

/** Returns a function that finds a value that PostgreSQL cannot store, and its replacement. */
function usableOf(type: SourceTable['columns'][string] | undefined): TextTest {
  if (type === 'time') return (text) => (/^0000|-00/.test(text) ? { kind: 'zero_date', instead: null } : null);
  if (type !== 'text') return () => null;
  return (text) => (text.includes('\0') ? { kind: 'nul_character', instead: text.replaceAll('\0', '\uFFFD') } : null);
}

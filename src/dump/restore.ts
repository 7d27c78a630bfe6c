import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { isLockTimeout } from '../db/failures.js';
import { BEGIN } from '../db/session.js';
import { BEGIN_HISTORY, MARK_OF_NOW } from '../history/marks.sql.js';
import { countRows, type Header, type Section, type Trailer } from './format.js';
import type { Part } from './parse.js';
import { DumpError } from './error.js';
import { isHistoryOn, quoted, readTables, type Sequence, type Table } from './tables.js';

const LOCK_TIMEOUT = '5s';

/**
 * Replaces all rows of a database with those of a dump, in one transaction. The database must have the schema of the dump.
 *
 * Triggers are off, because the dump has the sums and the history that they write. PostgreSQL checks foreign keys and other
 * constraints. Running services load everything again, and the history gets a new number, so that old cursors are rejected.
 *
 * @param client without a statement timeout
 * @param progress is called with the number of rows written so far
 * @throws DumpError or an error of the driver; the transaction is rolled back then, unless the connection broke during COMMIT
 */
export async function restoreDatabase(
  client: pg.Client,
  parts: AsyncGenerator<Part>,
  progress: (rows: number) => void,
): Promise<void> {
  await client.query(BEGIN);
  try {
    await restoreInTransaction(client, parts, progress);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    if (!isLockTimeout(error)) throw error;
    throw new DumpError(
      `Something uses the database and did not finish within ${LOCK_TIMEOUT}. Stop what uses it, then restore again. The restore wrote no rows.`,
      { cause: error },
    );
  }
}

async function restoreInTransaction(
  client: pg.Client,
  parts: AsyncGenerator<Part>,
  progress: (rows: number) => void,
): Promise<void> {
  await client.query(`set local lock_timeout = '${LOCK_TIMEOUT}'`);
  const tables = await readTables(client);
  const names = tables.map(({ name }) => quoted(name)).join(', ');
  let header: Header | null = null;
  let trailer: Trailer | null = null;
  let rows = 0;
  for await (const part of parts) {
    if (part.kind === 'header') {
      header = part.header;
      await client.query(`lock table ${names} in access exclusive mode`);
      await switchHistory(client, header.history);
      for (const { name } of tables) await client.query(`alter table ${quoted(name)} disable trigger user`);
      await client.query(`truncate ${names}`);
      for (const day of header.history_days) await client.query('select history_make_partitions($1::date, 1)', [day]);
    } else if (part.kind === 'section') {
      await copyRows(client, tableOf(tables, part.section), parts, (found) => {
        progress((rows += found));
      });
    } else if (part.kind === 'trailer') trailer = part.trailer;
  }
  if (header === null || trailer === null) throw new DumpError('The dump is not whole. The restore wrote no rows.');
  for (const { name } of tables) await client.query(`alter table ${quoted(name)} enable trigger user`);
  await client.query(SET_SEQUENCES, [JSON.stringify(trailer.sequences satisfies readonly Sequence[])]);
  await client.query(NEW_EPOCH);
  await client.query('delete from topology_changes');
  if (header.history === true) {
    await client.query(MARK_OF_NOW);
    await client.query(BEGIN_HISTORY);
  }
}

/** Switches the recording of changes on or off by creating or dropping the triggers of the history. */
async function switchHistory(client: pg.Client, wanted: boolean | null): Promise<void> {
  const present = await isHistoryOn(client);
  if (wanted === null || present === wanted) return;
  await client.query(wanted ? 'select history_enable()' : 'select history_disable()');
}

/** Finds the table of a section. The statements contain names of the dump, so the database must have them. */
function tableOf(tables: readonly Table[], { table, columns }: Section): Pick<Table, 'name' | 'columns'> {
  const found = tables.find(({ name }) => name === table);
  const isSame = found?.columns.length === columns.length && columns.every((one) => found.columns.includes(one));
  if (found === undefined || !isSame) {
    throw new DumpError(
      `The table ${table} of this database has other columns than that of the dump, although both have the same migrations: its schema was ` +
        'changed by hand. Restore into a new database. The restore wrote no rows.',
    );
  }
  return { name: table, columns };
}

/** Copies the rows of one table. Reads the parts up to the end of these rows. */
async function copyRows(
  client: pg.Client,
  { name, columns }: Pick<Table, 'name' | 'columns'>,
  parts: AsyncGenerator<Part>,
  progress: (rows: number) => void,
): Promise<void> {
  async function* rows(): AsyncGenerator<Buffer> {
    for (;;) {
      const next = await parts.next();
      if (next.done === true || next.value.kind !== 'rows') return;
      const { bytes } = next.value;
      yield bytes;
      progress(countRows(bytes));
    }
  }
  const statement = `copy ${quoted(name)} (${columns.map(quoted).join(', ')}) from stdin`;
  await pipeline(Readable.from(rows()), client.query(copyFrom(statement)));
}

/** Sets the sequences, but never to a lower value, because setval is not transactional and the transaction may still fail. */
const SET_SEQUENCES = `
  select setval(to_regclass(s.name), greatest(s.last, p.last_value, 1), s.called or p.last_value is not null)
  from jsonb_to_recordset($1::jsonb) as s (name text, last bigint, called boolean)
  join pg_class c on c.oid = to_regclass(s.name) and c.relkind = 'S'
  join pg_sequences p on p.schemaname = c.relnamespace::regnamespace::text and p.sequencename = c.relname`;

/** Changes the epoch, because transaction ids of the dump have no meaning in this database, and running services must drop their copies. */
const NEW_EPOCH = `
  update topology_epoch
  set uuid = gen_random_uuid(), pruned_below = pg_snapshot_xmin(pg_current_snapshot()), mark = pg_snapshot_xmin(pg_current_snapshot()),
      marked_at = now()`;

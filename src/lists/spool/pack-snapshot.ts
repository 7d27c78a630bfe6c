import { statfs } from 'node:fs/promises';
import type pg from 'pg';
import { historyBefore } from '../../history/marks.js';
import type { SpooledList } from '../model.js';
import { createPacker } from '../pack/pack.js';
import { openSnapshot } from '../read/snapshot.js';
import { schemaText } from '../pack/schema-text.js';
import type { SpoolWork } from './messages.js';
import { listStatement } from '../read/statement.js';

export interface PackEvents {
  /** Is called with the process id of the PostgreSQL backend, as soon as it is known. */
  readonly onBackend: (pid: number) => void;
  /** Is called after each batch. The next batch is packed when it resolves. */
  readonly onProgress: (rows: number, expected: number) => Promise<void>;
}

/** The most bytes that a row of a packed list usually takes. Columns of traits may take more. */
const BYTES_A_ROW = 200;

const ONLY_PRESENT =
  'No history is recorded in this database, so this list of all versions has the present inventories only; ' +
  '"stockroom history enable" begins one.';

/**
 * Reads a list from one snapshot and packs it into parts, in a folder that exists.
 *
 * @param client a connection that no other code uses, and whose statements may take as long as `timeout`
 * @throws an error of the file system or the database; ENOSPC before anything is read when the disk may not have enough room
 */
export async function packSnapshot(
  client: pg.Client,
  { settings, source, uuid, folder, limits, timeout }: Omit<SpoolWork, 'database'>,
  { onBackend, onProgress }: PackEvents,
): Promise<SpooledList> {
  const { format } = settings.destination;
  // The cursor is read before the snapshot, so that a reader that follows the stream from there gets every change that is not in the list.
  const { isRecorded, cursor } = await historyBefore(client);
  const statement = listStatement(settings, source, isRecorded);
  const { columns } = statement;
  const snapshot = await openSnapshot(client, statement, timeout, onBackend);
  await rejectFullDisk(folder, snapshot.expected);
  const packer = createPacker({ columns, format, uuid, folder, limits });
  let rows = 0;
  const trees = { count: 0, first: null as string | null };
  let root: string | null = null;
  await onProgress(rows, snapshot.expected);
  for await (const batch of snapshot.batches()) {
    await packer.add(batch);
    rows += batch.length;
    // The rows of a tree follow each other, and names of roots are unique.
    for (const row of batch) {
      const name = row.at(-1) ?? null;
      if (name === root) continue;
      root = name;
      trees.first ??= name;
      trees.count++;
    }
    await onProgress(rows, snapshot.expected);
  }
  await snapshot.close();
  return {
    takenAt: snapshot.takenAt,
    rows,
    trees,
    parts: await packer.finish(),
    schema: schemaText(columns, format),
    ...(cursor === null ? {} : { changes: cursor }),
    warnings: settings.included_versions === 'all' && !isRecorded ? [ONLY_PRESENT] : [],
  };
}

async function rejectFullDisk(folder: string, rows: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const [free, needed] = [bavail * bsize, rows * BYTES_A_ROW];
  if (free >= needed) return;
  const message = `${folder} has ${free} bytes free; a list of ${rows} rows may need ${needed}.`;
  throw Object.assign(new Error(message), { code: 'ENOSPC' });
}

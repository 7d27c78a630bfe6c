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
  /** The process of the server that reads, as soon as it is known. */
  readonly onBackend: (pid: number) => void;
  /** Is told after each batch; the next one is packed when it resolves. */
  readonly onProgress: (rows: number, expected: number) => Promise<void>;
}

/** The usual bytes of a row of a packed list, at most; columns of traits may take more. */
const BYTES_A_ROW = 200;

const ONLY_PRESENT =
  'No history is recorded in this database, so this list of all versions has the present inventories only; ' +
  '"stockroom history enable" begins one.';

/**
 * Reads a list of one moment and packs it into parts in a folder that is there.
 *
 * @param client a connection for this alone, whose statements may take as long as `timeout` says
 * @throws the file system's or the database's error; ENOSPC, before anything is read, when there may not be enough room
 */
export async function packSnapshot(
  client: pg.Client,
  { settings, source, uuid, folder, limits, timeout }: Omit<SpoolWork, 'database'>,
  { onBackend, onProgress }: PackEvents,
): Promise<SpooledList> {
  const { format } = settings.destination;
  // From before the snapshot: a reader that follows the stream from there misses nothing that the list does not have.
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
    // A tree stands together, and names of roots are unique.
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

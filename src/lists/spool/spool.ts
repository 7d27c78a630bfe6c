import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { DatabaseOptions } from '../../db/options.js';
import { DestinationError, type JobSettings, type SpooledList } from '../model.js';
import type { PartLimits } from '../pack/pack.js';
import type { FromSpoolWorker, SpoolWork, ToSpoolWorker } from './messages.js';

export interface SpoolOptions {
  readonly database: DatabaseOptions;
  readonly settings: JobSettings;
  /** The name of this service in lists. */
  readonly source: string;
  /** The UUID of this attempt. The names of its parts begin with it. */
  readonly uuid: string;
  /** The parts are written into a folder below it, whose name is the UUID. */
  readonly spoolDir: string;
  readonly signal: AbortSignal;
  readonly onProgress?: (rows: number, expected: number) => void;
  /** Tests set other limits. */
  readonly limits?: Partial<SpoolLimits>;
}

export interface SpoolLimits {
  readonly part: PartLimits;
  /** The longest time of reading, in milliseconds. It is limited, because the snapshot holds back vacuum. */
  readonly time: number;
}

const LIMITS: SpoolLimits = { part: { rows: 1_000_000, bytes: 64 * 1024 * 1024 }, time: 10 * 60_000 };

/** The heap of the thread, in MiB. */
const HEAP = 192;
/** How long a thread has to cancel its statement, in milliseconds. */
const GOODBYE = 3000;

/** The file that the build makes. Threads of Node.js 20 do not load TypeScript, so tests from source use the compiled file as well. */
const WORKER = new URL('../../../dist/lists/spool/thread.js', import.meta.url);

/** The folder of the parts of an attempt. */
function spoolFolder(spoolDir: string, uuid: string): string {
  return path.join(spoolDir, uuid);
}

/**
 * Reads a list from one snapshot and packs it into parts on disk. The snapshot is closed when this resolves. A separate thread reads,
 * packs and writes. The caller removes the folder of the parts after their upload ({@link removeSpool}). After a failure there is no
 * such folder.
 *
 * @throws DestinationError NoSpace when the disk is full or would become full, TooSlow after ten minutes; the reason of the signal; the
 *   error of the database, with its code
 */
export async function spoolList(options: SpoolOptions): Promise<SpooledList> {
  const { settings, source, uuid, spoolDir, signal, limits = {} } = options;
  // `hosts` has functions, which Node.js cannot send to a thread. The thread makes its own `hosts`.
  const database: DatabaseOptions = Object.fromEntries(
    Object.entries(options.database).filter(([name]) => name !== 'hosts'),
  ) as unknown as DatabaseOptions;
  const { part, time } = { ...LIMITS, ...limits };
  signal.throwIfAborted();
  const folder = spoolFolder(spoolDir, uuid);
  const work: SpoolWork = {
    database,
    settings,
    source,
    uuid,
    folder,
    limits: part,
    timeout: time,
  };
  const startedAt = performance.now();
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return await onThread(work, options, AbortSignal.any([signal, AbortSignal.timeout(time)]));
  } catch (error) {
    await removeSpool(spoolDir, uuid);
    if (signal.aborted) throw signal.reason;
    throw known(error, folder, time, performance.now() - startedAt >= time);
  }
}

/** Removes the files of an attempt from the spool, if there are any. */
export async function removeSpool(spoolDir: string, uuid: string): Promise<void> {
  await rm(spoolFolder(spoolDir, uuid), { recursive: true, force: true });
}

function onThread(work: SpoolWork, { onProgress }: SpoolOptions, signal: AbortSignal): Promise<SpooledList> {
  const worker = new Worker(WORKER, { workerData: work, resourceLimits: { maxOldGenerationSizeMb: HEAP } });
  let forced: NodeJS.Timeout | undefined;
  const stop = (): void => {
    worker.postMessage('stop' satisfies ToSpoolWorker);
    forced = setTimeout(() => void worker.terminate(), GOODBYE);
  };
  return new Promise<SpooledList>((resolve, reject) => {
    let result: SpooledList | null = null;
    let failure: unknown = null;
    worker.on('message', (message: FromSpoolWorker) => {
      if (message.type === 'progress') {
        worker.postMessage('seen' satisfies ToSpoolWorker);
        onProgress?.(message.rows, message.expected);
      } else if (message.type === 'done') result = message.list;
      else failure = Object.assign(new Error(message.message), { code: message.code, path: message.path });
    });
    worker.on('error', (error) => {
      failure = error;
    });
    // Only now the thread has closed its files and its connection to the database.
    worker.on('exit', (code) => {
      if (signal.aborted) reject(signal.reason as Error);
      else if (failure === null && result !== null) resolve(result);
      else reject((failure as Error | null) ?? new Error(`The thread that packs a list ended with code ${code}.`));
    });
    // If the signal was aborted while the folder was made, it does not call a listener that is added now.
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop);
  }).finally(() => {
    signal.removeEventListener('abort', stop);
    clearTimeout(forced);
  });
}

const STATEMENT_CANCELLED = '57014';

function known(error: unknown, folder: string, time: number, isOver: boolean): unknown {
  const { name, code, message, path: file } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') return new DestinationError('NoSpace', `The spool: ${message}`, 'soon');
  // The statements have the same timeout, and on a busy machine PostgreSQL may stop the statement first.
  if (name === 'TimeoutError' || (code === STATEMENT_CANCELLED && isOver)) {
    return new DestinationError('TooSlow', `Reading took more than ${time / 1000} s and was stopped.`, 'soon');
  }
  if (code === 'EACCES' || code === 'EROFS') {
    return new DestinationError('SpoolUnusable', `The spool ${folder} cannot be written: ${code}.`, 'late');
  }
  // A missing socket of the database has the same code.
  if (code === 'ENOENT' && file?.startsWith(folder) === true) {
    return new DestinationError('SpoolUnusable', `The spool ${folder} was removed while it was written.`, 'soon');
  }
  return error;
}

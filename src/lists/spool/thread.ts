import os from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { connectClient } from '../../db/pool.js';
import { createPace } from './pace.js';
import { packSnapshot } from './pack-snapshot.js';
import type { FromSpoolWorker, SpoolWork, ToSpoolWorker } from './messages.js';

// The requests of the main thread have priority when the processors are busy. Linux has a priority for each thread. On other systems
// this call would change the priority of the whole process.
if (process.platform === 'linux') os.setPriority(os.constants.priority.PRIORITY_BELOW_NORMAL);

/**
 * The thread that reads a list, packs it, and writes it into the spool. It has its own connection to the database, so the thread that
 * serves requests never handles the rows.
 */

const { database, ...work } = workerData as SpoolWork;
if (parentPort === null) throw new Error('this file is the start of a thread');
const port = parentPort;

/** The process id of the PostgreSQL backend that reads the list. */
let backend: number | null = null;

let seen: () => void = () => undefined;
port.on('message', (message: ToSpoolWorker) => {
  if (message === 'stop') void stop();
  else seen();
});

try {
  // The deadline of the driver has to be as long as that of PostgreSQL.
  const client = await connectClient({ ...database, statementTimeout: work.timeout });
  try {
    const list = await packSnapshot(client, work, {
      onBackend(pid) {
        backend = pid;
      },
      onProgress: createPace(work.timeout, async (rows, expected) => {
        const response = new Promise<void>((resolve) => (seen = resolve));
        send({ type: 'progress', rows, expected });
        await response;
      }),
    });
    send({ type: 'done', list });
  } finally {
    await client.end();
  }
} catch (error) {
  const { message, code, path } = error as NodeJS.ErrnoException;
  send({ type: 'failed', message, ...(code === undefined ? {} : { code }), ...(path === undefined ? {} : { path }) });
}
port.close();

/** Cancels the statement and ends the thread. Without this, PostgreSQL would go on sorting for a connection that is closed. */
async function stop(): Promise<void> {
  try {
    if (backend !== null) {
      const client = await connectClient({ ...database, statementTimeout: database.connectTimeout });
      await client.query('select pg_cancel_backend($1)', [backend]);
      await client.end();
    }
  } finally {
    process.exit();
  }
}

function send(message: FromSpoolWorker): void {
  port.postMessage(message);
}

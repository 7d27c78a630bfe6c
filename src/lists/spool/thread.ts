import os from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { connectClient } from '../../db/pool.js';
import { createPace } from './pace.js';
import { packSnapshot } from './pack-snapshot.js';
import type { FromSpoolWorker, SpoolWork, ToSpoolWorker } from './messages.js';

// The requests of the main thread come first where processors are scarce. Linux gives each thread a priority of its own; elsewhere
// this would be that of the process.
if (process.platform === 'linux') os.setPriority(os.constants.priority.PRIORITY_BELOW_NORMAL);

/**
 * The thread that reads a list, packs it, and writes it into the spool. It has a database connection of its own: rows never
 * come by the thread that serves requests.
 */

const { database, ...work } = workerData as SpoolWork;
if (parentPort === null) throw new Error('this file is the start of a thread');
const port = parentPort;

/** The process of the server that reads for us. */
let backend: number | null = null;

let seen: () => void = () => undefined;
port.on('message', (message: ToSpoolWorker) => {
  if (message === 'stop') void stop();
  else seen();
});

try {
  // The driver's own deadline has to be as long as the server's.
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

/** Makes the server stop reading, too: it would go on sorting for a connection that is gone. */
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

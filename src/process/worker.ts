import type { Socket } from 'node:net';
import { failureText } from '../failure-text.js';
import { OperatorError } from '../operator-error.js';
import { openInstance, type Instance } from './instance.js';
import { handleUnhandledExceptions } from '../ops/unhandled-exceptions.js';
import { outliveReaders } from '../ops/terminal.js';
import { openLog } from './open-log.js';
import type { FromWorker, WorkerQuery, ToWorker } from './ipc.js';
import { waitForDatabase } from './wait-for-database.js';

/**
 * A worker process. It does as the primary process says, and ends with it: node:cluster ends a worker whose primary is gone.
 * Signals of a terminal or a supervisor reach all processes at once; what they mean is for the primary to say.
 */
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);

outliveReaders();

const [stop, hurry] = [new AbortController(), new AbortController()];
let instance: Instance | null = null;

process.on('message', (message: ToWorker, socket: Socket | undefined) => {
  switch (message.kind) {
    case 'begin':
      void begin(message);
      break;
    case 'take':
      // A client may break its connection before `receive` listens.
      socket?.on('error', () => undefined);
      // The message goes out before the worker reads: if the worker dies before the message, the primary process gives the connection to another worker.
      tell({ kind: 'taken', id: message.id }, () => {
        if (socket !== undefined) instance?.receive(socket);
      });
      break;
    case 'announce':
      instance?.announce();
      break;
    case 'end':
      void end(message.deadline);
      break;
    case 'hurry':
      hurry.abort();
      void end(0);
      break;
    case 'ask':
      void reply(message);
  }
});
tell({ kind: 'hello' });

async function begin({ worker, config, connection }: ToWorker & { kind: 'begin' }): Promise<void> {
  try {
    const log = openLog(config).child({ worker });
    // The primary process replaces this worker. The log is written completely before the process ends.
    handleUnhandledExceptions(log, () => process.exit(1));
    instance = await waitForDatabase(config, connection, stop.signal, () =>
      openInstance(config, connection, log, stop.signal),
    );
    // The primary process may have told this worker to end just when it became ready.
    if (instance === null || stop.signal.aborted) process.disconnect();
    else {
      instance.onFirstResponse(() => {
        tell({ kind: 'served' });
      });
      tell({ kind: 'ready' });
    }
  } catch (error) {
    tell({ kind: 'failed', reason: failureText(error, config), foreseen: error instanceof OperatorError }, () => {
      process.disconnect();
    });
  }
}

async function end(deadline: number): Promise<void> {
  stop.abort();
  if (instance === null) return;
  try {
    await instance.end(deadline, hurry.signal);
    tell({ kind: 'counted', snapshot: await instance.service.metrics.snapshot() });
  } finally {
    // node:cluster then ends the process. The log is written completely before.
    if (process.connected) process.disconnect();
  }
}

/** Sends no reply when the query fails: the primary process has a deadline for replies. */
async function reply({ id, what }: ToWorker & { kind: 'ask' }): Promise<void> {
  if (instance === null) return;
  const { health, metrics } = instance.service;
  const find: Record<WorkerQuery, () => Promise<unknown>> = {
    alive: () => Promise.resolve(true),
    readiness: () => health.readiness(),
    snapshot: () => metrics.snapshot(),
    capacity: () => metrics.capacity(),
  };
  try {
    tell({ kind: 'reply', id, value: await find[what]() });
  } catch {
    return;
  }
}

function tell(message: FromWorker, sent: () => void = () => undefined): void {
  if (process.connected) process.send?.(message, undefined, {}, sent);
}

import cluster, { type Worker } from 'node:cluster';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config.js';
import type { MetricsSnapshot } from '../ops/metrics/series.js';
import type { Taker } from './distributor.js';
import type { FromWorker, WorkerQuery, Replies, ToWorker } from './ipc.js';

/** A worker, as the primary process sees it. */
export interface WorkerHandle extends Taker {
  readonly pid: number;
  /**
   * Gives it its configuration, once. Resolves when it is ready.
   *
   * @param worker the number of its slot, for the log
   * @throws WorkerFailure when it ends before it is ready
   */
  begin(worker: number, config: Config, connection: string): Promise<void>;
  /** How it ended. */
  readonly gone: Promise<string>;
  /** Resolves after {@link gone}, when its last messages have been read. */
  readonly silent: Promise<void>;
  /** Whether it has sent a response. Final when it is {@link silent}. */
  hasServed(): boolean;
  /** Whether the primary process has told it to end. */
  isEnding(): boolean;
  announce(): void;
  /** Returns undefined when the worker does not reply in time. */
  ask<What extends WorkerQuery>(what: What): Promise<Replies[What] | undefined>;
  /** The counters of the worker when it last replied, or when it ended. */
  counted(): MetricsSnapshot;
  /** Lets the worker finish its requests, and kills it after the deadline. @param deadline in milliseconds */
  end(deadline: number): void;
  /** Ends the worker at once; its requests are not finished. */
  hurry(): void;
  /** Kills a worker that does not respond. */
  kill(): void;
}

/** A worker ended before it was ready. */
export class WorkerFailure extends Error {
  /** Another attempt would fail as well. */
  readonly foreseen: boolean;

  constructor(reason: string, foreseen: boolean) {
    super(reason);
    this.foreseen = foreseen;
  }
}

/** The time of a worker for its end, in addition to the time of its requests. */
const PATIENCE_MS = 5000;

const LAST_MESSAGE_MS = 50;

/** Longer than a worker itself waits for the database when it is asked whether it is ready. */
const REPLY_MS = 2000;

/** Starts a process that loads the program and waits for {@link WorkerHandle.begin}. */
export function spawnWorker(): WorkerHandle {
  cluster.setupPrimary({ exec: fileURLToPath(new URL('./worker.js', import.meta.url)), args: [] });
  const worker = cluster.fork();
  const onItsWay = new Map<number, (taken: boolean) => void>();
  const asked = new Map<number, (value: unknown) => void>();
  let [lastId, hasBegun, isEnding, hasServed] = [0, false, false, false];
  let failure: WorkerFailure | null = null;
  let counted: MetricsSnapshot = [];

  function tell(message: ToWorker): void {
    // The worker may have ended without a message to this process; `gone` tells.
    if (worker.isConnected()) worker.send(message, () => undefined);
  }

  function killAfter(milliseconds: number): void {
    void setTimeout(milliseconds, undefined, { ref: false }).then(() => worker.process.kill('SIGKILL'));
  }

  function receive(message: FromWorker): void {
    switch (message.kind) {
      case 'served':
        hasServed = true;
        break;
      case 'failed':
        failure = new WorkerFailure(message.reason, message.foreseen);
        break;
      case 'taken':
        onItsWay.get(message.id)?.(true);
        onItsWay.delete(message.id);
        break;
      case 'reply':
        asked.get(message.id)?.(message.value);
        break;
      case 'counted':
        counted = message.snapshot;
        break;
      // `loaded` and `ready` below wait for these.
      case 'hello':
      case 'ready':
    }
  }

  const gone = exitOf(worker);
  // `exit` may come before the last message of the worker. `disconnect` comes after it, but not while a connection is on its way to the worker.
  const silent = gone.then(async () => {
    await setTimeout(LAST_MESSAGE_MS);
    for (const settle of onItsWay.values()) settle(false);
    onItsWay.clear();
  });
  const failed = gone.then((how) => {
    throw failure ?? new WorkerFailure(`It ended with ${how} before it was ready.`, false);
  });
  failed.catch(() => undefined);
  const [loaded, ready] = [messageOf(worker, 'hello'), messageOf(worker, 'ready')];
  worker.on('message', receive);

  return {
    pid: worker.process.pid ?? 0,
    gone,
    silent,
    async begin(slot, config, connection) {
      hasBegun = true;
      await Promise.race([loaded, failed]);
      tell({ kind: 'begin', worker: slot, config, connection });
      await Promise.race([ready, failed]);
    },
    hasServed: () => hasServed,
    isEnding: () => isEnding,
    take(socket) {
      if (!worker.isConnected()) return Promise.resolve(false);
      const id = ++lastId;
      return new Promise((resolve) => {
        onItsWay.set(id, resolve);
        worker.process.send({ kind: 'take', id } satisfies ToWorker, socket, { keepOpen: true }, (error) => {
          if (error !== null && onItsWay.delete(id)) resolve(false);
        });
      });
    },
    announce() {
      tell({ kind: 'announce' });
    },
    async ask(what) {
      const id = ++lastId;
      const [reply, over] = [new Promise<unknown>((resolve) => asked.set(id, resolve)), new AbortController()];
      tell({ kind: 'ask', id, what });
      const late = setTimeout(REPLY_MS, undefined, { signal: over.signal }).catch(() => undefined);
      const value = await Promise.race([reply, late, gone.then(() => undefined)]);
      over.abort();
      asked.delete(id);
      if (what === 'snapshot' && value !== undefined) counted = value as MetricsSnapshot;
      return value as Replies[typeof what] | undefined;
    },
    counted: () => counted,
    end(deadline) {
      isEnding = true;
      tell({ kind: 'end', deadline });
      killAfter(deadline + PATIENCE_MS);
    },
    hurry() {
      isEnding = true;
      if (!hasBegun) {
        // The worker has nothing to finish, and may not read messages yet.
        worker.process.kill('SIGKILL');
        return;
      }
      tell({ kind: 'hurry' });
      killAfter(PATIENCE_MS);
    },
    kill() {
      worker.process.kill('SIGKILL');
    },
  };
}

function exitOf(worker: Worker): Promise<string> {
  return new Promise((resolve) => {
    worker.once('exit', (code: number | null, signal: string | null) => {
      resolve(signal ?? `exit code ${code ?? 0}`);
    });
    // Also of a process that cannot be started, for want of file descriptors for example. node:cluster passes the event on from
    // the process to the worker, where one that is not listened to ends this process.
    worker.on('error', (error) => {
      resolve(error.message);
    });
  });
}

function messageOf(worker: Worker, kind: FromWorker['kind']): Promise<void> {
  return new Promise((resolve) => {
    worker.on('message', (message: FromWorker) => {
      if (message.kind === kind) resolve();
    });
  });
}

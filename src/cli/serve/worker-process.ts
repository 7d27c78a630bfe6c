import cluster from 'node:cluster';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../config.js';
import type { Snapshot } from '../../ops/metrics/series.js';
import type { Taker } from './hand-out.js';
import type { Answers, FromWorker, Question, ToWorker } from './messages.js';

/** A worker, as the primary process sees it. */
export interface WorkerProcess extends Taker {
  readonly pid: number;
  /** Rejects with {@link WorkerFailure} when it ends before it is. */
  readonly ready: Promise<void>;
  /** How it ended. */
  readonly gone: Promise<string>;
  /** Resolves after {@link gone}, when its last messages have been read. */
  readonly silent: Promise<void>;
  /** Whether it has sent a response. Final when it is {@link silent}. */
  hasServed(): boolean;
  /** Whether its end is our wish. */
  isEnding(): boolean;
  announce(): void;
  /** Undefined when it does not say in time. */
  ask<What extends Question>(what: What): Promise<Answers[What] | undefined>;
  /** What it had counted when it was last asked, or when it ended. */
  counted(): Snapshot;
  /** Lets it finish; one that does not is killed. @param deadline in milliseconds */
  end(deadline: number): void;
  /** Ends it without finishing anything. */
  hurry(): void;
  /** For one that does not respond. */
  kill(): void;
}

/** A worker ended before it was ready. */
export class WorkerFailure extends Error {
  /** Another attempt would not help. */
  readonly foreseen: boolean;

  constructor(reason: string, foreseen: boolean) {
    super(reason);
    this.foreseen = foreseen;
  }
}

/** What a worker may take for its end beside what it gives its requests. */
const PATIENCE_MS = 5000;

const LAST_MESSAGE_MS = 50;

/** Longer than a worker itself waits for the database when it is asked whether it is ready. */
const ANSWER_MS = 2000;

export function startWorker(number: number, config: Config, connection: string): WorkerProcess {
  cluster.setupPrimary({ exec: fileURLToPath(new URL('./worker.js', import.meta.url)), args: [] });
  const worker = cluster.fork();
  const onItsWay = new Map<number, (taken: boolean) => void>();
  let [lastId, ending, served] = [0, false, false];
  const asked = new Map<number, (value: unknown) => void>();
  let failure: WorkerFailure | null = null;
  let counted: Snapshot = [];

  function tell(message: ToWorker): void {
    // It may have gone without our having heard of it; `gone` says so.
    if (worker.isConnected()) worker.send(message, () => undefined);
  }

  function killAfter(milliseconds: number): void {
    void setTimeout(milliseconds, undefined, { ref: false }).then(() => worker.process.kill('SIGKILL'));
  }

  const gone = new Promise<string>((resolve) => {
    worker.once('exit', (code: number | null, signal: string | null) => {
      resolve(signal ?? `exit code ${code ?? 0}`);
    });
    worker.process.once('error', (error) => {
      resolve(error.message);
    });
  });
  // Its end may overtake its last message. `disconnect` would not, but is not emitted while a connection is on its way.
  const silent = gone.then(async () => {
    await setTimeout(LAST_MESSAGE_MS);
    for (const answer of onItsWay.values()) answer(false);
    onItsWay.clear();
  });
  const ready = new Promise<void>((resolve, reject) => {
    worker.on('message', (message: FromWorker) => {
      switch (message.kind) {
        case 'hello':
          tell({ kind: 'begin', worker: number, config, connection });
          break;
        case 'ready':
          resolve();
          break;
        case 'served':
          served = true;
          break;
        case 'failed':
          failure = new WorkerFailure(message.reason, message.foreseen);
          break;
        case 'taken':
          onItsWay.get(message.id)?.(true);
          onItsWay.delete(message.id);
          break;
        case 'answer':
          asked.get(message.id)?.(message.value);
          break;
        case 'counted':
          counted = message.snapshot;
      }
    });
    void gone.then((how) => {
      reject(failure ?? new WorkerFailure(`It ended with ${how} before it was ready.`, false));
    });
  });

  return {
    pid: worker.process.pid ?? 0,
    ready,
    gone,
    silent,
    hasServed: () => served,
    isEnding: () => ending,
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
      const [answered, over] = [new Promise<unknown>((resolve) => asked.set(id, resolve)), new AbortController()];
      tell({ kind: 'ask', id, what });
      const late = setTimeout(ANSWER_MS, undefined, { signal: over.signal }).catch(() => undefined);
      const value = await Promise.race([answered, late, gone.then(() => undefined)]);
      over.abort();
      asked.delete(id);
      if (what === 'snapshot' && value !== undefined) counted = value as Snapshot;
      return value as Answers[typeof what] | undefined;
    },
    counted: () => counted,
    end(deadline) {
      ending = true;
      tell({ kind: 'end', deadline });
      killAfter(deadline + PATIENCE_MS);
    },
    hurry() {
      ending = true;
      tell({ kind: 'hurry' });
      killAfter(PATIENCE_MS);
    },
    kill() {
      worker.process.kill('SIGKILL');
    },
  };
}

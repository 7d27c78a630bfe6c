import cluster from 'node:cluster';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../config.js';
import type { Taker } from './hand-out.js';
import type { FromWorker, ToWorker } from './messages.js';

/** A worker, as the primary process sees it. */
export interface WorkerProcess extends Taker {
  readonly pid: number;
  /** Rejects with {@link WorkerFailure} when it ends before it is. */
  readonly ready: Promise<void>;
  /** How it ended. */
  readonly gone: Promise<string>;
  /** Whether its end is our wish. */
  isEnding(): boolean;
  announce(): void;
  /** Lets it finish; one that does not is killed. @param deadline in milliseconds */
  end(deadline: number): void;
  /** Ends it without finishing anything. */
  hurry(): void;
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

export function startWorker(number: number, config: Config, connection: string): WorkerProcess {
  cluster.setupPrimary({ exec: fileURLToPath(new URL('./worker.js', import.meta.url)), args: [] });
  const worker = cluster.fork();
  const onItsWay = new Map<number, (taken: boolean) => void>();
  let [lastId, ending] = [0, false];
  let failure: WorkerFailure | null = null;

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
  void gone.then(async () => {
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
        case 'failed':
          failure = new WorkerFailure(message.reason, message.foreseen);
          break;
        case 'taken':
          onItsWay.get(message.id)?.(true);
          onItsWay.delete(message.id);
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
  };
}

import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../config.js';
import { createRestartPolicy } from './restart-policy.js';
import { WorkerFailure, type WorkerHandle } from './worker-handle.js';

/** A worker that was ready for so long did not end because of its start. */
const STEADY_MS = 10_000;

/** How often a replacement is started again that ended before it was ready. */
const REPLACE_ATTEMPTS = 3;

/** One of the workers that there should be: a worker that dies is followed by another. What is done with a slot is done in order. */
export interface WorkerSlot {
  readonly number: number;
  /** Null while there is none. */
  worker(): WorkerHandle | null;
  /** The workers of the slot ended before they had served, again and again. */
  isExhausted(): boolean;
  /** Starts workers until one is ready, with longer and longer pauses. Does nothing when there is one. */
  fill(): Promise<void>;
  /**
   * Goes over to another configuration: the new worker is ready before the old one ends.
   *
   * @param spawn where the new worker comes from
   * @throws WorkerFailure; the old worker stays then
   */
  replace(config: Config, spawn: () => WorkerHandle): Promise<void>;
  /** Ends the worker, and fills the slot no more. @param deadline milliseconds for the requests that have begun */
  retire(deadline: number): Promise<void>;
}

/** What all slots share. */
export interface SlotContext {
  readonly spawn: () => WorkerHandle;
  /** The configuration in force. */
  readonly config: () => Config;
  readonly connectionOf: (config: Config) => string;
  /** The worker takes connections from now on. */
  readonly onReady: (worker: WorkerHandle) => void;
  /** The worker takes no more connections, because it is about to end. */
  readonly onRetire: (worker: WorkerHandle) => void;
  /** A worker that was ready has ended. */
  readonly onGone: (worker: WorkerHandle) => void;
  /** Returns whether an empty slot is given up. */
  readonly isHopeless: (slot: WorkerSlot) => boolean;
  /** The slot is given up. @param reason of the last failure */
  readonly giveUp: (reason: string) => void;
  readonly onError: (error: Error) => void;
  readonly log: Pick<Logger, 'error'>;
  /** The service ends: no worker is started any more. */
  readonly isOver: () => boolean;
  /** Ends pauses. */
  readonly stop: AbortSignal;
}

export function createWorkerSlot(number: number, context: SlotContext): WorkerSlot {
  const { log, isOver } = context;
  const restarts = createRestartPolicy();
  let worker: WorkerHandle | null = null;
  let config: Config | null = null;
  let isRetired = false;
  let last: Promise<unknown> = Promise.resolve();

  function inOrder<T>(work: () => Promise<T>): Promise<T> {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  }

  /** @throws WorkerFailure */
  async function start(next: Config, spawn: () => WorkerHandle): Promise<void> {
    const started = spawn();
    await started.begin(number, next, context.connectionOf(next));
    if (started.isEnding()) throw new WorkerFailure('It was told to end.', false);
    const readyAt = performance.now();
    [worker, config] = [started, next];
    context.onReady(started);
    void started.gone.then((how) => {
      onGone(started, how, performance.now() - readyAt > STEADY_MS);
    });
  }

  function onGone(gone: WorkerHandle, how: string, steady: boolean): void {
    context.onGone(gone);
    if (gone.isEnding()) return;
    if (worker === gone) worker = null;
    log.error({ worker: number, pid: gone.pid, how }, 'a worker died; another takes its place');
    inOrder(async () => {
      await gone.silent;
      restarts.exited({ served: gone.hasServed(), steady });
      await fill(`The last one ended with ${how} before it had served.`);
    }).catch(context.onError);
  }

  async function fill(lastFailure = ''): Promise<void> {
    const isWanted = (): boolean => worker === null && !isRetired && !isOver();
    for (let reason = lastFailure; isWanted();) {
      if (context.isHopeless(slot)) {
        context.giveUp(reason);
        return;
      }
      await setTimeout(restarts.delay(), undefined, { signal: context.stop }).catch(() => undefined);
      if (!isWanted()) return;
      try {
        await start(context.config(), context.spawn);
      } catch (error) {
        if (isOver()) return;
        reason = (error as Error).message;
        log.error({ worker: number, reason }, 'a worker did not start');
        if (error instanceof WorkerFailure && error.foreseen) restarts.giveUp();
        else restarts.exited({ served: false, steady: false });
      }
    }
  }

  async function replace(next: Config, spawn: () => WorkerHandle): Promise<void> {
    if (isOver() || config === next) return;
    const [old, deadline] = [worker, (config ?? next).drainTimeout * 1000];
    await startAgain(next, spawn);
    if (old !== null) await end(old, deadline);
  }

  /** The end of a new worker says nothing about the configuration, unless the worker says so. @throws WorkerFailure */
  async function startAgain(next: Config, spawn: () => WorkerHandle): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await start(next, spawn);
        return;
      } catch (error) {
        const isLast = attempt === REPLACE_ATTEMPTS || (error instanceof WorkerFailure && error.foreseen);
        if (isLast || isOver()) throw error;
        log.error({ worker: number, reason: (error as Error).message }, 'a worker did not start; trying again');
      }
    }
  }

  async function end(old: WorkerHandle, deadline: number): Promise<void> {
    context.onRetire(old);
    old.end(deadline);
    await old.gone;
  }

  const slot: WorkerSlot = {
    number,
    worker: () => worker,
    isExhausted: () => restarts.isExhausted(),
    fill: () => inOrder(() => fill()),
    replace: (next, spawn) => inOrder(() => replace(next, spawn)),
    retire(deadline) {
      isRetired = true;
      return inOrder(async () => {
        if (worker !== null) await end(worker, deadline);
        worker = null;
      });
    },
  };
  return slot;
}

import os from 'node:os';
import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import { ConfigError, type Config } from '../config.js';
import { unlessAborted } from './unless-aborted.js';
import { adminOfWorkers } from './admin-of-workers.js';
import { createDistributor } from './distributor.js';
import { createHeartbeat } from './heartbeat.js';
import { rejectUnread } from './reject-connection.js';
import type { Server } from './server.js';
import { createSpares } from './spares.js';
import { spawnWorker, type WorkerHandle } from './worker-handle.js';
import { createWorkerSlot, type SlotContext, type WorkerSlot } from './worker-slot.js';

export function workersOf({ workers }: Config): number {
  return workers === 'auto' ? os.availableParallelism() : workers;
}

/**
 * Serves with worker processes.
 *
 * @returns null when the process is told to stop before they are ready
 * @throws ConfigError when they do not start
 */
export async function serveWithWorkers(
  config: Config,
  connectionOf: (config: Config) => string,
  log: Logger,
  stop: AbortSignal,
): Promise<Server | null> {
  const pool = createWorkerPool(config, connectionOf, log, stop);
  try {
    await unlessAborted(stop, Promise.race([pool.start(), pool.failed]));
    stop.throwIfAborted();
    return pool;
  } catch (error) {
    await pool.abandon();
    if (stop.aborted) return null;
    throw error;
  }
}

interface WorkerPool extends Server {
  /** Starts a worker in each slot. Resolves when all are ready. */
  start(): Promise<void>;
  /** Ends all workers without finishing anything. */
  abandon(): Promise<void>;
}

function createWorkerPool(
  first: Config,
  connectionOf: (config: Config) => string,
  log: Logger,
  stop: AbortSignal,
): WorkerPool {
  const distributor = createDistributor(rejectUnread);
  const heartbeat = createHeartbeat(log);
  /** All workers that have been started and have not ended. */
  const living = new Set<WorkerHandle>();
  let slots: readonly WorkerSlot[] = [];
  /** The configuration in force. */
  let config = first;
  let [isStarting, isEnding, isDraining] = [true, false, false];
  let deaths = 0;
  let fail = (_: Error): void => undefined;
  const failed = new Promise<never>((_, reject) => (fail = reject));
  failed.catch(() => undefined);

  const serving = (): WorkerHandle[] => slots.flatMap((slot) => slot.worker() ?? []);
  const admin = adminOfWorkers({
    serving,
    wanted: () => slots.length,
    isDraining: () => isDraining,
    deaths: () => deaths,
  });

  function spawn(): WorkerHandle {
    const worker = spawnWorker();
    living.add(worker);
    void worker.gone.then(() => living.delete(worker));
    return worker;
  }

  const context: SlotContext = {
    ...{ spawn, connectionOf, log, stop },
    config: () => config,
    isOver: () => isEnding || stop.aborted,
    onReady(worker) {
      distributor.add(worker);
      admin.arrived(worker);
    },
    onRetire(worker) {
      distributor.remove(worker);
    },
    onGone(worker) {
      if (!worker.isEnding()) deaths++;
      distributor.remove(worker);
      admin.departed(worker);
    },
    // While the service starts, one slot that cannot be filled is enough: the others have the same configuration.
    isHopeless: (slot) =>
      isStarting ? slot.isExhausted() : serving().length === 0 && slots.every((one) => one.isExhausted()),
    giveUp(reason) {
      fail(givenUp(reason));
    },
    onError: (error) => {
      fail(error);
    },
  };

  function addSlots(count: number): WorkerSlot[] {
    const added = Array.from({ length: count }, (_, i) => createWorkerSlot(slots.length + i + 1, context));
    slots = [...slots, ...added];
    return added;
  }

  /** All slots, one after the other. @throws WorkerFailure, with the previous configuration in force everywhere */
  async function replaceAll(next: Config, take: () => WorkerHandle): Promise<void> {
    const previous = config;
    try {
      for (const slot of slots) {
        await slot.replace(next, take);
        // A worker has started with the new configuration. From now on a worker that dies is replaced by one that has it as well.
        config = next;
      }
    } catch (error) {
      config = previous;
      // Some workers have the new configuration. A response must not depend on the worker that a client meets.
      for (const slot of slots) await replaceOrRefill(slot, previous, take);
      throw error;
    }
  }

  /** A slot that cannot be filled now is filled as after a death: the reload does not wait for it. */
  async function replaceOrRefill(slot: WorkerSlot, wanted: Config, take: () => WorkerHandle): Promise<void> {
    try {
      await slot.replace(wanted, take);
    } catch (error) {
      log.error({ worker: slot.number, reason: (error as Error).message }, 'a worker did not start');
      slot.fill().catch(fail);
    }
  }

  async function resize(next: Config, take: () => WorkerHandle): Promise<void> {
    const wanted = workersOf(next);
    for (const slot of addSlots(Math.max(0, wanted - slots.length))) await replaceOrRefill(slot, next, take);
    const surplus = slots.slice(wanted);
    slots = slots.slice(0, wanted);
    for (const slot of surplus) await slot.retire(next.drainTimeout * 1000);
  }

  function hurryAll(): void {
    for (const worker of living) worker.hurry();
  }

  async function allGone(): Promise<void> {
    await Promise.all([...living].map(({ gone }) => gone));
  }

  /** Resolves when each accepted connection is with a worker, or after a second. */
  async function handOver(hurry: AbortSignal): Promise<void> {
    if (serving().length === 0) return;
    await unlessAborted(hurry, Promise.race([distributor.settled(), setTimeout(1000, undefined, { ref: false })]));
  }

  /** A worker that is being replaced has its own deadline already. A worker that is not ready has nothing to finish. */
  function endAll(deadline: number, hurry: AbortSignal): void {
    const ready = new Set(serving());
    for (const worker of living) {
      if (hurry.aborted || !(ready.has(worker) || worker.isEnding())) worker.hurry();
      else if (!worker.isEnding()) worker.end(deadline);
    }
  }

  return {
    async start() {
      await Promise.all(addSlots(workersOf(first)).map((slot) => slot.fill()));
      isStarting = false;
    },
    async abandon() {
      isEnding = true;
      hurryAll();
      await allGone();
    },
    receive(socket) {
      distributor.give(socket);
    },
    async reload(next) {
      const spares = createSpares(spawn, workersOf(next));
      try {
        await replaceAll(next, spares.take);
        await resize(next, spares.take);
      } finally {
        await spares.close();
      }
    },
    announce() {
      isDraining = true;
      for (const worker of serving()) worker.announce();
    },
    async end(deadline, hurry) {
      isEnding = true;
      hurry.addEventListener('abort', hurryAll);
      await handOver(hurry);
      endAll(deadline, hurry);
      await allGone();
      distributor.close();
    },
    alive: (patience) => heartbeat(serving(), patience),
    admin,
    failed,
  };
}

function givenUp(reason: string): ConfigError {
  return new ConfigError(
    `The workers do not start; given up. ${reason}\nThe log says more. To see one fail alone, start with --workers 1.`,
  );
}

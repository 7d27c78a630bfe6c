import os from 'node:os';
import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import { ConfigError, type Config } from '../../config.js';
import { adminOfWorkers } from './admin-of-workers.js';
import { unlessAborted } from './aborted.js';
import { createChances, type Chances } from './chances.js';
import { createHandOut } from './hand-out.js';
import { createHeartbeat } from './heartbeat.js';
import { refuseUnread } from './refuse.js';
import type { Site } from './site.js';
import { startWorker, WorkerFailure, type WorkerProcess } from './worker-process.js';

/** A worker that was ready for so long did not die of its start. */
const STEADY_MS = 10_000;

/** How often a reload starts a worker again that died before it was ready. */
const RELOAD_ATTEMPTS = 3;

/** A place that is always filled with a worker. */
interface Place {
  readonly number: number;
  readonly chances: Chances;
  /** Null while it is being replaced. */
  worker: WorkerProcess | null;
  config: Config | null;
  /** What is done with a place is done one after the other. */
  busy: Promise<unknown>;
}

export function workersOf({ workers }: Config): number {
  return workers === 'auto' ? os.availableParallelism() : workers;
}

/**
 * Serves with worker processes: a worker that dies is replaced.
 *
 * @returns null when the process is told to stop before they are ready
 * @throws ConfigError when they do not start
 */
export async function serveWithWorkers(
  first: Config,
  connectionOf: (config: Config) => string,
  log: Logger,
  stop: AbortSignal,
): Promise<Site | null> {
  const handOut = createHandOut(refuseUnread);
  const places: Place[] = [];
  /** All that have been started and have not ended. */
  const living = new Set<WorkerProcess>();
  /** The configuration in force. */
  let config = first;
  let [isStarting, isEnding, isDraining] = [true, false, false];
  let deaths = 0;
  let fail = (_: Error): void => undefined;
  const failed = new Promise<never>((_, reject) => (fail = reject));
  failed.catch(() => undefined);

  const serving = (): WorkerProcess[] => places.flatMap(({ worker }) => worker ?? []);
  const admin = adminOfWorkers({
    serving,
    wanted: () => places.length,
    isDraining: () => isDraining,
    deaths: () => deaths,
  });
  const heartbeat = createHeartbeat(log);
  const isOver = (): boolean => isEnding || stop.aborted;

  /** Fills a place with a worker that is ready. @throws WorkerFailure */
  async function fill(place: Place, wanted: Config): Promise<void> {
    const worker = startWorker(place.number, wanted, connectionOf(wanted));
    living.add(worker);
    void worker.gone.then(() => living.delete(worker));
    await worker.ready;
    if (worker.isEnding()) throw new WorkerFailure('It was told to end.', false);
    const readyAt = performance.now();
    Object.assign(place, { worker, config: wanted });
    handOut.add(worker);
    admin.arrived(worker);
    void worker.gone.then((how) => {
      const steady = performance.now() - readyAt > STEADY_MS;
      handOut.remove(worker);
      admin.departed(worker);
      if (worker.isEnding()) return;
      deaths++;
      if (place.worker === worker) place.worker = null;
      log.error({ worker: place.number, pid: worker.pid, how }, 'a worker died; another takes its place');
      inTurn(place, async () => {
        await worker.silent;
        place.chances.ended({ served: worker.hasServed(), steady });
        await refill(place, `The last one ended with ${how} before it had served.`);
      }).catch(fail);
    });
  }

  /** Fills a place that is empty, with longer and longer pauses when that does not work. */
  async function refill(place: Place, lastEnd = ''): Promise<void> {
    let reason = lastEnd;
    while (place.worker === null && !isOver() && places.includes(place)) {
      // While the service starts, one place that cannot be filled is enough: the others have the same configuration.
      const isHopeless = isStarting
        ? place.chances.areUsedUp()
        : serving().length === 0 && places.every(({ chances }) => chances.areUsedUp());
      if (isHopeless) {
        fail(givenUp(reason));
        return;
      }
      await setTimeout(place.chances.pause(), undefined, { signal: stop }).catch(() => undefined);
      if (isOver()) return;
      try {
        await fill(place, config);
      } catch (error) {
        if (isOver()) return;
        reason = (error as Error).message;
        log.error({ worker: place.number, reason }, 'a worker did not start');
        if (error instanceof WorkerFailure && error.foreseen) place.chances.forfeit();
        else place.chances.ended({ served: false, steady: false });
      }
    }
  }

  function inTurn<T>(place: Place, work: () => Promise<T>): Promise<T> {
    const result = place.busy.then(work);
    place.busy = result.catch(() => undefined);
    return result;
  }

  /** The new worker is ready before the old one ends. @throws WorkerFailure */
  async function replace(place: Place, next: Config): Promise<void> {
    if (isOver() || place.config === next) return;
    const [old, deadline] = [place.worker, (place.config ?? next).drainTimeout * 1000];
    for (let attempt = 1; ; attempt++) {
      try {
        await fill(place, next);
        break;
      } catch (error) {
        // Its death says nothing about the configuration.
        const isLast = attempt === RELOAD_ATTEMPTS || (error instanceof WorkerFailure && error.foreseen);
        if (isLast || isOver()) throw error;
        log.error({ worker: place.number, reason: (error as Error).message }, 'a worker did not start; trying again');
      }
    }
    if (old !== null) await retire(old, deadline);
  }

  async function retire(worker: WorkerProcess, deadline: number): Promise<void> {
    handOut.remove(worker);
    worker.end(deadline);
    await worker.gone;
  }

  /** A place that cannot be filled now is filled as after a death: the reload does not wait for it. */
  async function replaceOrLose(place: Place, wanted: Config): Promise<void> {
    try {
      await replace(place, wanted);
    } catch (error) {
      log.error({ worker: place.number, reason: (error as Error).message }, 'a worker did not start');
      if (place.worker === null) inTurn(place, () => refill(place)).catch(fail);
    }
  }

  function addPlace(): Place {
    const place: Place = {
      number: places.length + 1,
      chances: createChances(),
      worker: null,
      config: null,
      busy: Promise.resolve(),
    };
    places.push(place);
    return place;
  }

  function hurryAll(): void {
    for (const worker of living) worker.hurry();
  }

  async function allGone(): Promise<void> {
    await Promise.all([...living].map(({ gone }) => gone));
  }

  const started = Array.from({ length: workersOf(first) }, addPlace).map((place) => inTurn(place, () => refill(place)));
  try {
    await unlessAborted(stop, Promise.race([Promise.all(started), failed]));
    stop.throwIfAborted();
  } catch (error) {
    isEnding = true;
    hurryAll();
    await allGone();
    if (stop.aborted) return null;
    throw error;
  }
  isStarting = false;

  return {
    receive(socket) {
      handOut.give(socket);
    },
    async reload(next) {
      const previous = config;
      try {
        for (const place of [...places]) {
          await inTurn(place, () => replace(place, next));
          // One has started with it: from now on a worker that dies is replaced by one that has it, too.
          config = next;
        }
      } catch (error) {
        config = previous;
        // Some have the new configuration: what they respond must not depend on which is asked.
        for (const place of places) await inTurn(place, () => replaceOrLose(place, previous));
        throw error;
      }
      while (places.length < workersOf(next)) {
        const place = addPlace();
        await inTurn(place, () => replaceOrLose(place, next));
      }
      for (const place of places.splice(workersOf(next))) {
        if (place.worker !== null) await retire(place.worker, next.drainTimeout * 1000);
      }
    },
    announce() {
      isDraining = true;
      for (const { worker } of places) worker?.announce();
    },
    async end(deadline, hurry) {
      isEnding = true;
      hurry.addEventListener('abort', hurryAll);
      if (serving().length > 0) {
        await unlessAborted(hurry, Promise.race([handOut.settled(), setTimeout(1000, undefined, { ref: false })]));
      }
      const taking = new Set(serving());
      for (const worker of living) {
        // One that is being retired has its own deadline already.
        if (hurry.aborted || !(taking.has(worker) || worker.isEnding())) worker.hurry();
        else if (!worker.isEnding()) worker.end(deadline);
      }
      await allGone();
      handOut.close();
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

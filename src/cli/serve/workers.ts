import os from 'node:os';
import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import { ConfigError, type Config } from '../../config.js';
import { adminOfWorkers } from './admin-of-workers.js';
import { createHandOut } from './hand-out.js';
import type { Site } from './site.js';
import { startWorker, WorkerFailure, type WorkerProcess } from './worker-process.js';

/** One that has served for so long did not die of its start. */
const STEADY_MS = 10_000;

/** So many ends in a row, none after a steady life, and nobody left who serves: then it is given up. */
const ENDS_BEFORE_GIVING_UP = 5;

/** A place that is always filled with a worker. */
interface Place {
  readonly number: number;
  /** Null while it is being replaced. */
  worker: WorkerProcess | null;
  starting: WorkerProcess | null;
  config: Config | null;
  readyAt: number;
  /** What is done with a place is done one after the other. */
  busy: Promise<unknown>;
}

export function workersOf({ workers }: Config): number {
  return workers === 'auto' ? os.availableParallelism() : workers;
}

/**
 * Serves with worker processes: a worker that dies is replaced.
 *
 * @throws ConfigError when they do not start
 */
export async function serveWithWorkers(
  first: Config,
  connectionOf: (config: Config) => string,
  log: Logger,
  stop: AbortSignal,
): Promise<Site> {
  const handOut = createHandOut();
  const places: Place[] = [];
  const gone = new Set<Promise<unknown>>();
  let config = first;
  let [isEnding, isDraining] = [false, false];
  let [endsInARow, deaths] = [0, 0];
  let fail = (_: Error): void => undefined;
  const failed = new Promise<never>((_, reject) => (fail = reject));
  failed.catch(() => undefined);

  const admin = adminOfWorkers({
    serving: () => places.flatMap(({ worker }) => worker ?? []),
    wanted: () => places.length,
    isDraining: () => isDraining,
    deaths: () => deaths,
  });
  const isOver = (): boolean => isEnding || stop.aborted;

  /** Fills a place with a worker that is ready. @throws WorkerFailure */
  async function fill(place: Place): Promise<void> {
    const wanted = config;
    const worker = startWorker(place.number, wanted, connectionOf(wanted));
    gone.add(worker.gone);
    void worker.gone.then(() => gone.delete(worker.gone));
    place.starting = worker;
    try {
      await worker.ready;
    } finally {
      place.starting = null;
    }
    Object.assign(place, { worker, config: wanted, readyAt: performance.now() });
    handOut.add(worker);
    admin.arrived(worker);
    void worker.gone.then((how) => {
      handOut.remove(worker);
      admin.departed(worker);
      if (worker.isEnding()) return;
      deaths++;
      place.worker = null;
      log.error({ worker: place.number, pid: worker.pid, how }, 'a worker died; another takes its place');
      endsInARow = performance.now() - place.readyAt > STEADY_MS ? 0 : endsInARow + 1;
      void inTurn(place, () => refill(place));
    });
  }

  /** Fills a place that is empty, with longer and longer pauses when that does not work. */
  async function refill(place: Place): Promise<void> {
    while (place.worker === null && !isOver() && places.includes(place)) {
      if (endsInARow >= ENDS_BEFORE_GIVING_UP && !places.some(({ worker }) => worker !== null)) {
        fail(givenUp(`${endsInARow} of them ended one after the other.`));
        return;
      }
      // The first is replaced at once.
      const pause = endsInARow < 2 ? 0 : Math.min(100 * 2 ** (endsInARow - 1), 10_000);
      await setTimeout(pause, undefined, { signal: stop }).catch(() => undefined);
      if (isOver()) return;
      try {
        await fill(place);
      } catch (error) {
        if (isOver()) return;
        endsInARow++;
        log.error({ worker: place.number, reason: (error as Error).message }, 'a worker did not start');
        const never = error instanceof WorkerFailure && error.foreseen;
        if (!never && endsInARow < ENDS_BEFORE_GIVING_UP) continue;
        if (places.some(({ worker }) => worker !== null) && !isStarting) continue;
        fail(givenUp((error as Error).message));
        return;
      }
    }
  }

  function inTurn<T>(place: Place, work: () => Promise<T>): Promise<T> {
    const result = place.busy.then(work);
    place.busy = result.catch(() => undefined);
    return result;
  }

  /** The new worker is ready before the old one ends. */
  async function replace(place: Place, deadline: number): Promise<void> {
    if (isOver() || place.config === config) return;
    const old = place.worker;
    await fill(place);
    if (old !== null) await retire(old, deadline);
  }

  async function retire(worker: WorkerProcess, deadline: number): Promise<void> {
    handOut.remove(worker);
    worker.end(deadline);
    await worker.gone;
  }

  function addPlace(): Place {
    const place: Place = {
      number: places.length + 1,
      worker: null,
      starting: null,
      config: null,
      readyAt: 0,
      busy: Promise.resolve(),
    };
    places.push(place);
    return place;
  }

  let isStarting = true;
  const started = Array.from({ length: workersOf(first) }, addPlace).map((place) => inTurn(place, () => refill(place)));
  try {
    await Promise.race([Promise.all(started), failed]);
  } catch (error) {
    isEnding = true;
    for (const { worker, starting } of places) [worker, starting].forEach((one) => one?.hurry());
    await Promise.all(gone);
    throw error;
  }
  isStarting = false;

  return {
    receive(socket) {
      handOut.give(socket);
    },
    async reload(next) {
      const [previous, deadline] = [config, config.drainTimeout * 1000];
      config = next;
      let replaced = 0;
      try {
        for (const place of [...places]) {
          await inTurn(place, () => replace(place, deadline));
          replaced++;
        }
      } catch (error) {
        config = previous;
        // Some have the new configuration: what they answer must not depend on who is asked.
        for (const place of places.slice(0, replaced)) await inTurn(place, () => replace(place, deadline));
        throw error;
      }
      while (places.length < workersOf(next)) {
        const place = addPlace();
        await inTurn(place, () => refill(place));
      }
      for (const place of places.splice(workersOf(next))) {
        if (place.worker !== null) await retire(place.worker, deadline);
      }
    },
    announce() {
      isDraining = true;
      for (const { worker } of places) worker?.announce();
    },
    async end(deadline, hurry) {
      isEnding = true;
      hurry.addEventListener('abort', () => {
        for (const { worker, starting } of places) [worker, starting].forEach((one) => one?.hurry());
      });
      if (places.some(({ worker }) => worker !== null)) {
        await Promise.race([handOut.settled(), setTimeout(1000, undefined, { signal: hurry }).catch(() => undefined)]);
      }
      for (const { worker, starting } of places) {
        worker?.end(hurry.aborted ? 0 : deadline);
        starting?.hurry();
      }
      await Promise.all(gone);
    },
    admin,
    failed,
  };
}

function givenUp(reason: string): ConfigError {
  return new ConfigError(
    `The workers do not start; given up. ${reason}\nThe log says more. To see one fail alone, start with --workers 1.`,
  );
}

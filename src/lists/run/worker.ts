import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { queueDue, type DueJob } from '../job/due.js';
import type { RunPhase } from '../model.js';
import { attemptFolder, sweepSpool } from '../spool/sweep.js';
import { minute } from '../render.js';
import { attempt, attempts, type AttemptDeps } from './attempt.js';
import { claimRun, giveBack, type LeasedRun } from './lease.js';
import { failureOf, RunStopped } from './retry.js';

export interface WorkerOptions extends Omit<AttemptDeps, 'spoolFolder' | 'onPhase'> {
  readonly host: string;
  /** The folder below which each attempt has one of its own. */
  readonly spool: string;
  /** Runs at a time. */
  readonly runs: number;
  /** Background tasks that start at each look: messages, cleaning. A run does not wait for them, and they do not wait for each other. */
  readonly chores: readonly ((signal: AbortSignal) => Promise<void>)[];
  /** Milliseconds between two looks at the tables. */
  readonly interval?: number;
  /** Seconds for which a run belongs to a process that does not renew it. */
  readonly lease?: number;
}

/** The process' part in the runs of inventory jobs. */
export interface ListWorker {
  /** Looks at once: there may be something to do. */
  poke(): void;
  /**
   * Takes no more runs. A run that is being read is given back at once, one that is being uploaded at the deadline, in milliseconds,
   * or when `hurry` aborts.
   */
  stop(deadline: number, hurry: AbortSignal): Promise<void>;
}

interface Active {
  phase: RunPhase;
  readonly abort: (why: RunStopped['why']) => void;
  readonly ended: Promise<void>;
}

const INTERVAL_MS = 5000;
const LEASE_S = 60;
/** How long a run may take to be given back after it was told to stop. */
const GOODBYE_MS = 3000;

/** Opens nothing and does nothing until the first look, one interval after it was made or when it is poked. */
export function createListWorker(options: WorkerOptions): ListWorker {
  const { pool, log, host, spool, runs, meter, chores, interval = INTERVAL_MS, lease = LEASE_S } = options;
  const worker = randomUUID();
  const active = new Set<Active>();
  let [stopped, again] = [false, false];
  let looking: Promise<void> | null = null;
  const leaving = new AbortController();
  const choresUnderWay = new Map<(signal: AbortSignal) => Promise<void>, Promise<void>>();
  let timer = setTimeout(poke, interval * Math.random()).unref();

  function poke(): void {
    if (stopped) return;
    again = true;
    looking ??= look().finally(() => {
      looking = null;
      if (stopped) return;
      clearTimeout(timer);
      timer = setTimeout(poke, again ? 0 : interval).unref();
    });
  }

  async function look(): Promise<void> {
    again = false;
    doChores();
    try {
      await sweepSpool(pool, spool, worker);
      let jobs: readonly DueJob[];
      do {
        jobs = await queueDue(options);
        for (const job of jobs) told(job);
      } while (jobs.length > 0 && !isStopped());
      while (!isStopped() && active.size < runs) {
        const leased = await claimRun(pool, { worker, host, lease });
        if (leased === null) break;
        if (isStopped()) {
          await giveBack(pool, leased);
          break;
        }
        begin(leased);
      }
    } catch (error) {
      report(error, 'inventory jobs could not be looked at');
    }
  }

  function doChores(): void {
    for (const chore of chores) {
      if (choresUnderWay.has(chore)) continue;
      const done = chore(leaving.signal)
        .catch((error: unknown) => {
          if (!leaving.signal.aborted) report(error, 'a background task of the inventory lists failed');
        })
        .finally(() => choresUnderWay.delete(chore));
      choresUnderWay.set(chore, done);
    }
  }

  function report(error: unknown, what: string): void {
    // The pool has logged a database that is away; the next look is soon.
    const isAway = failureOf(error).kind === 'database';
    log[isAway ? 'debug' : 'error']({ err: error }, what);
  }

  const isStopped = (): boolean => stopped;

  function told({ id, dueAt, passed, superseded, queued }: DueJob): void {
    if (passed > 0) {
      log.warn({ list: id, passed }, `lists ${id}: ${times(passed)} passed while no process ran; one list is made now`);
    }
    if (superseded !== null) {
      meter.ended(id, 'failed');
      log.error(
        { list: id, run: superseded.id, code: 'Superseded' },
        `lists run ${superseded.id} of ${id} failed after ${attempts(superseded.attempt)}: ${superseded.error?.message ?? ''}`,
      );
    }
    if (!queued)
      log.warn(
        { list: id, due_at: minute(dueAt) },
        `lists ${id}: an earlier run is not over; the due time ${minute(dueAt) ?? ''} has no list`,
      );
    if (passed > 0 || !queued) meter.skipped(passed + (queued ? 0 : 1));
  }

  function begin(leased: LeasedRun): void {
    const controller = new AbortController();
    const one: Active = {
      phase: 'reading',
      abort: (why) => {
        controller.abort(new RunStopped(why));
      },
      ended: attempt(
        {
          ...options,
          spoolFolder: attemptFolder(spool, worker, leased.run),
          onPhase: (phase) => (one.phase = phase),
        },
        leased,
        controller.signal,
        (why) => {
          one.abort(why);
        },
      ).finally(() => {
        active.delete(one);
        poke();
      }),
    };
    active.add(one);
  }

  return {
    poke,
    async stop(deadline, hurry) {
      stopped = true;
      clearTimeout(timer);
      leaving.abort();
      for (const one of active) if (one.phase === 'reading') one.abort('leaving');
      const over = Promise.all([looking, ...choresUnderWay.values(), ...[...active].map((one) => one.ended)]);
      const isOver = new AbortController();
      const wait = (ms: number, ...signals: AbortSignal[]): Promise<void> =>
        sleep(ms, undefined, { signal: AbortSignal.any([isOver.signal, ...signals]) }).catch(() => undefined);
      const giveUp = async (): Promise<void> => {
        await wait(deadline, hurry);
        for (const one of active) one.abort('leaving');
        // A database that is away must not keep the process: what cannot be given back comes back with its lease.
        await wait(GOODBYE_MS);
      };
      await Promise.race([over, giveUp()]);
      isOver.abort();
    },
  };
}

function times(count: number): string {
  return `${count} due ${count === 1 ? 'time' : 'times'}`;
}

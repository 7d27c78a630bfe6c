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
  /** The folder below which each attempt has its own folder. */
  readonly spool: string;
  /** The most runs at a time. */
  readonly runs: number;
  /** Background tasks that start at each look: messages, cleaning. Runs do not wait for the tasks, and the tasks do not wait for each other. */
  readonly chores: readonly ((signal: AbortSignal) => Promise<void>)[];
  /** Milliseconds between two looks at the tables. */
  readonly interval?: number;
  /** Seconds for which a run belongs to a process that does not renew its lease. */
  readonly lease?: number;
}

/** Does runs of inventory jobs in this process. */
export interface ListWorker {
  /** Looks for work at once. */
  poke(): void;
  /**
   * Takes no more runs. Gives back a run that is being read at once. Gives back a run that is being uploaded at the deadline, or when
   * `hurry` aborts.
   *
   * @param deadline in milliseconds
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
/** In milliseconds. After the deadline the process waits this long until its runs are given back. */
const GOODBYE_MS = 3000;

/** Creates the worker. It does nothing until its first look, which is within one interval, or when `poke` is called. */
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
    // When the database is unavailable, the pool has logged it already, and the next look is soon.
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
        // An unavailable database must not delay the end of the process. Another process takes over the runs when their leases end.
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

import { randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { runStatement } from '../db/transaction.js';
import { queueDue, type DueJob } from './due.js';
import { claimRun, failAttempt, giveBack, renewLease, type Claim } from './lease.js';
import type { RunPhase } from './model.js';
import { failureOf, retryDelay, RunStopped } from './retry.js';
import { doRun, type Done, type RunDeps } from './run.js';
import { minute } from './view.js';

/** Is told what happens, for the metrics. */
export interface ListMeter {
  /** A run or an attempt ended. */
  ended(list: string, outcome: 'succeeded' | 'failed' | 'retried' | 'given_back' | 'lost', done?: Done): void;
  /** Due times that have no run. */
  skipped(count: number): void;
}

export interface WorkerOptions extends Omit<RunDeps, 'spoolFolder' | 'onPhase'> {
  readonly log: Logger;
  readonly host: string;
  /** The folder below which each attempt has one of its own. */
  readonly spool: string;
  /** Runs at a time. */
  readonly runs: number;
  readonly meter: ListMeter;
  /** Is done at each look beside the runs: messages, cleaning. None keeps a run, or another chore, waiting. */
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
const GOODBYE_MS = 1000;

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
      await sweepSpool(options, worker);
      let jobs: readonly DueJob[];
      do {
        jobs = await queueDue(options);
        for (const job of jobs) told(job);
      } while (jobs.length > 0 && !isStopped());
      while (!isStopped() && active.size < runs) {
        const claim = await claimRun(pool, { worker, host, lease });
        if (claim === null) break;
        if (isStopped()) {
          await giveBack(pool, claim);
          break;
        }
        begin(claim);
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
          if (!leaving.signal.aborted) report(error, 'a chore of the inventory lists failed');
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

  function begin(claim: Claim): void {
    const controller = new AbortController();
    const one: Active = {
      phase: 'reading',
      abort: (why) => {
        controller.abort(new RunStopped(why));
      },
      ended: attempt(
        claim,
        controller.signal,
        (phase) => (one.phase = phase),
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

  async function attempt(
    claim: Claim,
    signal: AbortSignal,
    onPhase: (phase: RunPhase) => void,
    abort: (why: RunStopped['why']) => void,
  ): Promise<void> {
    const { run } = claim;
    const stopKeeping = keepLease(options, claim, abort);
    try {
      const spoolFolder = (): string => path.join(spool, `${worker}.${run.id}`);
      const done = await doRun({ ...options, spoolFolder, onPhase }, claim, signal);
      meter.ended(run.job, 'succeeded', done);
      log.info(
        { list: run.job, run: run.id, ...done },
        `lists run ${run.id} of ${run.job} succeeded: ${summary(done)}`,
      );
    } catch (error) {
      // An abort shows as whatever the work under way makes of it.
      await ended(claim, signal.aborted ? signal.reason : error).catch((problem: unknown) => {
        log.warn(
          { list: run.job, run: run.id, err: problem },
          `lists run ${run.id} of ${run.job}: its end could not be written; its lease brings it back`,
        );
      });
    } finally {
      stopKeeping();
    }
  }

  /** What follows from an attempt that did not succeed. */
  async function ended(claim: Claim, error: unknown): Promise<void> {
    const { run } = claim;
    const [fields, what] = [{ list: run.job, run: run.id }, `lists run ${run.id} of ${run.job}`];
    const failure = failureOf(error);
    if (failure.kind === 'stopped') {
      if (failure.why === 'leaving') await giveBack(pool, claim);
      meter.ended(run.job, failure.why === 'leaving' ? 'given_back' : 'lost');
      log.info(
        fields,
        failure.why === 'leaving' ? `${what} was given back: this process ends` : `${what} was taken over or cancelled`,
      );
      return;
    }
    if (failure.kind === 'database') {
      meter.ended(run.job, 'lost');
      log.warn(
        { ...fields, reason: failure.reason },
        `${what}: attempt ${run.attempt} ended because the database is away; its lease brings it back`,
      );
      return;
    }
    const { code, message, retry, unforeseen } = failure;
    const now = await failAttempt(options, claim, { code, message }, retryDelay(retry, run.attempt));
    if (now === null) {
      meter.ended(run.job, 'lost');
      log.info(fields, `${what} was taken over or cancelled`);
      return;
    }
    meter.ended(run.job, now.state === 'failed' ? 'failed' : 'retried');
    const cause = unforeseen ? { err: error } : {};
    const place = `${code}: ${message} (bucket ${run.settings.destination.bucket})`;
    if (now.state === 'failed') {
      log.error({ ...fields, code, ...cause }, `${what} failed after ${attempts(run.attempt)}: ${place}`);
      return;
    }
    // What an operator has to repair is an error once a run, not once an attempt.
    const isNews = (retry === 'late' || unforeseen) && run.error?.code !== code;
    log[isNews ? 'error' : 'warn'](
      { ...fields, code, attempt: run.attempt, ...cause },
      `${what}: attempt ${run.attempt} failed: ${place}; again at ${now.notBefore?.toISOString().slice(11, 16) ?? ''}`,
    );
  }

  return {
    poke,
    async stop(deadline, hurry) {
      stopped = true;
      clearTimeout(timer);
      leaving.abort();
      for (const one of active) if (one.phase === 'reading') one.abort('leaving');
      const late = (): void => {
        for (const one of active) one.abort('leaving');
      };
      const impatience = setTimeout(late, deadline);
      hurry.addEventListener('abort', late, { once: true });
      if (hurry.aborted) late();
      const over = Promise.all([looking, ...choresUnderWay.values(), ...[...active].map((one) => one.ended)]);
      // A database that is away must not keep the process: what cannot be given back comes back with its lease.
      const isLate = new AbortController();
      const patience = hurry.aborted ? GOODBYE_MS : deadline + GOODBYE_MS;
      await Promise.race([over, sleep(patience, undefined, { signal: isLate.signal }).catch(() => undefined)]);
      isLate.abort();
      clearTimeout(impatience);
      hurry.removeEventListener('abort', late);
    },
  };
}

/** Renews a lease until it is told to stop, and aborts the run when the lease is lost. */
function keepLease({ pool }: Pick<WorkerOptions, 'pool'>, claim: Claim, abort: (why: 'taken') => void): () => void {
  const leaseMs = claim.lease * 1000;
  let [renewedAt, isAsking] = [performance.now(), false];
  const timer = setInterval(() => {
    if (performance.now() - renewedAt > leaseMs) abort('taken');
    if (isAsking) return;
    isAsking = true;
    const asked = performance.now();
    renewLease(pool, claim)
      .then((held) => {
        renewedAt = asked;
        if (!held) abort('taken');
      })
      // A database that is away for less than the lease does no harm.
      .catch(() => undefined)
      .finally(() => (isAsking = false));
  }, leaseMs / 4);
  return () => {
    clearInterval(timer);
  };
}

/**
 * Removes what killed processes of this machine left in the spool: the folders of runs that no process does. Each look does it: the
 * lease of a killed process lasts longer than the next start takes. A folder is made after the run was claimed, so one that is listed
 * before the table is read has its row there.
 */
async function sweepSpool({ pool, spool }: Pick<WorkerOptions, 'pool' | 'spool'>, worker: string): Promise<void> {
  // A folder that cannot be read cannot be written to either; runs say so.
  const names = await readdir(spool).catch(() => []);
  // Others may keep something of their own here.
  const folders = names.filter((name) => /^[0-9a-f-]{36}\.\d+$/.test(name) && !name.startsWith(`${worker}.`));
  if (folders.length === 0) return;
  const text = `select worker || '.' || id as name from list_runs where state = 'running' and lease_until > now()`;
  const { rows } = await runStatement<{ name: string }>(pool, { text }, 'read');
  const alive = new Set(rows.map(({ name }) => name));
  for (const name of folders) if (!alive.has(name)) await rm(path.join(spool, name), { recursive: true, force: true });
}

function summary({ rows, parts, bytes, reading, uploading }: Done): string {
  const seconds = (value: number): string => `${value.toFixed(1)} s`;
  return `${rows} rows, ${parts} ${parts === 1 ? 'part' : 'parts'}, ${(bytes / 1e6).toFixed(1)} MB, reading ${seconds(reading)}, uploading ${seconds(uploading)}`;
}

function times(count: number): string {
  return `${count} due ${count === 1 ? 'time' : 'times'}`;
}

function attempts(count: number): string {
  return `${count} ${count === 1 ? 'attempt' : 'attempts'}`;
}

import type { Logger } from 'pino';
import type { Pool } from '../../db/pool.js';
import { sizeText } from '../../size-text.js';
import { failAttempt, giveBack, renewLease, type LeasedRun } from './lease.js';
import { failureOf, retryDelay, type RunStopped } from './retry.js';
import { doRun, type Done, type RunDeps } from './run.js';

/** Counts the results of runs, for the metrics. */
export interface ListMeter {
  /** A run or an attempt ended. */
  ended(list: string, outcome: 'succeeded' | 'failed' | 'retried' | 'given_back' | 'lost', done?: Done): void;
  /** Due times that have no run. */
  skipped(count: number): void;
}

export interface AttemptDeps extends RunDeps {
  readonly log: Logger;
  readonly meter: ListMeter;
}

/** Does one attempt of a run. Never throws. @param abort is called when the lease is lost */
export async function attempt(
  deps: AttemptDeps,
  leased: LeasedRun,
  signal: AbortSignal,
  abort: (why: RunStopped['why']) => void,
): Promise<void> {
  const { log, meter } = deps;
  const { run } = leased;
  const stopKeeping = keepLease(deps.pool, leased, abort);
  try {
    const done = await doRun(deps, leased, signal);
    meter.ended(run.job, 'succeeded', done);
    log.info({ list: run.job, run: run.id, ...done }, `lists run ${run.id} of ${run.job} succeeded: ${summary(done)}`);
  } catch (error) {
    // Aborted work throws errors of any kind, so the reason of the signal is used instead.
    await ended(deps, leased, signal.aborted ? signal.reason : error).catch((problem: unknown) => {
      log.warn(
        { list: run.job, run: run.id, err: problem },
        `lists run ${run.id} of ${run.job}: its end could not be written; another process takes it over when its lease ends`,
      );
    });
  } finally {
    stopKeeping();
  }
}

/** Handles an attempt that did not succeed. */
async function ended(deps: AttemptDeps, leased: LeasedRun, error: unknown): Promise<void> {
  const { pool, log, meter } = deps;
  const { run } = leased;
  const [fields, what] = [{ list: run.job, run: run.id }, `lists run ${run.id} of ${run.job}`];
  const failure = failureOf(error);
  if (failure.kind === 'stopped') {
    if (failure.why === 'leaving') await giveBack(pool, leased);
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
      `${what}: attempt ${run.attempt} ended because the database is away; another process takes it over when its lease ends`,
    );
    return;
  }
  const { code, message, retry, unforeseen } = failure;
  const now = await failAttempt(deps, leased, { code, message }, retryDelay(retry, run.attempt));
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
  // A failure that an operator has to repair is logged as an error once for each run, and not at each attempt.
  const isNews = (retry === 'late' || unforeseen) && run.error?.code !== code;
  log[isNews ? 'error' : 'warn'](
    { ...fields, code, attempt: run.attempt, ...cause },
    `${what}: attempt ${run.attempt} failed: ${place}; again at ${now.notBefore?.toISOString().slice(11, 16) ?? ''}`,
  );
}

/** Renews a lease, and aborts the run when the lease is lost. Returns a function that stops the renewal. */
function keepLease(pool: Pool, leased: LeasedRun, abort: (why: 'taken') => void): () => void {
  const leaseMs = leased.lease * 1000;
  let [renewedAt, isAsking] = [performance.now(), false];
  const timer = setInterval(() => {
    if (performance.now() - renewedAt > leaseMs) abort('taken');
    if (isAsking) return;
    isAsking = true;
    const asked = performance.now();
    renewLease(pool, leased)
      .then((held) => {
        renewedAt = asked;
        if (!held) abort('taken');
      })
      // The process keeps the run when the database is unavailable for less than the lease.
      .catch(() => undefined)
      .finally(() => (isAsking = false));
  }, leaseMs / 4);
  return () => {
    clearInterval(timer);
  };
}

function summary({ rows, parts, bytes, reading, uploading }: Done): string {
  const seconds = (value: number): string => `${value.toFixed(1)} s`;
  return `${rows} rows, ${parts} ${parts === 1 ? 'part' : 'parts'}, ${sizeText(bytes)}, reading ${seconds(reading)}, uploading ${seconds(uploading)}`;
}

export function attempts(count: number): string {
  return `${count} ${count === 1 ? 'attempt' : 'attempts'}`;
}

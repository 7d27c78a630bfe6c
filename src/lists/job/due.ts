import { withTransaction, type Transaction } from '../../db/transaction.js';
import type { JobSettings, Run } from '../model.js';
import { addMessages, RUN_COLUMNS, runOf, type EndDeps, type RunRow } from '../run/rows.js';
import { duesBefore, latestDue, nextDue } from './schedule.js';

/** A job whose due time has come, and what the service did for it. */
export interface DueJob {
  readonly id: string;
  readonly dueAt: Date;
  /** Number of due times before `dueAt` that passed while no process was looking. */
  readonly passed: number;
  /** The earlier run that was waiting for a retry and has failed now. */
  readonly superseded: Run | null;
  /** False when an earlier run is queued or in progress, so this due time has no run. */
  readonly queued: boolean;
}

const BATCH = 100;

interface DueRow {
  readonly id: string;
  readonly settings: JobSettings;
  readonly next_due: Date;
  readonly now: Date;
}

/**
 * Queues a run for each job whose due time has come. The run is for the latest due time that is not in the future, so after a week
 * without a process a job gets one run, not seven. Only the clock of the database counts. Any number of processes may do this at once:
 * each locks other jobs, and the row of a run is unique for job and due time.
 *
 * @returns at most 100 jobs; the caller calls it again when there are so many
 */
export function queueDue(deps: EndDeps): Promise<readonly DueJob[]> {
  return withTransaction(deps.pool, async (transaction) => {
    const { rows } = await transaction.query<DueRow>({
      name: 'list_due_jobs',
      text: `
        select id, settings, next_due, now() as now from list_jobs where next_due <= now()
        order by next_due, id limit ${BATCH} for update skip locked`,
    });
    if (rows.length === 0) return [];
    const dues = rows.map(({ id, settings: { schedule }, next_due: first, now }) => {
      const dueAt = latestDue(schedule, now);
      return { id, dueAt, next: nextDue(schedule, now), passed: duesBefore(schedule, first, dueAt) };
    });
    const superseded = await supersede(transaction, deps, dues);
    const queued = await insertRuns(transaction, dues);
    return dues.map(({ id, dueAt, passed }) => ({
      id,
      dueAt,
      passed,
      superseded: superseded.get(id) ?? null,
      queued: queued.has(id),
    }));
  });
}

type Due = { readonly id: string; readonly dueAt: Date; readonly next: Date };

/** Ends the runs that wait for a retry, because the next due time has come. */
async function supersede(
  transaction: Pick<Transaction, 'query'>,
  { hooks }: EndDeps,
  dues: readonly Due[],
): Promise<ReadonlyMap<string, Run>> {
  const text = `
    update list_runs r set state = 'failed', not_before = null, finished_at = now(),
      error = jsonb_build_object('code', 'Superseded', 'message',
        'The next due time came before this run could succeed.' || coalesce(' The last failure: ' || (r.error->>'message'), ''))
    where r.job = any($1) and r.state = 'queued' and r.attempt > 0 returning ${RUN_COLUMNS}`;
  const { rows } = await transaction.query<RunRow>({ text, values: [dues.map(({ id }) => id)] });
  const runs = rows.map(runOf);
  for (const run of runs) await addMessages(transaction, hooks, run, 'failed');
  return new Map(runs.map((run) => [run.job, run]));
}

/** Returns the jobs that got a run. */
async function insertRuns(transaction: Pick<Transaction, 'query'>, dues: readonly Due[]): Promise<ReadonlySet<string>> {
  const text = `
    with due as (
      select * from unnest($1::text[], $2::timestamptz[], $3::timestamptz[]) as d (job, due_at, next)
    ), moved as (
      update list_jobs j set next_due = d.next from due d where j.id = d.job
    )
    insert into list_runs (job, due_at, reason, settings, not_before)
    select d.job, d.due_at, 'schedule', j.settings, now() from due d join list_jobs j on j.id = d.job
    on conflict do nothing returning job`;
  const values = [dues.map(({ id }) => id), dues.map(({ dueAt }) => dueAt), dues.map(({ next }) => next)];
  const { rows } = await transaction.query<{ job: string }>({ text, values });
  return new Set(rows.map(({ job }) => job));
}

import type { Job, Run } from './model.js';

/** Jobs and runs as clients see them (docs/contract/inventory-lists.md#routes). */

export function jobDocument({ id, settings, ...job }: Job, source: string): object {
  const { enabled, filter, included_versions, optional_fields, schedule, destination, keep_days, notify } = settings;
  return {
    id,
    enabled,
    filter,
    included_versions,
    optional_fields,
    schedule,
    destination,
    keep_days,
    notify,
    source,
    created_at: time(job.createdAt),
    updated_at: time(job.updatedAt),
    next_run_at: minute(job.nextDue),
    last_run: job.lastRun === null ? null : runSummary(job.lastRun),
    running: job.lastRun !== null && ['queued', 'running'].includes(job.lastRun.state),
  };
}

/** A run without its files. */
export function runSummary(run: Run): object {
  return {
    run: run.id,
    list: run.job,
    state: run.state,
    reason: run.reason,
    due_at: minute(run.dueAt),
    attempt: run.attempt,
    started_at: time(run.startedAt),
    taken_at: time(run.takenAt),
    finished_at: time(run.finishedAt),
    rows: run.rows,
    bytes: run.bytes,
    parts: run.state === 'succeeded' ? run.files.length : null,
    phase: run.phase,
    host: run.host,
    warnings: run.warnings,
    error: run.error === null ? null : { ...run.error, retry_at: run.state === 'queued' ? time(run.notBefore) : null },
    manifest: run.manifestKey === null ? null : { bucket: run.settings.destination.bucket, key: run.manifestKey },
  };
}

export function runDocument(run: Run): object {
  return { ...runSummary(run), files: run.files };
}

/** RFC 3339, UTC, with milliseconds. */
function time(date: Date | null): string | null {
  return date?.toISOString() ?? null;
}

/** RFC 3339, UTC, without milliseconds, because due times are whole minutes. */
export function minute(date: Date | null): string | null {
  return date?.toISOString().replace(/\.000Z$/, 'Z') ?? null;
}

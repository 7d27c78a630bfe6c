/**
 * Inventory lists (docs/adr/0015): jobs, their runs, what each attempt of a run may have left in a bucket, and the messages to
 * hooks. Runs have no foreign key to jobs: they outlive them.
 *
 * @param {import('knex').Knex} knex
 */
export async function up(knex) {
  await knex.raw(`
    create table list_jobs (
      -- By bytes, so that a page of jobs ends at the same place for every client.
      id          text collate "C" primary key check (id ~ '^[A-Za-z0-9_.-]{1,64}$'),
      settings    jsonb not null,
      enabled     boolean not null,
      -- Null when disabled.
      next_due    timestamptz check (enabled = (next_due is not null)),
      revision    integer not null default 1,
      created_at  timestamptz not null default now(),
      updated_at  timestamptz not null default now(),
      created_by  jsonb
    );
    create index list_jobs_next_due_idx on list_jobs (next_due) where next_due is not null;

    create table list_runs (
      id              bigint generated always as identity primary key,
      job             text collate "C" not null,
      due_at          timestamptz not null,
      reason          text not null check (reason in ('schedule', 'first', 'request')),
      -- The job's settings when the run was queued: setting the job anew does not change a run.
      settings        jsonb not null,
      state           text not null default 'queued' check (state in ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
      phase           text check (phase in ('reading', 'uploading', 'publishing')),
      attempt         integer not null default 0,
      queued_at       timestamptz not null default now(),
      not_before      timestamptz,
      worker          uuid,
      host            text,
      lease_until     timestamptz,
      started_at      timestamptz,
      taken_at        timestamptz,
      finished_at     timestamptz,
      rows            bigint,
      bytes           bigint,
      files           jsonb not null default '[]',
      -- The key of manifest.json as a reader of the bucket sees it.
      manifest_key    text,
      -- The bytes of manifest.json, for the cleaner.
      manifest        text,
      warnings        jsonb not null default '[]',
      error           jsonb,
      -- Its list is to be removed from the bucket, and when it was.
      remove          boolean not null default false,
      removed_at      timestamptz,
      -- When the cleaner may try again after the bucket refused it, and how often it was refused.
      clean_after     timestamptz,
      clean_failures  integer not null default 0,
      constraint list_runs_due_key unique (job, due_at)
    );
    create unique index list_runs_active_key on list_runs (job) where state in ('queued', 'running');
    create index list_runs_job_idx on list_runs (job, id desc);
    create index list_runs_succeeded_idx on list_runs (job, id desc) where state = 'succeeded';
    create index list_runs_remove_idx on list_runs (id) where remove and removed_at is null;

    create table list_attempts (
      run         bigint not null references list_runs (id) on delete cascade,
      attempt     integer not null,
      uuid        uuid not null,
      -- The name of a [list_bucket:...], and what the manifest's path begins with there.
      bucket      text not null,
      base        text not null,
      host        text not null,
      -- Parts that were sent completely; one more may be there.
      parts       integer not null default 0,
      at          timestamptz not null default now(),
      cleaned_at  timestamptz,
      primary key (run, attempt)
    );
    create index list_attempts_uncleaned_idx on list_attempts (run) where cleaned_at is null;

    create table list_messages (
      id          uuid primary key default gen_random_uuid(),
      run         bigint not null references list_runs (id) on delete cascade,
      hook        text not null,
      event       text not null,
      attempts    integer not null default 0,
      -- Null when it was received or given up.
      not_before  timestamptz default now(),
      sent_at     timestamptz,
      last_error  text
    );
    create index list_messages_due_idx on list_messages (not_before) where not_before is not null;
    create index list_messages_run_idx on list_messages (run);

    -- Rows to lock for what only one process does at a time: a lock of a session would stay behind in a pooler.
    create table list_locks (
      name    text primary key,
      holder  uuid,
      until   timestamptz not null default '-infinity'
    );
    insert into list_locks (name) values ('jobs'), ('clean');
  `);
}

import type { NounDocs } from '../../http/operation-docs.js';
import type { Schema } from '../../http/validate.js';
import { OPTIONAL_FIELDS, RUN_STATES } from '../../lists/model.js';
import { WEEKDAYS } from '../../lists/job/schedule.js';
import { jobSchema } from '../../lists/job/settings.js';
import { amount, closed, orNull } from '../shapes.js';
import { deleteQuery, jobListQuery, runListQuery } from './schema.js';

const said = (description: string, schema: Schema): Schema => ({ ...schema, description });
const text: Schema = { type: 'string' };
const id = said('Id of the inventory job.', { type: 'string', pattern: '^[A-Za-z0-9_.-]{1,64}$' });
const time: Schema = {
  type: 'string',
  format: 'date-time',
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}[.][0-9]{3}Z$',
};
const minute: Schema = { type: 'string', format: 'date-time', pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{5}:00Z$' };
const texts: Schema = { type: 'array', items: text };

const summary = {
  run: said('Number of the run.', amount(1)),
  list: id,
  state: said('How far it is.', { enum: [...RUN_STATES] }),
  reason: said('Why there is this run: it was due, the job was new or enabled, or a client asked for it.', {
    enum: ['schedule', 'first', 'request'],
  }),
  due_at: said('The minute of the list in its path.', minute),
  attempt: said('Attempts that have begun.', amount(0)),
  started_at: said('When the last attempt began.', orNull(time)),
  taken_at: said('The moment whose inventories the list shows.', orNull(time)),
  finished_at: orNull(time),
  rows: said('Rows of the list; while it is being read, those that were read.', orNull(amount(0))),
  bytes: said('Size of all parts.', orNull(amount(0))),
  parts: said('Files of the list without its manifest.', orNull(amount(0))),
  phase: said('What a run in progress does.', { enum: ['reading', 'uploading', 'publishing', null] }),
  host: said('The machine of the last attempt.', orNull(text)),
  warnings: texts,
  error: said('Why the last attempt failed.', {
    oneOf: [
      { type: 'null' },
      closed({
        code: said("The code of the store, or one of Stockroom's own.", text),
        message: text,
        retry_at: said('When the next attempt begins.', orNull(time)),
      }),
    ],
  }),
  manifest: said('Where manifest.json is, once the run has succeeded.', {
    oneOf: [{ type: 'null' }, closed({ bucket: text, key: text })],
  }),
};
const runSummary = closed(summary);
const run = closed({
  ...summary,
  files: said('The parts of the list in their order.', {
    type: 'array',
    items: closed({ key: text, size: amount(1), md5: { type: 'string', pattern: '^[0-9a-f]{32}$' }, rows: amount(1) }),
  }),
});

const job = closed({
  id,
  enabled: said('Whether it is due at its times.', { type: 'boolean' }),
  filter: said('Which keys are listed; null for all.', { oneOf: [{ type: 'null' }, closed({ prefix: text })] }),
  included_versions: { enum: ['current', 'all'] },
  optional_fields: said('The columns of the list beside Bucket and Key.', {
    type: 'array',
    items: { enum: [...OPTIONAL_FIELDS] },
  }),
  schedule: said(
    'Due times, UTC.',
    closed(
      {
        frequency: { enum: ['daily', 'weekly'] },
        at: { type: 'string', pattern: '^[0-9]{2}:[0-9]{2}$' },
        day: { enum: [...WEEKDAYS] },
      },
      { optional: ['day'] },
    ),
  ),
  destination: said(
    'Where lists are written.',
    closed({
      bucket: text,
      prefix: text,
      format: { enum: ['csv', 'parquet'] },
      encryption: {
        oneOf: [
          { type: 'null' },
          closed({ type: { const: 'sse-s3' } }),
          closed({ type: { const: 'sse-kms' }, key_id: orNull(text) }),
        ],
      },
    }),
  ),
  keep_days: said('Days after which a list is removed; null for never.', orNull(amount(1))),
  notify: said('Hooks that are told of the ends of its runs.', texts),
  source: said('The name of this service in lists.', text),
  created_at: time,
  updated_at: time,
  next_run_at: said('The next due time; null when disabled.', orNull(minute)),
  last_run: said('The newest run, without its files.', { oneOf: [{ type: 'null' }, runSummary] }),
  running: said('Whether a run is queued or in progress.', { type: 'boolean' }),
});

const NO_JOB = 'There is no such inventory job (`stockroom.lists.not_found`).';
const NO_RUN = 'There is no such job or run (`stockroom.lists.not_found`).';
const limitOf = (standard: number) => ({
  about: `How many at most, 1 to 1,000; ${standard} without it.`,
  example: '10',
});

export const listDocs: NounDocs = {
  'GET /stockroom/lists': {
    id: 'listInventoryJobs',
    summary: 'List inventory jobs',
    about:
      'In the order of their ids. A job that is set or deleted meanwhile is seen or not; no other is lost or comes twice.',
    query: () => jobListQuery,
    parameters: {
      limit: limitOf(100),
      after: { about: 'The `next` of the response before.', example: 'bmlnaHRseQ' },
    },
    responses: {
      200: {
        about: 'The jobs; `next` is null at the end.',
        body: closed({
          lists: said('Inventory jobs.', { type: 'array', items: job }),
          next: said('For `after`, to read on.', orNull(text)),
        }),
        cached: 'dated',
      },
    },
    errors: { 400: 'A parameter is not known or malformed.' },
  },
  'GET /stockroom/lists/:id': {
    id: 'showInventoryJob',
    summary: 'Show an inventory job',
    about: 'What was set, with the defaults, and how its newest run went.',
    responses: { 200: { about: 'The job.', body: job, cached: 'dated' } },
    errors: { 404: NO_JOB },
  },
  'PUT /stockroom/lists/:id': {
    id: 'setInventoryJob',
    summary: 'Set an inventory job',
    about:
      'Replaces the whole job: what is not given has its default. A job that is new or becomes enabled gets a run at once. A run in progress goes on as it began. ' +
      '`if-none-match: *` does not replace a job. There can be 1,000 jobs.',
    body: () => jobSchema,
    responses: {
      200: { about: 'The job was there and is replaced.', body: job, cached: 'dated' },
      201: { about: 'The job is new.', body: job, cached: 'dated' },
    },
    errors: {
      400: 'The body is not a job (`stockroom.lists.invalid`; the message names the member, what is possible and what came), or there are too many jobs (`stockroom.lists.too_many`).',
      409: 'The job is there already, and `if-none-match: *` was sent (`stockroom.lists.exists`).',
    },
  },
  'DELETE /stockroom/lists/:id': {
    id: 'deleteInventoryJob',
    summary: 'Delete an inventory job',
    about:
      'Cancels a run in progress. Lists that were written stay, unless `lists=delete` is asked for: then they are removed in the background.',
    query: () => deleteQuery,
    parameters: { lists: { about: '`delete`: remove its lists, too; `keep`, the default, not.', example: 'keep' } },
    responses: { 204: { about: 'It is gone.' } },
    errors: { 400: 'A parameter is not known or malformed.', 404: NO_JOB },
  },
  'GET /stockroom/lists/:id/runs': {
    id: 'listInventoryRuns',
    summary: 'List the runs of an inventory job',
    about: 'The newest first, without their files. Runs of a job that was deleted are still there.',
    query: () => runListQuery,
    parameters: { limit: limitOf(20), before: { about: 'Only runs with a smaller number.', example: '812' } },
    responses: {
      200: {
        about: 'The runs.',
        body: closed({ runs: said('Runs, the newest first.', { type: 'array', items: runSummary }) }),
        cached: 'dated',
      },
    },
    errors: { 400: 'A parameter is not known or malformed.', 404: NO_JOB },
  },
  'POST /stockroom/lists/:id/runs': {
    id: 'runInventoryJob',
    summary: 'Run an inventory job now',
    about: 'Also when it is disabled. Takes no body.',
    responses: { 202: { about: 'The run is queued.', body: run, location: true, cached: 'dated' } },
    errors: { 404: NO_JOB, 409: 'A run of the job is queued or in progress (`stockroom.lists.running`).' },
  },
  'GET /stockroom/lists/:id/runs/:run': {
    id: 'showInventoryRun',
    summary: 'Show a run of an inventory job',
    about: '`latest` is the newest run that succeeded: where the newest list is.',
    responses: { 200: { about: 'The run.', body: run, cached: 'dated' } },
    errors: { 404: NO_RUN },
  },
  'POST /stockroom/lists/:id/runs/:run/cancel': {
    id: 'cancelInventoryRun',
    summary: 'Cancel a run of an inventory job',
    about: 'A run that has ended stays as it is. Takes no body.',
    responses: { 200: { about: 'The run as it is now.', body: run, cached: 'dated' } },
    errors: { 404: NO_RUN },
  },
  'GET /stockroom/lists/:id/runs/:run/files/:name': {
    id: 'readInventoryFile',
    summary: 'Read a file of a list',
    about:
      '`manifest.json`, `manifest.checksum`, or a part by the last name of its key. Only of a list in a folder of the machine that responds; ranges and conditions as in HTTP.',
    responses: {
      200: {
        about: 'The file.',
        files: ['application/gzip', 'application/vnd.apache.parquet', 'application/json', 'text/plain'],
        cached: 'dated',
      },
      206: {
        about: 'The part of it that was asked for.',
        files: ['application/gzip', 'application/vnd.apache.parquet', 'application/json', 'text/plain'],
        cached: 'dated',
      },
      304: { about: 'The client has it.', cached: 'dated' },
    },
    errors: {
      404: 'There is no such job, run or file, or the file is elsewhere; the message says where (`stockroom.lists.not_found`).',
      416: 'No byte of the range is in the file.',
    },
  },
  'GET /stockroom/list_buckets': {
    id: 'listInventoryBuckets',
    summary: 'List what inventory jobs may write to',
    about: 'The buckets and hooks of the configuration by name, without addresses, keys and paths.',
    responses: {
      200: {
        about: 'Buckets and hooks.',
        body: closed({
          buckets: said('What `destination.bucket` may name.', {
            type: 'array',
            items: closed(
              {
                name: text,
                type: { enum: ['folder', 's3'] },
                here: said('Of a folder: whether this machine has it.', { type: 'boolean' }),
                default: said('The bucket of jobs that name none.', { const: true }),
                encryption: said('What jobs may ask for; the first is the default.', {
                  type: 'array',
                  items: { enum: ['none', 'sse-s3', 'sse-kms'] },
                }),
              },
              { optional: ['here', 'default'] },
            ),
          }),
          hooks: said('What `notify` may name.', texts),
        }),
        cached: 'dated',
      },
    },
    errors: {},
  },
};

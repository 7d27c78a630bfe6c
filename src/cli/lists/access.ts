import type { OptionalField } from '../../lists/model.js';
import { listsOptions, type ListsContext } from '../../lists/options.js';
import { deleteJob, getJob, listJobs, setJob } from '../../lists/job/rows.js';
import { cancelRun, getRun, listRuns, requestRun } from '../../lists/run/rows.js';
import { settingsOf } from '../../lists/job/settings.js';
import { jobDocument, runDocument, runSummary } from '../../lists/render.js';
import { UsageError, type CommandLine } from '../../config/arguments.js';
import type { Config } from '../../config.js';
import { openPool } from '../../db/database.js';
import { ApiError } from '../../errors.js';
import { createLog } from '../../ops/log.js';
import { sendToService, type ServiceResponse } from '../ask-service.js';
import { complain } from '../command.js';
import { withDatabase } from '../database.js';
import { failureText } from '../../failure-text.js';

/** The members of a job in the API that the commands use. */
export interface JobDocument {
  readonly id: string;
  readonly enabled: boolean;
  readonly schedule: { readonly frequency: string; readonly at: string; readonly day?: string };
  readonly included_versions: 'current' | 'all';
  readonly optional_fields: readonly OptionalField[];
  readonly destination: { readonly bucket: string; readonly format: 'csv' | 'parquet' };
  readonly updated_at: string;
  readonly next_run_at: string | null;
  readonly last_run: RunDocument | null;
}

export interface RunDocument {
  readonly run: number;
  readonly list: string;
  readonly state: 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';
  readonly reason: string;
  readonly due_at: string;
  readonly attempt: number;
  readonly started_at: string | null;
  readonly finished_at: string | null;
  readonly rows: number | null;
  readonly bytes: number | null;
  readonly parts: number | null;
  readonly phase: string | null;
  readonly error: { readonly code: string; readonly message: string; readonly retry_at: string | null } | null;
  readonly manifest: { readonly bucket: string; readonly key: string } | null;
  readonly files?: readonly { readonly key: string }[];
}

/** The access of the commands to jobs and runs: through a service over HTTP, or through the database. */
export interface ListsAccess {
  list(): Promise<readonly JobDocument[]>;
  show(id: string): Promise<JobDocument>;
  set(id: string, body: object): Promise<{ job: JobDocument; created: boolean }>;
  remove(id: string, withLists: boolean): Promise<void>;
  run(id: string): Promise<RunDocument>;
  runs(id: string): Promise<readonly RunDocument[]>;
  showRun(id: string, run: number | 'latest'): Promise<RunDocument>;
  cancel(id: string, run: number): Promise<RunDocument>;
}

const PAGE = 1000;

/** The exit codes in addition to 0, and to 2 for wrong usage. */
const FAILED = 1;
const NOT_ASKED = 3;

/** Runs work with the lists of a service (`--url`) or of the database, and returns the exit code. */
export async function withLists(
  config: Config,
  { values }: CommandLine,
  work: (lists: ListsAccess) => Promise<number>,
): Promise<number> {
  const url = values.get('url');
  try {
    return await (url === undefined ? inDatabase(config, work) : work(ofService(url, config.token)));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (!(error instanceof ApiError)) {
      complain(failureText(error, config));
      return NOT_ASKED;
    }
    if (error.status === 400) throw new UsageError(error.message);
    complain(error.message);
    return error.status < 500 && error.status !== 401 ? FAILED : NOT_ASKED;
  }
}

function inDatabase(config: Config, work: (lists: ListsAccess) => Promise<number>): Promise<number> {
  return withDatabase(config, async (connection) => {
    const pool = openPool(config, connection, createLog('silent'));
    try {
      return await work(ofDatabase({ ...listsOptions(config), pool, poke: () => undefined }));
    } finally {
      await pool.close();
    }
  });
}

function ofDatabase(parts: ListsContext): ListsAccess {
  const shown = (document: object): JobDocument => document as JobDocument;
  return {
    async list() {
      const { jobs } = await listJobs(parts, { after: null, limit: PAGE });
      return jobs.map((job) => shown(jobDocument(job, parts.source)));
    },
    show: async (id) => shown(jobDocument(await getJob(parts, id), parts.source)),
    async set(id, body) {
      const { job, created } = await setJob(parts, id, settingsOf(body, id, parts));
      return { job: shown(jobDocument(job, parts.source)), created };
    },
    remove: (id, withLists) => deleteJob(parts, id, { withLists }),
    run: async (id) => runDocument(await requestRun(parts, id)) as RunDocument,
    runs: async (id) =>
      (await listRuns(parts.pool, id, { limit: 20, before: null })).map((run) => runSummary(run) as RunDocument),
    showRun: async (id, run) => runDocument(await getRun(parts, id, String(run))) as RunDocument,
    cancel: async (id, run) => runDocument(await cancelRun(parts, id, String(run))) as RunDocument,
  };
}

function ofService(url: string, token: string | null): ListsAccess {
  const ask = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<ServiceResponse> =>
    sendToService(url, token, {
      method,
      target: `/stockroom/lists${path}`,
      version: 'latest',
      ...(body === undefined ? {} : { body }),
    });
  const of = (id: string): string => `/${encodeURIComponent(id)}`;
  return {
    list: async () => ((await ask('GET', `?limit=${PAGE}`)).document as { lists: JobDocument[] }).lists,
    show: async (id) => (await ask('GET', of(id))).document as JobDocument,
    async set(id, body) {
      const { status, document } = await ask('PUT', of(id), body);
      return { job: document as JobDocument, created: status === 201 };
    },
    async remove(id, withLists) {
      await ask('DELETE', `${of(id)}${withLists ? '?lists=delete' : ''}`);
    },
    run: async (id) => (await ask('POST', `${of(id)}/runs`)).document as RunDocument,
    runs: async (id) => ((await ask('GET', `${of(id)}/runs`)).document as { runs: RunDocument[] }).runs,
    showRun: async (id, run) => (await ask('GET', `${of(id)}/runs/${run}`)).document as RunDocument,
    cancel: async (id, run) => (await ask('POST', `${of(id)}/runs/${run}/cancel`)).document as RunDocument,
  };
}

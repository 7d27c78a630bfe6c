import type { Identity } from '../../auth/identity.js';
import { ApiError } from '../../errors.js';
import { deleteJob, getJob, listJobs, setJob } from '../job/rows.js';
import type { JobSettings } from '../model.js';
import type { ListsContext } from '../options.js';
import { requestRun } from '../run/rows.js';
import { settingsOf } from '../job/settings.js';
import { readConfiguration, type Configuration } from './configuration-read.js';
import { writeBuckets, writeConfiguration, writeConfigurations, writeRun } from './configuration-write.js';
import { invalidArgument, malformedXml, notImplemented } from './error.js';
import type { Operation } from './request.js';
import type { Dialect } from './signature/signed-request.js';

export interface DialectResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** XML. */
  readonly body?: string;
}

interface Context {
  readonly dialect: Dialect;
  readonly identity: Identity;
  readonly body: Buffer;
  readonly lists: ListsContext;
}

/** The stores have the same number of configurations on a page. */
const PAGE = 100;

/** Returns the policy rule of an operation. It is the rule of the native route that does the same. */
export function ruleOf({ kind }: Operation): string {
  switch (kind) {
    case 'get job':
      return 'stockroom:lists:show';
    case 'set job':
      return 'stockroom:lists:set';
    case 'delete job':
      return 'stockroom:lists:delete';
    case 'run job':
      return 'stockroom:lists:run';
    case 'list buckets':
    case 'head bucket':
    case 'list jobs':
      return 'stockroom:lists:list';
  }
}

/** @throws DialectError, ApiError */
export async function perform(operation: Operation, context: Context): Promise<DialectResponse> {
  const { dialect, lists, identity, body } = context;
  switch (operation.kind) {
    case 'list buckets':
      return { status: 200, body: writeBuckets(lists.source, identity.projectId ?? identity.userId, dialect) };
    case 'head bucket':
      return { status: 200 };
    case 'get job':
      return { status: 200, body: writeConfiguration(await getJob(lists, operation.id), dialect, lists.buckets) };
    case 'list jobs': {
      const after = operation.token === null ? null : idOfToken(operation.token);
      const { jobs, next } = await listJobs(lists, { after, limit: PAGE });
      const token = next === null ? null : tokenOfId(next);
      return { status: 200, body: writeConfigurations(jobs, operation.token, token, dialect, lists.buckets) };
    }
    case 'set job':
      await set(operation, context);
      lists.poke();
      return { status: 200 };
    case 'delete job':
      await deleteJob(lists, operation.id);
      return { status: 204 };
    case 'run job': {
      if (body.length > 0) {
        throw notImplemented('A run with a configuration of its own is not known: send an empty body to run the job.');
      }
      const run = await requestRun(lists, operation.id);
      lists.poke();
      return { status: 200, body: writeRun(run.id, dialect) };
    }
  }
}

async function set(
  { id, onlyNew }: Operation & { kind: 'set job' },
  { dialect, identity, body, lists }: Context,
): Promise<void> {
  const configuration = readConfiguration(
    utf8(body),
    lists.buckets.map(({ name }) => name),
  );
  if (configuration.id !== id) {
    throw invalidArgument(`The Id of the configuration is ${configuration.id}, that of the URL is ${id}.`);
  }
  const present = await presentSettings(lists, id);
  const sent = { ...configuration.foreign, bucket: configuration.destination.bucket };
  const foreign = { ...present?.foreign, [dialect]: sent };
  const settings = settingsOf(bodyOf(configuration, present), id, lists, foreign);
  await setJob(lists, id, settings, { onlyNew, by: { user_id: identity.userId, project_id: identity.projectId } });
}

async function presentSettings(lists: ListsContext, id: string): Promise<JobSettings | null> {
  try {
    return (await getJob(lists, id)).settings;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

/** Returns the native form of a configuration. Settings that no dialect can express stay as they are. */
function bodyOf(
  { enabled, prefix, versions, fields, frequency, destination }: Configuration,
  present: JobSettings | null,
): object {
  const { bucket, prefix: folder, format, encryption } = destination;
  const { at, day } = present?.schedule ?? {};
  return {
    enabled,
    filter: prefix === null ? null : { prefix },
    included_versions: versions,
    optional_fields: fields,
    schedule: {
      frequency,
      ...(at === undefined ? {} : { at }),
      ...(day === undefined || frequency === 'daily' ? {} : { day }),
    },
    destination: { bucket, prefix: folder, format, ...(encryption === undefined ? {} : { encryption }) },
    ...(present === null ? {} : { keep_days: present.keep_days, notify: present.notify }),
  };
}

function utf8(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw malformedXml('The body is not valid UTF-8.');
  }
}

function tokenOfId(id: string): string {
  return Buffer.from(id).toString('base64url');
}

function idOfToken(token: string): string {
  const id = Buffer.from(token, 'base64url').toString('latin1');
  if (/^[A-Za-z0-9_.-]{1,64}$/.test(id) && tokenOfId(id) === token) return id;
  throw invalidArgument('The continuation-token is not one that a list has returned.');
}

import { UsageError, type CommandLine } from '../../config/arguments.js';
import type { Config } from '../../config.js';
import { openPool } from '../../db/database.js';
import type { Pool } from '../../db/pool.js';
import { runStatement } from '../../db/transaction.js';
import { ApiError } from '../../errors.js';
import { failureText } from '../../failure-text.js';
import type { ChangesPage } from '../../history/model.js';
import { createHistoryReader } from '../../history/reader.js';
import { parseQuery } from '../../http/query.js';
import { isUuidLike } from '../../http/validate.js';
import { createLog } from '../../ops/log.js';
import { parseChangesQuery } from '../../resources/changes/query.js';
import { askService } from '../ask-service.js';
import { complain, say, type Command } from '../command.js';
import { withDatabase } from '../database.js';
import { changeText } from './text.js';

/** Reads a page of the stream, and finds a provider by its name. */
interface Source {
  page(query: URLSearchParams): Promise<ChangesPage>;
  providerOf(name: string): Promise<string | null>;
}

const NEWEST = 20;
const WAIT_SECONDS = 30;

/** `stockroom changes` */
export const command: Command = {
  help:
    'Asks the service at --url with the token in OS_TOKEN, otherwise the database of the configuration. Exit code: 0 done; 2 wrong usage, or the request is rejected; 3 neither the ' +
    'service nor the database could be asked; 4 the cursor of --since is not kept any more.',
  async run({ config }, commandLine) {
    if (commandLine.switches.has('newest') && commandLine.switches.has('follow'))
      throw new UsageError('--newest and --follow exclude each other.');
    try {
      await withSource(config, commandLine, (source) => show(source, commandLine));
      return 0;
    } catch (error) {
      if (error instanceof UsageError) throw error;
      complain(error instanceof ApiError ? error.message : failureText(error, config));
      if (!(error instanceof ApiError) || error.status >= 500) return 3;
      return error.status === 410 ? 4 : 2;
    }
  },
};

async function show(source: Source, { values, switches }: CommandLine): Promise<void> {
  const isNewest = switches.has('newest');
  const isFollowed = switches.has('follow');
  const place = isNewest ? 'before' : 'since';
  const query = new URLSearchParams(isNewest ? { order: 'newest' } : {});
  for (const name of ['consumer', 'request', 'kind', 'since']) {
    const value = values.get(name);
    if (value !== undefined) query.set(name, value);
  }
  const provider = values.get('provider');
  if (provider !== undefined) query.set('provider', await uuidOf(source, provider));
  let left = limitOf(values.get('limit'), isNewest ? NEWEST : Infinity);
  if (isFollowed) query.set('wait', String(WAIT_SECONDS));
  while (left > 0) {
    query.set('limit', String(Math.min(left, 1000)));
    const { changes, next, more } = await source.page(query);
    for (const change of changes) say(switches.has('json') ? JSON.stringify(change) : changeText(change));
    left -= changes.length;
    if (!more && !isFollowed) return;
    query.set(place, next);
  }
}

function limitOf(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`--limit needs a number of 1 or more, got '${text}'.`);
  return Number(text);
}

/** A deleted provider has only its uuid. */
async function uuidOf(source: Source, provider: string): Promise<string> {
  if (isUuidLike(provider)) return provider;
  const uuid = await source.providerOf(provider);
  if (uuid === null)
    throw new UsageError(
      `--provider: there is no provider called '${provider}'. One that was removed is found by its UUID.`,
    );
  return uuid;
}

function withSource<T>(config: Config, { values }: CommandLine, use: (source: Source) => Promise<T>): Promise<T> {
  const url = values.get('url');
  if (url !== undefined) {
    const ask = async <D>(target: string): Promise<D> =>
      (await askService(url, config.token, { target, version: null })) as D;
    return use({
      page: (query) => ask<ChangesPage>(`/stockroom/changes?${query.toString()}`),
      async providerOf(name) {
        const search = new URLSearchParams({ name }).toString();
        const found = await ask<{ resource_providers: { uuid: string }[] }>(`/resource_providers?${search}`);
        return found.resource_providers[0]?.uuid ?? null;
      },
    });
  }
  return withDatabase(config, async (connection) => {
    const pool = openPool(config, connection, createLog('silent'));
    try {
      return await use(sourceOf(pool));
    } finally {
      await pool.close();
    }
  });
}

function sourceOf(pool: Pool): Source {
  const history = createHistoryReader(pool, () => false);
  return {
    page(query) {
      const asked = parseChangesQuery(parseQuery(query.toString()));
      return asked.order === 'oldest' ? history.follow(asked, () => false) : history.look(asked);
    },
    async providerOf(name) {
      const query = { text: 'select uuid from resource_providers where name = $1', values: [name] };
      return (await runStatement<{ uuid: string }>(pool, query, 'read')).rows[0]?.uuid ?? null;
    },
  };
}

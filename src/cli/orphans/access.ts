import type { CommandLine } from '../../config/arguments.js';
import type { Config } from '../../config.js';
import { openPool } from '../../db/database.js';
import { unknownClassInAllocations } from '../../errors.js';
import type { CommandAuthor } from '../../history/author.js';
import { createHistoryReader } from '../../history/reader.js';
import { negotiate } from '../../http/microversions.js';
import { createClaimWriter } from '../../ledger/claims.js';
import { removeUnchanged, type Removal } from '../../ledger/write.js';
import { createLog } from '../../ops/log.js';
import { toClaims } from '../../resources/allocations/parse.js';
import { manageBody, type ConsumersBody } from '../../resources/allocations/schema.js';
import { parseOrphansQuery } from '../../resources/orphans/parse.js';
import { report } from '../../resources/orphans/route.js';
import type { OrphansDocument } from '../../resources/orphans/render.js';
import { askService } from '../ask-service.js';
import { withDatabase } from '../database.js';

/** The access of the command to the data: through a service over HTTP, or through the database of the configuration. */
export interface OrphansAccess {
  find(body: object): Promise<OrphansDocument>;
  /** At most 1,000 at a time. */
  remove(consumers: readonly Deletion[]): Promise<readonly Removed[]>;
  /** POST /allocations. */
  putBack(body: ConsumersBody, version: string): Promise<void>;
}

export interface Deletion {
  readonly consumer: string;
  readonly consumer_generation: number;
}

export interface Removed {
  readonly consumer: string;
  readonly result: Removal['result'];
  readonly allocations: Removal['allocations'];
}

/** @throws UsageError; ApiError for a rejection; errors of the database */
export function withOrphans<T>(
  config: Config,
  { values }: CommandLine,
  work: (access: OrphansAccess) => Promise<T>,
): Promise<T> {
  const url = values.get('url');
  if (url !== undefined) return work(ofService(url, config.token));
  return withDatabase(config, async (connection) => {
    const pool = openPool(config, connection, createLog('silent'));
    try {
      const history = createHistoryReader(pool, () => false);
      await history.mark();
      return await work(ofDatabase(config, pool, history.isKept() ? AUTHOR : null));
    } finally {
      await pool.close();
    }
  });
}

/** The author of the changes in the history. */
const AUTHOR: CommandAuthor = { command: 'stockroom audit orphans' };

function ofService(url: string, token: string | null): OrphansAccess {
  const ask = (target: string, body: object, version: string | null = null): Promise<unknown> =>
    askService(url, token, { target, version, body });
  return {
    find: async (body) => (await ask('/stockroom/orphans', body)) as OrphansDocument,
    async remove(consumers) {
      const { results } = (await ask('/stockroom/orphans/delete', { consumers })) as { results: readonly Removed[] };
      return results;
    },
    async putBack(body, version) {
      await ask('/allocations', body, version);
    },
  };
}

function ofDatabase(
  { incompleteConsumerProjectId: projectId, incompleteConsumerUserId: userId }: Config,
  pool: ReturnType<typeof openPool>,
  author: CommandAuthor | null,
): OrphansAccess {
  const writeClaims = createClaimWriter(pool);
  return {
    find: async (body) => JSON.parse(await report(pool, await parseOrphansQuery(body))) as OrphansDocument,
    async remove(consumers) {
      const seen = consumers.map(({ consumer, consumer_generation: generation }) => ({ uuid: consumer, generation }));
      const removals = await removeUnchanged(pool, author, seen);
      return removals.map(({ uuid, result, allocations }) => ({ consumer: uuid, result, allocations }));
    },
    async putBack(body, text) {
      const version = negotiate(`placement ${text}`);
      const claims = await toClaims(manageBody(version)(body), version, { projectId, userId });
      await writeClaims(author, claims, unknownClassInAllocations);
    },
  };
}

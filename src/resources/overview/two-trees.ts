import type { Logger } from 'pino';
import { SHARING_TRAIT } from '../../candidates/sharing.js';
import type { Pool } from '../../db/pool.js';
import { runStatement } from '../../db/transaction.js';
import { createStaleWhileRevalidate, type AgedValue } from '../../stale-while-revalidate.js';

/** Consumers with allocations in two trees or more. An evacuation may leave such consumers behind. */
export interface TwoTrees {
  readonly number: number;
  /** The UUIDs of the first ten consumers. */
  readonly consumers: readonly string[];
}

/** The statement leaves out sharing providers, because consumers of many trees have allocations from them. */
const COUNT = `
  with sharing as materialized (
    select pt.resource_provider_id as id
    from resource_provider_traits pt join traits t on t.id = pt.trait_id
    where t.name = '${SHARING_TRAIT}'
  ), doubled as materialized (
    select a.consumer_id
    from allocations a join resource_providers p on p.id = a.resource_provider_id
    where p.id not in (select id from sharing)
    group by a.consumer_id
    having min(p.root_provider_id) <> max(p.root_provider_id)
  )
  select (select count(*) from doubled)::integer as number,
    array(select c.uuid from doubled d join consumers c on c.id = d.consumer_id order by c.uuid limit 10) as consumers`;

/** The count is kept for this long, because PostgreSQL reads all allocations for it. */
const OLD_MS = 5 * 60_000;
const PATIENCE_MS = 1000;

/** Returns a function that returns the last count, which is at most five minutes old; null before the first count. */
export function createTwoTreesReader(pool: Pool, log: Logger): () => Promise<AgedValue<TwoTrees> | null> {
  return createStaleWhileRevalidate({
    async make() {
      const { rows } = await runStatement<{ number: number; consumers: string[] }>(
        pool,
        { name: 'count_consumers_on_two_trees', text: COUNT },
        'read',
      );
      return rows[0] ?? { number: 0, consumers: [] };
    },
    oldMs: OLD_MS,
    patienceMs: PATIENCE_MS,
    onFailure: (error) => {
      log.debug({ err: error }, 'consumers on two trees: not counted');
    },
  });
}

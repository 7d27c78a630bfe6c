import type { Logger } from 'pino';
import { SHARING_TRAIT } from '../../candidates/sharing.js';
import type { Pool } from '../../db/pool.js';
import { runStatement } from '../../db/transaction.js';
import { createStaleWhileRevalidate, type AgedValue } from '../../stale-while-revalidate.js';

/** Consumers with allocations in two trees or more, as an evacuation leaves them behind. */
export interface TwoTrees {
  readonly number: number;
  /** UUIDs of the first. */
  readonly consumers: readonly string[];
}

/** Many consumers of different trees have something of a sharing provider. */
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

/** The database reads all allocations for it. */
const OLD_MS = 5 * 60_000;
const PATIENCE_MS = 1000;

/** Reads what was counted last, at most five minutes ago; null before the first time. */
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

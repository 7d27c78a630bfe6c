import { arrayText } from '../../db/array-text.js';
import type { Pool } from '../../db/pool.js';
import { runStatement } from '../../db/transaction.js';
import type { Author } from '../../history/author.js';
import { noSuchProvider, providerGenerationChanged } from '../../errors.js';
import { comparableGeneration } from '../generation.js';
import { withProviderLocked } from '../lock-provider.js';

/**
 * Puts a provider into exactly these aggregates and returns its generation. A given generation (1.19) must be the present one, and the
 * generation grows even when nothing changes. Without one, the generation is neither compared nor changed.
 *
 * @throws 404, 409 for another generation
 */
export async function replaceAggregates(
  pool: Pool,
  author: Author | null,
  uuid: string,
  generation: number | null,
  aggregates: readonly string[],
): Promise<number> {
  const given = await arrayText(aggregates);
  const values = [uuid, generation === null ? null : comparableGeneration(generation), given];
  const { rows } = await withProviderLocked<{ generation: number }>(pool, author, uuid, {
    // Long lists are not a prepared statement: the plan for short lists may compare each given aggregate with each present one.
    ...(aggregates.length > LONG_LIST ? {} : { name: 'replace_aggregates' }),
    text: REPLACE,
    values,
  });
  if (rows[0] !== undefined) return rows[0].generation;
  const present = { text: 'select generation from resource_providers where uuid = $1', values: [uuid] };
  const found = (await runStatement<{ generation: number }>(pool, present, 'read')).rows[0];
  throw found === undefined
    ? noSuchProvider(uuid)
    : providerGenerationChanged(found.generation, generation ?? found.generation);
}

const LONG_LIST = 1000;

/**
 * The statement uses NOT EXISTS, because PostgreSQL makes no hash table for NOT IN when the list is larger than `work_mem`. It would
 * compare 200,000 aggregates with 200,000.
 */
const REPLACE = `
  with provider as (
    update resource_providers
    set generation = case when $2::integer is null then generation else generation + 1 end, updated_at = now()
    where uuid = $1 and ($2::integer is null or generation = $2)
    returning id, generation
  ), removed as (
    delete from resource_provider_aggregates a using provider p
    where a.resource_provider_id = p.id and not exists (
      select from unnest($3::text[]) as given (uuid) where given.uuid = a.aggregate_uuid
    )
  ), added as (
    insert into resource_provider_aggregates (resource_provider_id, aggregate_uuid)
    select p.id, aggregate_uuid from provider p, unnest($3::text[]) as aggregate_uuid
    on conflict do nothing
  )
  select generation from provider`;

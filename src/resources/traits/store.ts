import { violatedConstraint } from '../../db/failures.js';
import type { Pool } from '../../db/pool.js';
import { runStatement } from '../../db/transaction.js';
import { providerRow, traitRow } from '../../db/scheduler/rows.js';
import { writeStatement } from '../../db/scheduler/write.js';
import {
  cannotDeleteStandardTrait,
  noSuchProvider,
  noSuchTrait,
  noSuchTraits,
  providerGenerationChanged,
  traitInUse,
} from '../../errors.js';
import type { Author } from '../../history/author.js';
import { settingAuthor } from '../../history/set-author.js';
import { providersWithTrait, readWith } from '../../ledger/holders.js';
import { STANDARD_TRAITS } from '../../standard/traits.js';
import { comparableGeneration } from '../generation.js';
import { withProviderLocked } from '../lock-provider.js';

const standard = new Set(STANDARD_TRAITS);

/** Creates a trait unless it exists. Returns whether it was created. */
export async function ensureTrait(pool: Pool, author: Author | null, name: string): Promise<boolean> {
  const text = 'insert into traits (name) values ($1) on conflict (name) do nothing';
  const rows = { changes: [traitRow(name)], note: settingAuthor(author) };
  const { rowCount } = await writeStatement(pool, rows, { name: 'create_trait', text, values: [name] });
  return rowCount === 1;
}

/** @throws 404, 400 for a standard trait, 409 while a provider has it */
export async function deleteTrait(pool: Pool, author: Author | null, name: string): Promise<void> {
  if (standard.has(name)) throw cannotDeleteStandardTrait(name);
  try {
    const query = { text: 'delete from traits where name = $1', values: [name] };
    const rows = { changes: [traitRow(name)], note: settingAuthor(author) };
    const { rowCount } = await writeStatement(pool, rows, query);
    if (rowCount === 0) throw noSuchTrait(name);
  } catch (error) {
    if (violatedConstraint(error) === undefined) throw error;
    throw traitInUse(name, await providersWithTrait(readWith(pool), name));
  }
}

export interface ProviderTraits {
  readonly generation: number;
  readonly names: readonly string[];
  /** Seconds since the epoch of the newest trait, null when there is none. */
  readonly modified: number | null;
}

/**
 * Sets exactly these traits on a provider, if it still has the given generation. The generation grows only when the set of traits changes.
 *
 * @throws 404, 409 for another generation, 400 when a trait does not exist
 */
export async function replaceProviderTraits(
  pool: Pool,
  author: Author | null,
  uuid: string,
  generation: number,
  names: readonly string[],
): Promise<ProviderTraits> {
  const values = [uuid, comparableGeneration(generation), names];
  for (;;) {
    try {
      const query = { name: 'replace_traits', text: REPLACE, values };
      const rows = { changes: [providerRow(uuid)], refersTo: names.map(traitRow), note: settingAuthor(author) };
      const written = await writeStatement<ProviderTraits>(pool, rows, query);
      const replaced = written.rows[0];
      if (replaced !== undefined) return replaced;
    } catch (error) {
      // Another writer deleted one of the traits while this statement waited for its row.
      if (violatedConstraint(error) === undefined) throw error;
    }
    await diagnoseReplace(pool, uuid, generation, names);
    // There is no reason for a failure any more: another writer has removed it between the two statements.
  }
}

const REPLACE = `
  with wanted as (
    select id, name, created_at from traits where name = any($3)
  ), provider as (
    select id, generation from resource_providers
    where uuid = $1 and generation = $2
      and (select count(*) from wanted) = (select count(distinct name) from unnest($3::text[]) name)
    for no key update
  ), removed as (
    delete from resource_provider_traits t using provider p
    where t.resource_provider_id = p.id and t.trait_id not in (select id from wanted)
    returning 1
  ), added as (
    insert into resource_provider_traits (resource_provider_id, trait_id)
    select p.id, w.id from provider p, wanted w
    on conflict do nothing
    returning 1
  ), bumped as (
    update resource_providers r set generation = r.generation + 1, updated_at = now()
    from provider p
    where r.id = p.id and (exists (select from removed) or exists (select from added))
    returning r.generation
  )
  select coalesce((select generation from bumped), p.generation) as generation,
    array(select name from wanted order by id) as names,
    (select floor(extract(epoch from max(created_at)))::integer from wanted) as modified
  from provider p`;

async function diagnoseReplace(pool: Pool, uuid: string, generation: number, names: readonly string[]): Promise<void> {
  const text = `
    select p.generation,
      array(select distinct name from unnest($2::text[]) name
            where not exists (select from traits t where t.name = name.name) order by name) as unknown
    from resource_providers p where p.uuid = $1`;
  const { rows } = await runStatement<{ generation: number; unknown: string[] }>(
    pool,
    { text, values: [uuid, names] },
    'read',
  );
  const found = rows[0];
  if (found === undefined) throw noSuchProvider(uuid);
  if (found.generation !== generation) throw providerGenerationChanged(found.generation, generation);
  if (found.unknown.length > 0) throw noSuchTraits(found.unknown);
}

/** Removes all traits from a provider. Its generation grows if there were any. @throws 404 */
export async function deleteProviderTraits(pool: Pool, author: Author | null, uuid: string): Promise<void> {
  const text = `
    with provider as (
      select id from resource_providers where uuid = $1
    ), removed as (
      delete from resource_provider_traits t using provider p where t.resource_provider_id = p.id returning 1
    ), bumped as (
      update resource_providers r set generation = r.generation + 1, updated_at = now()
      from provider p where r.id = p.id and exists (select from removed)
    )
    select from provider`;
  const { rowCount } = await withProviderLocked(pool, author, uuid, { text, values: [uuid] });
  if (rowCount === 0) throw noSuchProvider(uuid);
}

import type pg from 'pg';
import { arrayTexts, type Item } from '../../db/array-text.js';
import { inParts, withPauses, type Divided } from '../../slices.js';
import type { NewAllocation } from '../rules.js';
import type { Claim, LockedState } from '../model.js';

/** Looks up the ids of projects, users and types. */
export type Owners = Pick<LockedState, 'consumers' | 'projects' | 'users' | 'consumerTypes'>;

/**
 * Writes claims that have passed the rules.
 *
 * @param bumps how much the generation of each provider grows, by id
 */
export async function writeClaims(
  claims: readonly Claim[],
  wanted: readonly NewAllocation[],
  owners: Owners,
  bumps: ReadonlyMap<number, number>,
): Promise<pg.QueryConfig> {
  const { created, kept, gone, amounts } = await withPauses(columnsOf(claims, wanted, owners));
  const rest = [...amounts, [...bumps.keys()], [...bumps.values()]];
  if (kept[0].length + gone.length === 0) {
    return { name: 'write_new_claims', text: WRITE_NEW_CLAIMS, values: await arrayTexts([...created, ...rest]) };
  }
  const columns = [...created, ...kept, gone, ...rest];
  return { name: 'write_claims', text: WRITE_CLAIMS, values: await arrayTexts(columns) };
}

/**
 * Consumers that are new ($1-$4), consumers that are there ($5-$8), consumers that go ($9), the allocations ($10-$13), the
 * generations of the providers ($14 ids, $15 by how much).
 *
 * The insert looks at what the delete removed, so that it happens after it: the keys may be the same. A new consumer whose
 * uuid a rival has just created violates consumers_uuid_key, and the claim starts over (retry-conflicts.ts).
 */
const WRITE_CLAIMS = `
  with created as (
    insert into consumers (uuid, project_id, user_id, consumer_type_id, generation)
    select *, 1 from unnest($1::text[], $2::integer[], $3::integer[], $4::integer[])
    returning id, uuid
  ), kept as (
    update consumers c
    set project_id = k.project_id, user_id = k.user_id,
        consumer_type_id = coalesce(k.consumer_type_id, c.consumer_type_id),
        generation = c.generation + 1, updated_at = now()
    from unnest($5::bigint[], $6::integer[], $7::integer[], $8::integer[]) as k (id, project_id, user_id, consumer_type_id)
    where c.id = k.id
    returning c.id, c.uuid
  ), removed as (
    delete from allocations where consumer_id = any($5::bigint[]) or consumer_id = any($9::bigint[])
    returning 1
  ), gone as (
    delete from consumers where id = any($9::bigint[])
  ), bumped as (
    update resource_providers p set generation = p.generation + b.by, updated_at = now()
    from unnest($14::integer[], $15::integer[]) as b (id, by)
    where p.id = b.id
  )
  insert into allocations (consumer_id, resource_provider_id, resource_class_id, used)
  select consumer.id, w.resource_provider_id, w.resource_class_id, w.used
  from unnest($10::text[], $11::integer[], $12::integer[], $13::integer[])
    as w (consumer_uuid, resource_provider_id, resource_class_id, used)
  join (select id, uuid from created union all select id, uuid from kept) consumer on consumer.uuid = w.consumer_uuid
  where (select count(*) from removed) >= 0`;

/**
 * The same when every consumer is new, which is what schedulers ask for most: $1-$4 consumers, $5-$8 allocations, $9 and $10
 * generations. Nothing is removed, so nothing has to be looked for or noted.
 */
const WRITE_NEW_CLAIMS = `
  with created as (
    insert into consumers (uuid, project_id, user_id, consumer_type_id, generation)
    select *, 1 from unnest($1::text[], $2::integer[], $3::integer[], $4::integer[])
    returning id, uuid
  ), bumped as (
    update resource_providers p set generation = p.generation + b.by, updated_at = now()
    from unnest($9::integer[], $10::integer[]) as b (id, by)
    where p.id = b.id
  )
  insert into allocations (consumer_id, resource_provider_id, resource_class_id, used)
  select created.id, w.resource_provider_id, w.resource_class_id, w.used
  from unnest($5::text[], $6::integer[], $7::integer[], $8::integer[])
    as w (consumer_uuid, resource_provider_id, resource_class_id, used)
  join created on created.uuid = w.consumer_uuid`;

/** Four columns: whose row it is, project, user, consumer type. */
type ConsumerColumns = [Item[], Item[], Item[], Item[]];

interface Columns {
  /** By uuid. */
  readonly created: ConsumerColumns;
  /** By id. */
  readonly kept: ConsumerColumns;
  /** The ids of those that are left with nothing. */
  readonly gone: Item[];
  /** Consumer, provider, class, amount. */
  readonly amounts: [Item[], Item[], Item[], Item[]];
}

function* columnsOf(
  claims: readonly Claim[],
  wanted: readonly NewAllocation[],
  { consumers, projects, users, consumerTypes }: Owners,
): Divided<Columns> {
  const columns: Columns = { created: [[], [], [], []], kept: [[], [], [], []], gone: [], amounts: [[], [], [], []] };
  yield* inParts(claims, ({ consumerUuid, allocations, projectId, userId, consumerType }) => {
    const id = consumers.get(consumerUuid)?.id;
    if (allocations.length === 0) {
      if (id !== undefined) columns.gone.push(id);
      return;
    }
    const type = consumerType === null ? null : consumerTypes.get(consumerType);
    const row = [id ?? consumerUuid, projects.get(projectId), users.get(userId), type];
    (id === undefined ? columns.created : columns.kept).forEach((column, at) => column.push(row[at]));
  });
  yield* inParts(wanted, ({ consumerUuid, providerId, classId, used }) => {
    const row = [consumerUuid, providerId, classId, used];
    columns.amounts.forEach((column, at) => column.push(row[at]));
  });
  return columns;
}

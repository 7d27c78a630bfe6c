import { violatedConstraint } from '../../db/failures.js';
import type { Pool } from '../../db/pool.js';
import { runStatement } from '../../db/transaction.js';
import { nameRow, parentRow, providerRow, TREES } from '../../db/scheduler/rows.js';
import { writeStatement, writeTransaction } from '../../db/scheduler/write.js';
import {
  noSuchProvider,
  noSuchProviderForDelete,
  providerExists,
  providerHasAllocations,
  providerHasChildren,
  providerNameTaken,
  providerNotCreated,
  providerNotSaved,
} from '../../errors.js';
import type { Author } from '../../history/author.js';
import { settingAuthor } from '../../history/set-author.js';
import { childrenOf, consumersHolding, readWith } from '../../ledger/holders.js';
import type { ProviderSummary } from './render.js';

/**
 * The lock of the shape of the trees. The creation of a child takes it shared, and a change of parents takes it exclusively. Otherwise a
 * new child could get the old root of a tree that is being moved, because the statement that moves the tree does not see the child. A
 * separate statement takes the lock, so that the snapshot of the next statement is taken after the wait.
 */
const TREES_LOCK = 7_786_226;
/** In milliseconds. A move waits this long for a row below the provider while it holds the lock. New children wait longer for the lock. */
const TREES_HELD_MS = 20;

/** @throws 400 when the parent does not exist, 409 when the UUID or the name is taken; when both are, the error names the UUID */
export async function createProvider(
  pool: Pool,
  author: Author | null,
  { uuid, name, parentUuid }: { uuid: string; name: string; parentUuid: string | null },
): Promise<ProviderSummary> {
  const rows = {
    changes: [providerRow(uuid), nameRow(name)],
    refersTo: parentUuid === null ? [] : [parentRow(parentUuid)],
    note: settingAuthor(author),
  };
  try {
    if (parentUuid === null) {
      await writeStatement(pool, rows, { name: 'create_root', text: CREATE_ROOT, values: [uuid, name] });
      return { uuid, name, generation: 0, parentUuid, rootUuid: uuid };
    }
    const result = await writeTransaction(pool, rows, async (transaction) => {
      await transaction.query({ text: 'select pg_advisory_xact_lock_shared($1)', values: [TREES_LOCK] });
      return transaction.commitWith<{ root_uuid: string }>({ text: CREATE_CHILD, values: [uuid, name, parentUuid] });
    });
    const created = result.rows[0];
    if (created === undefined) throw providerNotCreated(name, uuid, 'parent provider UUID does not exist.');
    return { uuid, name, generation: 0, parentUuid, rootUuid: created.root_uuid };
  } catch (error) {
    const constraint = violatedConstraint(error);
    if (constraint === 'resource_providers_parent_fkey' || constraint === 'resource_providers_root_fkey') {
      throw providerNotCreated(name, uuid, 'parent provider UUID does not exist.');
    }
    if (constraint !== 'resource_providers_uuid_key' && constraint !== 'resource_providers_name_key') throw error;
    const taken = { text: 'select from resource_providers where uuid = $1', values: [uuid] };
    const { rowCount } = await runStatement(pool, taken, 'read');
    throw rowCount === 0 ? providerExists('name', name) : providerExists('uuid', uuid);
  }
}

const CREATE_ROOT = `
  insert into resource_providers (id, uuid, name, root_provider_id)
  select id, $1, $2, id from nextval(pg_get_serial_sequence('resource_providers', 'id')) as fresh (id)`;

const CREATE_CHILD = `
  with parent as (
    select p.id, p.root_provider_id, root.uuid as root_uuid
    from resource_providers p join resource_providers root on root.id = p.root_provider_id
    where p.uuid = $3
  ), created as (
    insert into resource_providers (uuid, name, parent_provider_id, root_provider_id)
    select $1, $2, id, root_provider_id from parent
    returning id
  )
  select root_uuid from parent, created`;

export interface ProviderUpdate {
  readonly name: string;
  /** Undefined to keep the parent. */
  readonly parentUuid?: string | null;
  /** Whether a provider that has a parent may get another parent, or none (1.37). */
  readonly reparent: boolean;
}

/** @throws 404, 409 when the name is taken, 400 for a parent that does not exist or is not allowed */
export async function updateProvider(
  pool: Pool,
  author: Author | null,
  uuid: string,
  update: ProviderUpdate,
): Promise<ProviderSummary> {
  try {
    return update.parentUuid === undefined
      ? await renameProvider(pool, author, uuid, update.name)
      : await moveProvider(pool, author, uuid, { ...update, parentUuid: update.parentUuid });
  } catch (error) {
    const constraint = violatedConstraint(error);
    if (constraint === 'resource_providers_name_key') throw providerNameTaken(update.name);
    // Another writer deleted the new parent while this statement waited for its row.
    if (constraint === 'resource_providers_parent_fkey' || constraint === 'resource_providers_root_fkey') {
      throw providerNotSaved(uuid, 'create', 'parent provider UUID does not exist.');
    }
    throw error;
  }
}

async function renameProvider(pool: Pool, author: Author | null, uuid: string, name: string): Promise<ProviderSummary> {
  const rows = { changes: [providerRow(uuid), nameRow(name)], note: settingAuthor(author) };
  const query = { name: 'rename_provider', text: RENAME, values: [uuid, name] };
  const result = await writeStatement<SummaryRow>(pool, rows, query);
  const row = result.rows[0];
  if (row === undefined) throw noSuchProvider(uuid);
  return { uuid, name, generation: row.generation, parentUuid: row.parent_uuid, rootUuid: row.root_uuid };
}

interface SummaryRow {
  generation: number;
  parent_uuid: string | null;
  root_uuid: string;
}

const RENAME = `
  update resource_providers p set name = $2, updated_at = now()
  where p.uuid = $1
  returning p.generation,
    (select parent.uuid from resource_providers parent where parent.id = p.parent_provider_id) as parent_uuid,
    (select root.uuid from resource_providers root where root.id = p.root_provider_id) as root_uuid`;

function moveProvider(
  pool: Pool,
  author: Author | null,
  uuid: string,
  { name, parentUuid, reparent }: ProviderUpdate & { parentUuid: string | null },
): Promise<ProviderSummary> {
  const rows = {
    changes: [TREES, providerRow(uuid), nameRow(name)],
    refersTo: parentUuid === null ? [] : [parentRow(parentUuid)],
    note: settingAuthor(author),
  };
  return writeTransaction(pool, rows, async (transaction) => {
    const [, , found] = await Promise.all([
      transaction.query({ text: 'select pg_advisory_xact_lock($1)', values: [TREES_LOCK] }),
      transaction.query({ text: `set local lock_timeout = ${TREES_HELD_MS}` }),
      transaction.query<MoveRow>({ text: SELECT_MOVE, values: [uuid, parentUuid] }),
    ]);
    const row = found.rows[0];
    if (row === undefined) throw noSuchProvider(uuid);
    if (parentUuid === null) {
      if (row.parent_provider_id !== null && !reparent) {
        throw providerNotSaved(uuid, 'update', 'un-parenting a provider is not currently allowed.');
      }
    } else {
      if (row.new_parent_id === null) {
        throw providerNotSaved(uuid, 'create', 'parent provider UUID does not exist.');
      }
      if (row.parent_provider_id !== null && row.parent_provider_id !== row.new_parent_id && !reparent) {
        throw providerNotSaved(uuid, 'update', 're-parenting a provider is not currently allowed.');
      }
      if (row.would_loop) throw providerNotSaved(uuid, 'update', 'creating loop in the provider tree is not allowed.');
    }
    const rootId = row.new_root_id ?? row.id;
    const values = [row.id, name, row.new_parent_id, rootId];
    const moved = await transaction.commitWith<{ generation: number }>({ text: MOVE_SUBTREE, values });
    const { generation = 0 } = moved.rows[0] ?? {};
    return { uuid, name, generation, parentUuid, rootUuid: row.new_root_uuid ?? uuid };
  });
}

interface MoveRow {
  id: number;
  parent_provider_id: number | null;
  new_parent_id: number | null;
  new_root_id: number | null;
  new_root_uuid: string | null;
  would_loop: boolean;
}

const SELECT_MOVE = `
  select p.id, p.parent_provider_id, parent.id as new_parent_id, parent.root_provider_id as new_root_id,
    (select root.uuid from resource_providers root where root.id = parent.root_provider_id) as new_root_uuid,
    exists (
      with recursive ancestors as (
        select parent.id, parent.parent_provider_id
        union all
        select a.id, a.parent_provider_id from resource_providers a join ancestors c on a.id = c.parent_provider_id
      )
      select from ancestors where ancestors.id = p.id
    ) as would_loop
  from resource_providers p left join resource_providers parent on parent.uuid = $2
  where p.uuid = $1`;

const MOVE_SUBTREE = `
  with recursive subtree as (
    select id from resource_providers where id = $1
    union all
    select child.id from resource_providers child join subtree on child.parent_provider_id = subtree.id
  ), moved as (
    update resource_providers p
    set name = case when p.id = $1 then $2 else p.name end,
        parent_provider_id = case when p.id = $1 then $3::integer else p.parent_provider_id end,
        root_provider_id = $4,
        updated_at = now()
    from subtree where p.id = subtree.id
    returning p.id, p.generation
  )
  select generation from moved where id = $1`;

/** @throws 404, 409 while the provider has children or allocations */
export async function deleteProvider(pool: Pool, author: Author | null, uuid: string): Promise<void> {
  try {
    const query = { name: 'delete_provider', text: 'delete from resource_providers where uuid = $1', values: [uuid] };
    const rows = { changes: [providerRow(uuid)], note: settingAuthor(author) };
    const { rowCount } = await writeStatement(pool, rows, query);
    if (rowCount === 0) throw noSuchProviderForDelete(uuid);
  } catch (error) {
    if (violatedConstraint(error) === undefined) throw error;
    // When there are children and allocations, the violated constraint depends on the order of triggers. The error names the children.
    const children = await childrenOf(readWith(pool), uuid);
    if (children.total > 0) throw providerHasChildren(uuid, children);
    throw providerHasAllocations(uuid, await consumersHolding(readWith(pool), uuid, null));
  }
}

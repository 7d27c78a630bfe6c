import { violatedConstraint } from '../../db/failures.js';
import type { Pool } from '../../db/pool.js';
import { runStatement } from '../../db/transaction.js';
import { noSuchProvider, type Holders } from '../../errors.js';
import { consumersHolding, readWith } from '../../ledger/holders.js';

/** The state of a provider, from which store.ts finds why a write of inventories changed nothing. */
export interface Inspection {
  readonly generation: number;
  readonly unknownClasses: readonly string[];
  /** Names of the classes of which the provider has inventory. */
  readonly inventories: readonly string[];
  readonly inUse: readonly string[];
}

/** @throws 404 for an unknown provider */
export async function inspect(pool: Pool, uuid: string, names: readonly string[]): Promise<Inspection> {
  const { rows } = await runStatement<Inspection>(pool, { text: INSPECT, values: [uuid, names] }, 'read');
  if (rows[0] === undefined) throw noSuchProvider(uuid);
  return rows[0];
}

const INSPECT = `
  select p.generation,
    array(select w.name from unnest($2::text[]) as w (name)
          where not exists (select from resource_classes c where c.name = w.name)) as "unknownClasses",
    array(select c.name from inventories i join resource_classes c on c.id = i.resource_class_id
          where i.resource_provider_id = p.id) as inventories,
    array(select c.name from inventories i join resource_classes c on c.id = i.resource_class_id
          where i.resource_provider_id = p.id and i.used > 0 order by c.id) as "inUse"
  from resource_providers p where p.uuid = $1`;

/** Throws the error that names the classes in use, which could not be removed. Throws `error` itself when it is not a violated constraint. */
export async function explainInUse(
  pool: Pool,
  uuid: string,
  error: unknown,
  kept: readonly string[],
  toError: (classes: readonly string[], uuid: string, consumers: Holders) => Error,
): Promise<void> {
  if (violatedConstraint(error) === undefined) throw error;
  const { inUse } = await inspect(pool, uuid, []);
  const classes = inUse.filter((name) => !kept.includes(name));
  if (classes.length > 0) throw toError(classes, uuid, await consumersHolding(readWith(pool), uuid, classes));
}

import { sql } from './database.js';

/** Inventories by class, of a provider whose parent is before it; null for a root. */
export interface TreeProvider {
  readonly name: string;
  readonly parent: string | null;
  readonly inventory?: Readonly<Record<string, number>>;
}

/**
 * Writes providers straight into the database: a large tree in one statement. A provider's uuid is made of its number.
 *
 * @param from the number of the first
 */
export async function insertProviders(
  databaseUrl: string,
  providers: readonly TreeProvider[],
  from = 1000,
): Promise<void> {
  const numbers = new Map(providers.map(({ name }, i) => [name, from + i]));
  const roots = new Map<string, number>();
  const rows = providers.map(({ name, parent, inventory = {} }) => {
    const id = numbers.get(name) ?? 0;
    const root = parent === null ? id : (roots.get(parent) ?? 0);
    roots.set(name, root);
    return { id, name, root, parent: parent === null ? null : numbers.get(parent), inventory };
  });
  await sql(
    databaseUrl,
    `with given as (select * from jsonb_to_recordset('${JSON.stringify(rows)}') as g(id int, name text, root int, parent int, inventory jsonb)),
     made as (
       insert into resource_providers (id, uuid, name, root_provider_id, parent_provider_id)
       select id, '00000000-0000-4000-8000-' || lpad(id::text, 12, '0'), name, root, parent from given returning id
     )
     insert into inventories (resource_provider_id, resource_class_id, total, reserved, min_unit, max_unit, step_size, allocation_ratio)
     select made.id, c.id, amount.value::int, 0, 1, 2147483647, 1, 1
     from made join given using (id), jsonb_each_text(given.inventory) amount join resource_classes c on c.name = amount.key`,
  );
}

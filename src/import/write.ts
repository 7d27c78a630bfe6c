import type pg from 'pg';

/** The statements that write, one for each kind, in the order that foreign keys require. */
const WRITES: readonly (readonly [kind: string, sql: string])[] = [
  ['projects', ownersSql('projects', 'external_id')],
  ['users', ownersSql('users', 'external_id')],
  ['consumer types', ownersSql('consumer_types', 'name')],
  [
    'resource classes',
    `insert into resource_classes (id, name, created_at, updated_at)
     select id, name, coalesce(created_at, updated_at, now()), updated_at from import_classes
     on conflict (name) do update set created_at = excluded.created_at, updated_at = excluded.updated_at`,
  ],
  [
    'traits',
    `insert into traits (name, created_at) select name, coalesce(min(created_at), now()) from import_traits group by name order by min(source_id)
     on conflict (name) do update set created_at = excluded.created_at`,
  ],
  [
    'resource providers',
    `insert into resource_providers (id, uuid, name, generation, root_provider_id, parent_provider_id, created_at, updated_at)
     select id + s.providers, uuid, name, generation, root_provider_id + s.providers, parent_provider_id + s.providers,
            coalesce(created_at, updated_at, now()), updated_at
     from import_providers, import_shift s order by id`,
  ],
  [
    'inventories',
    `insert into inventories (resource_provider_id, resource_class_id, total, reserved, min_unit, max_unit, step_size, allocation_ratio,
                              created_at, updated_at)
     select resource_provider_id + s.providers, resource_class_id, total, reserved, min_unit, max_unit, step_size, allocation_ratio,
            coalesce(created_at, updated_at, now()), updated_at
     from import_inventories, import_shift s order by resource_provider_id, resource_class_id`,
  ],
  [
    'traits of providers',
    `insert into resource_provider_traits (resource_provider_id, trait_id, created_at)
     select l.resource_provider_id + s.providers, t.id, coalesce(l.created_at, now())
     from import_provider_traits l join traits t using (name), import_shift s order by 1, 2`,
  ],
  [
    'aggregates of providers',
    `insert into resource_provider_aggregates (resource_provider_id, aggregate_uuid, created_at)
     select resource_provider_id + s.providers, aggregate_uuid, coalesce(created_at, now())
     from import_provider_aggregates, import_shift s order by 1, 2`,
  ],
  [
    'consumers',
    `insert into consumers (id, uuid, project_id, user_id, consumer_type_id, generation, created_at, updated_at)
     select c.id + s.consumers, c.uuid, p.id, u.id, t.id, c.generation, coalesce(c.created_at, c.updated_at, now()), c.updated_at
     from import_consumers c
     join projects p on p.external_id = c.project
     join users u on u.external_id = c."user"
     left join consumer_types t on t.name = c.type
     cross join import_shift s
     order by c.id`,
  ],
  [
    'allocations',
    `insert into allocations (consumer_id, resource_provider_id, resource_class_id, used, created_at, updated_at)
     select consumer_id + s.consumers, resource_provider_id + s.providers, resource_class_id, used,
            coalesce(created_at, updated_at, now()), updated_at
     from import_allocations, import_shift s order by 1, 2, 3`,
  ],
];

/**
 * The numbers that the import adds to the ids of the source, so that it does not reuse the id of a removed object, because the history
 * keeps these ids. They are 0 in a new database.
 */
const SHIFT = `
  create temporary table import_shift on commit drop as
  select
    (select case when is_called then last_value else 0 end from resource_providers_id_seq)::integer as providers,
    (select case when is_called then last_value else 0 end from consumers_id_seq) as consumers`;

/**
 * Fills an empty target from `import_<kind>`. The triggers of the tables sum `used` and write the journal. The import also writes into the
 * journal that everything changed, so that running services load everything in pages and not as one change.
 *
 * @returns the number of rows written, by kind
 */
export async function write(
  client: pg.ClientBase,
  progress: (kind: string, rows: number) => void,
): Promise<Record<string, number>> {
  await client.query(SHIFT);
  const written: Record<string, number> = {};
  for (const [kind, sql] of WRITES) {
    const { rowCount } = await client.query(sql);
    written[kind] = rowCount ?? 0;
    progress(kind, rowCount ?? 0);
  }
  await client.query('insert into topology_changes (kind, id) values (0, 0) on conflict do nothing');
  // Sets the sequences after the imported ids.
  for (const table of ['resource_providers', 'consumers']) {
    await client.query(
      `select setval(pg_get_serial_sequence('${table}', 'id'), max(id)) from ${table} having max(id) is not null`,
    );
  }
  await client.query(
    `select setval('resource_classes_custom_id', greatest(max(c.id), s.last_value)) from resource_classes c, resource_classes_custom_id s
     group by s.last_value having max(c.id) >= 10000`,
  );
  return written;
}

function ownersSql(table: string, name: string): string {
  const source =
    table === 'consumer_types'
      ? 'select name, created_at from import_consumer_types'
      : `select external_id, created_at from source_${table} where external_id is not null
         union all select ${table === 'projects' ? 'project' : '"user"'}, null from import_consumers`;
  return `insert into ${table} (${name}, created_at)
          select ${name}, coalesce(min(created_at), now()) from (${source}) names group by ${name}
          on conflict (${name}) do update set created_at = excluded.created_at`;
}

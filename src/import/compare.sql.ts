/** The expected and the actual objects of one kind, as `key` and `fields`. A time that the source lacks is not compared. */
export interface Comparison {
  readonly kind: string;
  readonly expected: string;
  readonly actual: string;
}

const TIMES = `'created_at', coalesce(o.created_at, o.updated_at), 'updated_at', o.updated_at`;

/** Leaves out standard names of this release that the source lacks, because they are not a difference. */
function nameSql(table: string, rest: string, standard: string, other: string): string {
  return `select o.name as key, jsonb_build_object(${rest}) as fields from ${table} o
          where o.name not in (select name from ${standard}) or exists (select from ${other} i where i.name = o.name)`;
}

export const COMPARISONS: readonly Comparison[] = [
  {
    kind: 'resource class',
    expected: nameSql('import_classes', `'number', o.id, ${TIMES}`, 'import_standard_classes', 'import_classes'),
    actual: nameSql('resource_classes', `'number', o.id, ${TIMES}`, 'import_standard_classes', 'import_classes'),
  },
  {
    kind: 'trait',
    expected: nameSql('import_traits', `'created_at', o.created_at`, 'import_standard_traits', 'import_traits'),
    actual: nameSql('traits', `'created_at', o.created_at`, 'import_standard_traits', 'import_traits'),
  },
  ...['project', 'user'].map((owner) => ({
    kind: owner,
    expected: `select external_id as key, '{}'::jsonb as fields from source_${owner}s where external_id is not null
               union select "${owner}", '{}' from import_consumers`,
    // Projects and users from before the import stay, and are not a difference.
    actual: `select external_id as key, '{}'::jsonb as fields from ${owner}s
             where id in (select ${owner}_id from consumers) or external_id in (select external_id from source_${owner}s)`,
  })),
  {
    kind: 'provider',
    expected: providerSql('import_providers'),
    actual: providerSql('resource_providers'),
  },
  {
    kind: 'inventory',
    expected: `${inventorySql('coalesce(u.used, 0)')}
               from import_inventories o join import_providers p on p.id = o.resource_provider_id
               join import_classes c on c.id = o.resource_class_id left join import_usages u using (resource_provider_id, resource_class_id)`,
    actual: `${inventorySql('o.used')}
             from inventories o join resource_providers p on p.id = o.resource_provider_id
             join resource_classes c on c.id = o.resource_class_id`,
  },
  {
    kind: 'trait of a provider',
    expected: `select p.uuid || ' ' || o.name as key, jsonb_build_object('created_at', o.created_at) as fields
               from import_provider_traits o join import_providers p on p.id = o.resource_provider_id`,
    actual: `select p.uuid || ' ' || t.name as key, jsonb_build_object('created_at', o.created_at) as fields
             from resource_provider_traits o join resource_providers p on p.id = o.resource_provider_id join traits t on t.id = o.trait_id`,
  },
  {
    kind: 'aggregate of a provider',
    expected: aggregateSql('import_provider_aggregates', 'import_providers'),
    actual: aggregateSql('resource_provider_aggregates', 'resource_providers'),
  },
  {
    kind: 'consumer',
    expected: `${consumerSql('o.project', 'o."user"', 'o.type')} from import_consumers o`,
    actual: `${consumerSql('p.external_id', 'u.external_id', 't.name')}
             from consumers o join projects p on p.id = o.project_id join users u on u.id = o.user_id
             left join consumer_types t on t.id = o.consumer_type_id`,
  },
  {
    kind: 'allocation',
    expected: allocationSql('import_allocations', 'import_consumers', 'import_providers', 'import_classes'),
    actual: allocationSql('allocations', 'consumers', 'resource_providers', 'resource_classes'),
  },
];

function providerSql(table: string): string {
  return `select o.uuid as key, jsonb_build_object('name', o.name, 'generation', o.generation, 'parent', parent.uuid, 'root', root.uuid, ${TIMES}) as fields
          from ${table} o join ${table} root on root.id = o.root_provider_id left join ${table} parent on parent.id = o.parent_provider_id`;
}

function inventorySql(used: string): string {
  return `select p.uuid || ' ' || c.name as key,
    jsonb_build_object('total', o.total, 'reserved', o.reserved, 'min_unit', o.min_unit, 'max_unit', o.max_unit, 'step_size', o.step_size,
                       'allocation_ratio', o.allocation_ratio, 'used', ${used}, ${TIMES}) as fields`;
}

function aggregateSql(table: string, providers: string): string {
  return `select p.uuid || ' ' || o.aggregate_uuid as key, jsonb_build_object('created_at', o.created_at) as fields
          from ${table} o join ${providers} p on p.id = o.resource_provider_id`;
}

function consumerSql(project: string, user: string, type: string): string {
  return `select o.uuid as key,
    jsonb_build_object('project', ${project}, 'user', ${user}, 'type', ${type}, 'generation', o.generation, ${TIMES}) as fields`;
}

function allocationSql(table: string, consumers: string, providers: string, classes: string): string {
  return `select k.uuid || ' ' || p.uuid || ' ' || c.name as key, jsonb_build_object('used', o.used, ${TIMES}) as fields
          from ${table} o join ${consumers} k on k.id = o.consumer_id join ${providers} p on p.id = o.resource_provider_id
          join ${classes} c on c.id = o.resource_class_id`;
}

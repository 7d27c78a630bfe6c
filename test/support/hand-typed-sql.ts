import { insertProviders } from './replica.js';

/** SQL as an operator might type it: of every table, every way to write it. */

const ID = (name: string): string => `(select id from resource_providers where name = '${name}')`;
const TRAIT = (name: string): string => `(select id from traits where name = '${name}')`;

/** Four providers, `two` below `one`, each with inventories, traits and aggregates. */
export const SEED = [
  'truncate resource_providers, traits, resource_classes restart identity cascade',
  insertProviders('one', 'two', 'three', 'four'),
  `update resource_providers set parent_provider_id = ${ID('one')}, root_provider_id = ${ID('one')} where name = 'two'`,
  `insert into resource_classes (id, name)
   values (0, 'VCPU'), (1, 'MEMORY_MB'), (2, 'DISK_GB'), (3, 'PCI_DEVICE'), (10000, 'CUSTOM_USED'), (10001, 'CUSTOM_UNUSED')`,
  `insert into traits (name) values ('HW_CPU_X86_VMX'), ('HW_CPU_X86_AVX'), ('CUSTOM_USED'), ('CUSTOM_UNUSED')`,
  `insert into inventories (resource_provider_id, resource_class_id, total, reserved, min_unit, max_unit, step_size,
                            allocation_ratio)
   select id, class, 8, 0, 1, 8, 1, 1.5 from resource_providers, unnest('{0, 1, 10000}'::integer[]) class`,
  `insert into resource_provider_traits (resource_provider_id, trait_id)
   select p.id, t.id from resource_providers p, traits t where t.name in ('HW_CPU_X86_VMX', 'CUSTOM_USED')`,
  `insert into resource_provider_aggregates (resource_provider_id, aggregate_uuid)
   select id, aggregate from resource_providers, unnest('{aggregate-1, aggregate-2}'::text[]) aggregate`,
];

/** One of every kind of write; 'reloaded' where the topology cannot follow it object by object. */
type Statement = [what: string, statement: string, expectation?: 'followed' | 'reloaded'];

export const STATEMENTS: readonly Statement[] = [
  ['insert of providers', insertProviders('five', 'six')],
  ['update of a provider', `update resource_providers set generation = 7, name = 'ten' where name = 'one'`],
  [
    'swap of two names',
    `update resource_providers set name = 'spare' where name = 'one';
       update resource_providers set name = 'one' where name = 'two';
       update resource_providers set name = 'two' where name = 'spare'`,
  ],
  ['a new uuid', `update resource_providers set uuid = gen_random_uuid()::text where name = 'one'`],
  [
    'a move below another root',
    `update resource_providers set parent_provider_id = ${ID('three')}, root_provider_id = ${ID('three')}
       where name = 'two'`,
  ],
  [
    'a tree that is cut off',
    `update resource_providers set parent_provider_id = null, root_provider_id = id where name = 'two'`,
  ],
  ['delete of a provider with all it has', `delete from resource_providers where name = 'three'`],
  ['delete of a whole tree', `delete from resource_providers where name in ('one', 'two')`],
  ['truncate of everything', 'truncate resource_providers cascade', 'reloaded'],
  [
    'a provider with another id',
    `delete from inventories where resource_provider_id = ${ID('four')};
       delete from resource_provider_traits where resource_provider_id = ${ID('four')};
       delete from resource_provider_aggregates where resource_provider_id = ${ID('four')};
       update resource_providers set id = 777, root_provider_id = 777 where name = 'four'`,
    'reloaded',
  ],

  [
    'insert of an inventory',
    `insert into inventories values (${ID('one')}, 2, 100, 1, 1, 100, 10, 1.0, 0, now(), null)`,
  ],
  [
    'upsert of inventories, one new and one known',
    `insert into inventories values (${ID('one')}, 2, 9, 0, 1, 9, 1, 1.0, 0), (${ID('one')}, 1, 9, 0, 1, 9, 1, 1.0, 0)
       on conflict (resource_provider_id, resource_class_id) do update set total = excluded.total`,
  ],
  ['update of an inventory', `update inventories set total = 99 where resource_provider_id = ${ID('two')}`],
  [
    'an inventory that changes its class',
    `update inventories set resource_class_id = 3 where (resource_provider_id, resource_class_id) = (${ID('two')}, 1)`,
  ],
  [
    'an inventory that moves to another provider',
    `delete from inventories where (resource_provider_id, resource_class_id) = (${ID('two')}, 1);
       update inventories set resource_provider_id = ${ID('two')}
       where (resource_provider_id, resource_class_id) = (${ID('one')}, 1)`,
    'reloaded',
  ],
  ['delete of inventories', `delete from inventories where resource_class_id = 1`],
  ['truncate of inventories', 'truncate inventories cascade', 'reloaded'],

  [
    'insert of a provider trait',
    `insert into resource_provider_traits values (${ID('one')}, ${TRAIT('HW_CPU_X86_AVX')})`,
  ],
  [
    'a provider trait that becomes another',
    `update resource_provider_traits set trait_id = ${TRAIT('HW_CPU_X86_AVX')}
       where resource_provider_id = ${ID('one')} and trait_id = ${TRAIT('CUSTOM_USED')}`,
  ],
  [
    'a provider trait that moves to another provider',
    `delete from resource_provider_traits where resource_provider_id = ${ID('two')};
       update resource_provider_traits set resource_provider_id = ${ID('two')} where resource_provider_id = ${ID('one')}`,
    'reloaded',
  ],
  ['delete of provider traits', `delete from resource_provider_traits where trait_id = ${TRAIT('CUSTOM_USED')}`],
  ['truncate of provider traits', 'truncate resource_provider_traits', 'reloaded'],

  ['insert of an aggregate', `insert into resource_provider_aggregates values (${ID('one')}, 'aggregate-0')`],
  [
    'an aggregate that becomes another',
    `update resource_provider_aggregates set aggregate_uuid = 'aggregate-3' where aggregate_uuid = 'aggregate-1'`,
  ],
  [
    'an aggregate that moves to another provider',
    `delete from resource_provider_aggregates where resource_provider_id = ${ID('two')};
       update resource_provider_aggregates set resource_provider_id = ${ID('two')}
       where resource_provider_id = ${ID('one')}`,
    'reloaded',
  ],
  ['delete of aggregates', `delete from resource_provider_aggregates where aggregate_uuid = 'aggregate-2'`],
  ['truncate of aggregates', 'truncate resource_provider_aggregates', 'reloaded'],

  ['insert of a trait', `insert into traits (name) values ('CUSTOM_NEW')`],
  ['delete of a trait', `delete from traits where name = 'CUSTOM_UNUSED'`],
  ['rename of a trait', `update traits set name = 'CUSTOM_NEW' where name = 'CUSTOM_USED'`, 'reloaded'],
  [
    'a trait with another time stamp',
    `update traits set created_at = '2001-01-01' where name = 'CUSTOM_USED'`,
    'reloaded',
  ],
  ['a trait with another id', `update traits set id = 7777 where name = 'CUSTOM_UNUSED'`, 'reloaded'],
  [
    'a trait deleted and made again under its name in one transaction, and put on a provider',
    `delete from traits where name = 'CUSTOM_UNUSED'; insert into traits (name) values ('CUSTOM_UNUSED');
       insert into resource_provider_traits values (${ID('one')}, ${TRAIT('CUSTOM_UNUSED')})`,
  ],
  ['truncate of traits', 'truncate traits cascade', 'reloaded'],

  [
    'insert of a class with inventory of it, in one transaction',
    `insert into resource_classes (id, name) values (10002, 'CUSTOM_NEW');
       insert into inventories values (${ID('one')}, 10002, 1, 0, 1, 1, 1, 1.0)`,
  ],
  ['delete of a class', `delete from resource_classes where name = 'CUSTOM_UNUSED'`],
  [
    'delete of a class with inventory of it, in one transaction',
    `delete from inventories where resource_class_id = 10000; delete from resource_classes where id = 10000`,
  ],
  ['rename of a class', `update resource_classes set name = 'CUSTOM_NEW' where id = 10000`],
  [
    'a class with another time stamp',
    `update resource_classes set updated_at = now() + interval '1 hour' where id = 10000`,
  ],
  ['a class with another id', `update resource_classes set id = 10009 where name = 'CUSTOM_UNUSED'`, 'reloaded'],
  ['truncate of classes', 'truncate resource_classes cascade', 'reloaded'],
];

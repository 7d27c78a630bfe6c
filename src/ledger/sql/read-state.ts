import type pg from 'pg';
import type { Uuids } from './locks.js';

/** The objects to read, by name. Owners have the ids of Keystone. */
export interface StateNames {
  readonly providers: Uuids;
  readonly consumers: Uuids;
  readonly classes: readonly string[];
  readonly projects: readonly string[];
  readonly users: readonly string[];
  readonly types: readonly string[];
}

/** Each column is the text of a JSON list, or null. */
export type StateRow = Record<'inventories' | 'held' | 'classes' | 'projects' | 'users' | 'types', string | null>;

/** An element of `inventories`. */
export type InventoryColumns = [
  providerId: number,
  classId: number,
  className: string,
  total: number,
  reserved: number,
  min_unit: number,
  max_unit: number,
  step_size: number,
  allocation_ratio: number,
  used: number,
];

/** An element of `held`. */
export type HeldColumns = [consumerId: number, providerId: number, classId: number, used: number];

/** Reads everything that the rules look at (rules.ts), in one row. */
export function readState({ providers, consumers, classes, projects, users, types }: StateNames): pg.QueryConfig {
  return { name: 'read_state', text: READ_STATE, values: [providers, consumers, classes, projects, users, types] };
}

const READ_STATE = `
  select
    (select json_agg(json_build_array(i.resource_provider_id, i.resource_class_id, c.name, i.total, i.reserved, i.min_unit,
                                      i.max_unit, i.step_size, i.allocation_ratio, i.used))
       from resource_providers p
       join inventories i on i.resource_provider_id = p.id
       join resource_classes c on c.id = i.resource_class_id
       where p.uuid = any($1::text[]))::text as inventories,
    (select json_agg(json_build_array(a.consumer_id, a.resource_provider_id, a.resource_class_id, a.used))
       from consumers co join allocations a on a.consumer_id = co.id
       where co.uuid = any($2::text[]))::text as held,
    (select json_agg(json_build_array(name, id)) from resource_classes where name = any($3::text[]))::text as classes,
    (select json_agg(json_build_array(external_id, id)) from projects where external_id = any($4::text[]))::text as projects,
    (select json_agg(json_build_array(external_id, id)) from users where external_id = any($5::text[]))::text as users,
    (select json_agg(json_build_array(name, id)) from consumer_types where name = any($6::text[]))::text as types`;

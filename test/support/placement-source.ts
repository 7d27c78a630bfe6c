import { createEmptyDatabase, sql } from './database.js';
import { runToEnd } from './process.js';

/** A database with the tables of OpenStack Placement, empty. Returns its URL. */
export async function createPlacementSource(
  revision = 'a082b8bb98d0',
  { consumerTypes = true }: { consumerTypes?: boolean } = {},
): Promise<string> {
  const url = await createEmptyDatabase();
  await sql(url, tables(consumerTypes));
  await sql(url, `insert into alembic_version values ('${revision}')`);
  return url;
}

const TIMES = 'created_at timestamp, updated_at timestamp';

function tables(consumerTypes: boolean): string {
  return `
    create table alembic_version (version_num varchar(32) primary key);
    create table resource_providers (id serial primary key, uuid varchar(36) not null unique, name varchar(200), generation integer,
      root_provider_id integer, parent_provider_id integer, ${TIMES});
    create table resource_classes (id integer primary key, name varchar(255) not null unique, ${TIMES});
    create table inventories (id serial primary key, resource_provider_id integer not null, resource_class_id integer not null,
      total integer not null, reserved integer not null, min_unit integer not null, max_unit integer not null,
      step_size integer not null, allocation_ratio double precision not null, ${TIMES});
    create table allocations (id serial primary key, resource_provider_id integer not null, consumer_id varchar(36) not null,
      resource_class_id integer not null, used integer not null, ${TIMES});
    create table consumers (id serial primary key, uuid varchar(36) not null unique, project_id integer not null,
      user_id integer not null, generation integer not null default 0, ${TIMES});
    create table projects (id serial primary key, external_id varchar(255) not null unique, ${TIMES});
    create table users (id serial primary key, external_id varchar(255) not null unique, ${TIMES});
    create table placement_aggregates (id serial primary key, uuid varchar(36) unique, ${TIMES});
    create table resource_provider_aggregates (resource_provider_id integer, aggregate_id integer, ${TIMES},
      primary key (resource_provider_id, aggregate_id));
    create table traits (id serial primary key, name varchar(255) not null unique, ${TIMES});
    create table resource_provider_traits (trait_id integer, resource_provider_id integer, ${TIMES},
      primary key (trait_id, resource_provider_id));
    ${
      consumerTypes
        ? `create table consumer_types (id serial primary key, name varchar(255) not null unique, ${TIMES});
           alter table consumers add consumer_type_id integer;`
        : ''
    }`;
}

/** What `--json` prints. */
export interface Report {
  readonly dryRun: boolean;
  readonly read: Readonly<Record<string, number>>;
  readonly removed: Readonly<Record<string, number>> | null;
  readonly written: Readonly<Record<string, number>> | null;
  readonly findings: readonly {
    readonly kind: string;
    readonly done: string;
    readonly count: number;
    readonly rows: readonly { readonly subject: string; readonly detail: string | null }[];
  }[];
  readonly differences?: readonly { readonly kind: string; readonly key: string }[];
}

/** Runs `stockroom import` to its end. */
export function importInto(target: string, source: string, ...args: string[]): ReturnType<typeof runToEnd> {
  return runToEnd(['import', '--from', source, ...args], { OS_PLACEMENT_DATABASE__CONNECTION: target });
}

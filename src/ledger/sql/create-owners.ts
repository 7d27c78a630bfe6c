import type pg from 'pg';

/**
 * Creates projects, users and consumer types. They are created on first use and never removed. ON CONFLICT waits for a rival that
 * creates the same one, so a statement that follows finds it.
 */
export function createOwners(
  projects: readonly string[],
  users: readonly string[],
  types: readonly string[],
): pg.QueryConfig & { readonly values: (readonly string[])[] } {
  return { text: CREATE_OWNERS, values: [projects, users, types] };
}

const CREATE_OWNERS = `
  with new_projects as (
    insert into projects (external_id) select unnest($1::text[]) on conflict do nothing
  ), new_users as (
    insert into users (external_id) select unnest($2::text[]) on conflict do nothing
  )
  insert into consumer_types (name) select unnest($3::text[]) on conflict do nothing`;

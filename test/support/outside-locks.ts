import type pg from 'pg';
import { connect, sql } from './database.js';

/** A session of another program that has locked something and does not end. */
export interface Outsider {
  release(): Promise<void>;
}

export async function lockedBy(databaseUrl: string, text: string, values: unknown[] = []): Promise<Outsider> {
  const client: pg.Client = await connect(databaseUrl);
  await client.query('begin');
  await client.query(text, values);
  let held = true;
  return {
    async release() {
      if (!held) return;
      held = false;
      await client.query('rollback');
      await client.end();
    },
  };
}

export function lockProvider(databaseUrl: string, uuid: string): Promise<Outsider> {
  return lockedBy(databaseUrl, 'select from resource_providers where uuid = $1 for update', [uuid]);
}

/** How many sessions of a database wait for a lock at this moment. */
export async function sessionsWaiting(databaseUrl: string): Promise<number> {
  const text = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  return (await sql(databaseUrl, text)).length;
}

import type { OrphansDocument } from '../../src/resources/orphans/render.js';
import { claim } from './claims.js';
import { sql } from './database.js';
import { setInventories, type Api } from './service.js';

export const hostUuid = (n: number): string => `0000000${n}-0000-4000-8000-000000000001`;
export const consumerUuid = (n: number): string => `9000000${n}-0000-4000-8000-000000000001`;

/** Hosts h1 to h3; consumer 1 on h1 and consumer 3 on h3, both old. */
export async function buildWorld(api: Api, databaseUrl: string): Promise<void> {
  for (const n of [1, 2, 3]) {
    await api.post('/resource_providers', { name: `h${n}`, uuid: hostUuid(n) }).expect(200);
    await setInventories(api, hostUuid(n), { VCPU: { total: 64 }, MEMORY_MB: { total: 262_144 } });
  }
  await occupy(api, 1, { [hostUuid(1)]: { VCPU: 12, MEMORY_MB: 49_152 } });
  await occupy(api, 3, { [hostUuid(3)]: { VCPU: 4, MEMORY_MB: 57_344 } });
  await age(databaseUrl, '2026-11-20T10:00:00Z');
}

/** A claim of consumer `n`. */
export async function occupy(
  api: Api,
  n: number,
  allocations: Record<string, Record<string, number>>,
  more: Record<string, unknown> = {},
): Promise<void> {
  const owner = { project_id: 'p1', user_id: 'u1' };
  await claim(api, allocations, { consumer: consumerUuid(n), ...owner, ...more }).expect(204);
}

/** Makes everything that consumers have as if it was written at a time. */
export async function age(databaseUrl: string, time: string, consumers?: readonly number[]): Promise<void> {
  const which = consumers?.map(consumerUuid) ?? null;
  const chosen = '(select id from consumers where $2::text[] is null or uuid = any($2::text[]))';
  const old = 'created_at = $1::timestamptz, updated_at = null';
  await sql(databaseUrl, `update consumers set ${old} where id in ${chosen}`, [time, which]);
  await sql(databaseUrl, `update allocations set ${old} where consumer_id in ${chosen}`, [time, which]);
}

export async function findOrphans(api: Api, body: object): Promise<OrphansDocument> {
  const all = { taken_at: '2026-11-25T21:00:00+00:00', ...body };
  return (await api.post('/stockroom/orphans', all).expect(200)).body as OrphansDocument;
}

import http from 'node:http';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { composeService } from '../src/compose.js';
import { defaultConfig } from '../src/config.js';
import { startEmbedded } from '../src/db/embedded.js';
import { migrateDatabase } from '../src/db/migrate.js';
import { createServer } from '../src/http/server.js';
import { createLog } from '../src/ops/log.js';

/**
 * Claims a second with the history on and off, in alternating rounds of one run, and the bytes of a claim: docs/adr/0025. Claims name
 * three classes and one of 50 hosts.
 *
 *   npm run bench:history -- [rounds] [seconds]
 */
const [rounds = 6, seconds = 5] = process.argv.slice(2).map(Number);
const CLIENTS = 32;
const HOSTS = 50;

const folder = await mkdtemp(path.join(os.tmpdir(), 'stockroom-bench-'));
const database = await startEmbedded({ dataDir: folder });
await migrateDatabase(defaultConfig(), database.connectionString);
const sql = new pg.Client({ connectionString: database.connectionString });
await sql.connect();
const log = createLog('silent');
const service = composeService(defaultConfig({ policyFile: '', policyDirs: [] }), database.connectionString, log);
const server = createServer(service.app, { memory: service.memory, log });
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as { port: number };
const agent = new http.Agent({ keepAlive: true, maxSockets: CLIENTS });

function send(method: string, target: string, body: unknown): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = {
      'x-auth-token': 'admin',
      'content-type': 'application/json',
      'openstack-api-version': 'placement 1.39',
    };
    const request = http.request({ port, agent, method, path: target, headers }, (response) => {
      response.resume().on('end', () => {
        resolve(response.statusCode ?? 0);
      });
    });
    request.on('error', reject).end(JSON.stringify(body));
  });
}

const hosts = Array.from({ length: HOSTS }, () => randomUUID());
for (const uuid of hosts) {
  await send('POST', '/resource_providers', { name: uuid, uuid });
  const stock = { total: 2_000_000_000, max_unit: 10 };
  const inventories = { VCPU: stock, MEMORY_MB: stock, DISK_GB: stock };
  await send('PUT', `/resource_providers/${uuid}/inventories`, { resource_provider_generation: 0, inventories });
}

async function claimsASecond(): Promise<number> {
  const end = performance.now() + seconds * 1000;
  let claims = 0;
  const client = async (): Promise<void> => {
    while (performance.now() < end) {
      const host = hosts[Math.floor(Math.random() * HOSTS)] ?? '';
      const body = {
        allocations: { [host]: { resources: { VCPU: 1, MEMORY_MB: 1, DISK_GB: 1 } } },
        project_id: 'p',
        user_id: 'u',
        consumer_type: 'INSTANCE',
        consumer_generation: null,
      };
      const status = await send('PUT', `/allocations/${randomUUID()}`, body);
      if (status !== 204) throw new Error(`a claim got ${status}`);
      claims++;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return claims / seconds;
}

const bytes = async (): Promise<number> => {
  const { rows } = await sql.query<{ bytes: string }>(
    `select sum(pg_total_relation_size(inhrelid)) as bytes from pg_inherits
     where inhparent in ('history_changes'::regclass, 'history_requests'::regclass)`,
  );
  return Number(rows[0]?.bytes);
};

await claimsASecond();
const before = await bytes();
let recorded = 0;
const ratios: number[] = [];
for (let round = 0; round < rounds; round++) {
  const found = { on: 0, off: 0 };
  // Which one comes first changes with the round.
  for (const how of round % 2 === 0 ? (['on', 'off'] as const) : (['off', 'on'] as const)) {
    await sql.query(how === 'on' ? 'select history_enable()' : 'select history_disable()');
    await service.history.mark();
    found[how] = await claimsASecond();
    if (how === 'on') recorded += found.on * seconds;
  }
  ratios.push(found.on / found.off);
  console.log(
    `round ${round + 1}: on ${found.on.toFixed(0)}/s, off ${found.off.toFixed(0)}/s, ${(found.on / found.off).toFixed(3)}`,
  );
}
const median = ratios.sort((a, b) => a - b)[Math.floor(ratios.length / 2)] ?? 0;
console.log(`median ratio ${median.toFixed(3)}; ${Math.round(((await bytes()) - before) / recorded)} bytes a claim`);

agent.destroy();
await new Promise((resolve) => server.close(resolve));
await service.close();
await sql.end();
await database.stop();
await rm(folder, { recursive: true, force: true });

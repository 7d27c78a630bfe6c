import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { ask } from './ask.js';
import type { Served } from './neighbour.js';

/** A scheduler that claims, reads and deletes, one request after the other with short pauses. */
const [url = '', token = '', host = ''] = process.argv.slice(2);
const PAUSE_MS = 10;

let times: number[] = [];
let failures: Record<string, number> = {};

const told = { toStop: false };

process.on('message', (message) => {
  if (message === 'stop') {
    told.toStop = true;
    return;
  }
  const sorted = times.sort((a, b) => a - b);
  const at = (part: number): number => Math.round((sorted[Math.floor((sorted.length - 1) * part)] ?? 0) * 10) / 10;
  const served: Served = { requests: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1), failures };
  [times, failures] = [[], {}];
  process.send?.(served);
});

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const over = new AbortController().signal;

async function request(expected: number, method: string, path: string, body?: object): Promise<void> {
  const begin = performance.now();
  const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const { status } = await ask({ url, token, over }, method, path, bytes, { agent });
  times.push(performance.now() - begin);
  if (status !== expected) failures[status] = (failures[status] ?? 0) + 1;
  await setTimeout(PAUSE_MS);
}

while (process.connected) {
  const consumer = randomUUID();
  await request(204, 'PUT', `/allocations/${consumer}`, {
    allocations: { [host]: { resources: { MEMORY_MB: 1 } } },
    ...{ project_id: 'attack', user_id: 'attack', consumer_generation: null, consumer_type: 'INSTANCE' },
  });
  await request(200, 'GET', `/allocations/${consumer}`);
  await request(200, 'GET', `/resource_providers/${host}/usages`);
  await request(200, 'GET', '/allocation_candidates?resources=MEMORY_MB:1&limit=10');
  await request(204, 'DELETE', `/allocations/${consumer}`);
  for (let i = 0; told.toStop && i < 10; i++) {
    const { status } = await ask({ url, token, over }, 'DELETE', `/allocations/${consumer}`);
    if (status === 404) process.exit(0);
    await setTimeout(500);
  }
}
process.exit(0);

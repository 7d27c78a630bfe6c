import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { adminParts } from '../../src/process/admin-listener.js';
import { createAdminServer } from '../../src/ops/admin.js';
import type { Service } from '../../src/compose.js';
import type { RunningProcess } from './process.js';
import { until } from './until.js';

/** The admin listener of a service, on a real socket. */
export interface Admin {
  readonly url: string;
  /** Every sample by its name and labels as they are printed, or the text after the name with the labels given. */
  metrics(): Promise<Metrics>;
  close(): void;
}

export interface Metrics {
  readonly text: string;
  /** `name` or `name{a="b"}`, labels in any order. Undefined when it is not there. */
  readonly value: (sample: string) => number | undefined;
  /** The names of the samples, without labels. */
  readonly names: ReadonlySet<string>;
}

export async function startAdmin(service: Service): Promise<Admin> {
  const server = createAdminServer(adminParts(() => service));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    async metrics() {
      const response = await fetch(`${url}/metrics`);
      assert.equal(response.status, 200);
      assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
      return parseMetrics(await response.text());
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Waits until a process with `--admin-port` works on so many requests at least. */
export async function untilInFlight(run: Pick<RunningProcess, 'printed'>, count: number): Promise<void> {
  const [, url = ''] = await run.printed(/Health and metrics: (http:\S+\/metrics)\n/);
  await until(`${count} requests in flight`, async () => {
    const { value } = parseMetrics(await (await fetch(url, { headers: { connection: 'close' } })).text());
    return (value('stockroom_http_requests_in_flight') ?? 0) >= count;
  });
}

export function parseMetrics(text: string): Metrics {
  const values = new Map<string, number>();
  const names = new Set<string>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, name = '', labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    assert.ok(value !== undefined, `no line of the text format: ${line}`);
    const key = keyOf(name, labels);
    assert.ok(!values.has(key), `twice: ${line}`);
    values.set(key, value === '+Inf' ? Infinity : Number(value));
    names.add(name);
  }
  return {
    text,
    names,
    value(sample) {
      const [, name = '', labels = ''] = /^(\w+)(?:\{(.*)\})?$/.exec(sample) ?? [];
      return values.get(keyOf(name, labels));
    },
  };
}

function keyOf(name: string, labels: string): string {
  const pairs = [...labels.matchAll(/\w+="(?:[^"\\]|\\.)*"/g)].map(([pair]) => pair);
  return `${name}{${pairs.sort().join(',')}}`;
}

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import type supertest from 'supertest';
import type { Config } from '../../src/config.js';
import { claim } from './claims.js';
import { checkLedger } from './ledger.js';
import { setInventories, startTestService, type Api, type TestService } from './service.js';
import { until } from './until.js';
import { patience } from './patience.js';

/** A service whose database is about to break: what it is asked meanwhile, and what it logs. */
export interface Patient extends TestService {
  /** A provider with room. */
  readonly host: string;
  /** A consumer with allocations. */
  readonly consumer: string;
  /** What is logged beside requests, and of requests what is not INFO. */
  troubles(): string[];
  /** How many requests got 503 so far. */
  rejected(): number;
  /** Every kind of request once, each on its own; returns the status by kind. */
  askEverything(): Promise<Record<string, Response>>;
  /** All is rejected with 503 and Retry-After, within {@link LONGEST_RESPONSE}. */
  rejectsEverything(): Promise<void>;
  /** The same, and no request waits for an attempt to reach the database. Requests are sent again while the machine is slow. */
  rejectsAtOnce(): Promise<void>;
  /** It serves everything again by itself; its replica and the ledger are right. */
  recovers(realUrl: string, withinMs?: number): Promise<void>;
}

export interface Response {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly text: string;
  readonly ms: number;
}

/**
 * For tests whose database takes connections and bytes and returns nothing, in seconds: the service notices that after half of this and
 * another whole. Other tests keep the long timeout of startTestService, so that a machine that pauses causes no 503.
 */
export const HASTY = { connectTimeout: 1 };
/** Milliseconds; far below the 30 s that a statement may take, so a test sees that another deadline ended it. */
export const LONGEST_RESPONSE = patience(2500);
/** Milliseconds; below every deadline of {@link HASTY}. */
const AT_ONCE = 300;

export async function startPatient(databaseUrl: string, config: Partial<Config> = {}): Promise<Patient> {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line) as (typeof lines)[0]) });
  const test = await startTestService({ databaseUrl, log, config });
  const [host, consumer] = [randomUUID(), randomUUID()];
  // By a service with long timeouts: those of the patient may end a request before its database has failed.
  const calm = await startTestService({
    databaseUrl,
    config: { preparedStatements: config.preparedStatements ?? true },
  });
  await calm.api.post('/resource_providers', { name: host, uuid: host }).expect(200);
  await setInventories(calm.api, host, { VCPU: { total: 100_000 } });
  await claim(calm.api, { [host]: { VCPU: 1 } }, { consumer }).expect(204);
  await calm.close();

  let rejected = 0;
  const askEverything = async (): Promise<Record<string, Response>> => {
    const requests = everything(test.api, host, consumer);
    const responses = await Promise.all(Object.values(requests).map(timed));
    rejected += responses.filter(({ status }) => status === 503).length;
    return Object.fromEntries(Object.keys(requests).map((name, i) => [name, responses[i] as Response]));
  };

  /** Returns the longest time, in milliseconds. */
  const rejectEverything = async (): Promise<number> => {
    const responses = await askEverything();
    for (const [what, { status, retryAfter }] of Object.entries(responses)) {
      assert.equal(status, 503, what);
      assert.match(retryAfter ?? '', /^[1-9]\d*$/, what);
    }
    return Math.max(...Object.values(responses).map(({ ms }) => ms));
  };

  return {
    ...test,
    host,
    consumer,
    askEverything,
    rejected: () => rejected,
    troubles: () =>
      lines
        .filter(({ path, level }) => path === undefined || level !== 30)
        .map(({ msg }) => String(msg))
        .filter((msg) => !/^topology: (loaded|cannot go on)|^the policy/.test(msg))
        // A session that pauses or is cut off keeps its row for a while, which another session of the service may report.
        .filter((msg) => !/the row of \S+ \S+ (for|is free again)/.test(msg)),
    async rejectsEverything() {
      const longest = await rejectEverything();
      assert.ok(longest < LONGEST_RESPONSE, `a response took ${longest} ms`);
    },
    async rejectsAtOnce() {
      await until('all is rejected at once', async () => (await rejectEverything()) < AT_ONCE);
    },
    async recovers(realUrl, withinMs = 8000) {
      const well = async (): Promise<boolean> =>
        Object.values(await askEverything()).every(({ status }) => status < 300);
      await until('everything is served again', well, withinMs);
      assert.deepEqual(await test.service.topology.audit(), []);
      await checkLedger(realUrl);
    },
  };
}

function everything(api: Api, host: string, consumer: string): Record<string, supertest.Test> {
  return {
    'a read from memory': api.get(`/resource_providers/${host}`),
    'a search': api.get('/allocation_candidates?resources=VCPU:1'),
    'a read by SQL': api.get(`/allocations/${consumer}`),
    'a usage by SQL': api.get('/usages?project_id=a-project'),
    'a claim': claim(api, { [host]: { VCPU: 1 } }),
    'a write of one statement': api.put(`/traits/CUSTOM_${randomUUID().replaceAll('-', '').toUpperCase()}`),
    'a removal': api.delete(`/resource_providers/${host}/traits`),
  };
}

async function timed(request: supertest.Test): Promise<Response> {
  const start = performance.now();
  const { status, headers, text } = await request;
  return { status, retryAfter: headers['retry-after'], text, ms: performance.now() - start };
}

/** Fails unless the lines report the begin and the end of a trouble in turns: once, or more often on a slow machine. */
export function assertByTurns(lines: readonly string[], began: RegExp, ended: RegExp): void {
  assert.ok(lines.length > 0 && lines.length % 2 === 0, lines.join('\n'));
  for (const [index, line] of lines.entries()) assert.match(line, index % 2 === 0 ? began : ended);
}

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import type supertest from 'supertest';
import { claim } from './claims.js';
import { checkLedger } from './ledger.js';
import { createProvider, setInventories, startTestService, type Api, type TestService } from './service.js';
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
  /** How many requests were answered with 503 so far. */
  refused(): number;
  /** Every kind of request once, each on its own; answers status by kind. */
  askEverything(): Promise<Record<string, Answer>>;
  /** All is refused with 503 and Retry-After, and answered within `withinMs`. Answers the longest time. */
  refusesEverything(withinMs: number): Promise<number>;
  /** It serves everything again by itself; its replica and the ledger are right. */
  recovers(realUrl: string, withinMs?: number): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly text: string;
  readonly ms: number;
}

/** Seconds; a black hole is noticed after half the first and another whole. */
export const DEADLINES = { connectTimeout: 0.6, statementTimeout: 4 };
/** Milliseconds. */
export const LONGEST_ANSWER = patience(2500);

export async function startPatient(databaseUrl: string, config: object = {}): Promise<Patient> {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line) as (typeof lines)[0]) });
  const test = await startTestService({ databaseUrl, log, config: { ...DEADLINES, ...config } });
  const host = await createProvider(test.api, randomUUID());
  await setInventories(test.api, host, { VCPU: { total: 100_000 } });
  const consumer = randomUUID();
  await claim(test.api, { [host]: { VCPU: 1 } }, { consumer }).expect(204);

  let refused = 0;
  const askEverything = async (): Promise<Record<string, Answer>> => {
    const requests = everything(test.api, host, consumer);
    const answers = await Promise.all(Object.values(requests).map(timed));
    refused += answers.filter(({ status }) => status === 503).length;
    return Object.fromEntries(Object.keys(requests).map((name, i) => [name, answers[i] as Answer]));
  };

  return {
    ...test,
    host,
    consumer,
    askEverything,
    refused: () => refused,
    troubles: () =>
      lines
        .filter(({ path, level }) => path === undefined || level !== 30)
        .map(({ msg }) => String(msg))
        .filter((msg) => !/^topology: (loaded|cannot go on)|^the policy/.test(msg)),
    async refusesEverything(withinMs) {
      const answers = await askEverything();
      for (const [what, { status, retryAfter, ms }] of Object.entries(answers)) {
        assert.equal(status, 503, what);
        assert.match(retryAfter ?? '', /^[1-9]\d*$/, what);
        assert.ok(ms < withinMs, `${what} took ${ms} ms`);
      }
      return Math.max(...Object.values(answers).map(({ ms }) => ms));
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

async function timed(request: supertest.Test): Promise<Answer> {
  const start = performance.now();
  const { status, headers, text } = await request;
  return { status, retryAfter: headers['retry-after'], text, ms: performance.now() - start };
}

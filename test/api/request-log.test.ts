import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import express from 'express';
import pino from 'pino';
import { Registry } from 'prom-client';
import supertest from 'supertest';
import { noauth2 } from '../../src/auth/noauth2.js';
import { createSlices } from '../../src/event-loop.js';
import { createClientMemory } from '../../src/http/client-memory.js';
import { installRoutes } from '../../src/http/pipeline.js';
import type { Route } from '../../src/http/route.js';
import { createLog, logSettings } from '../../src/ops/log.js';
import { meterHttp } from '../../src/ops/metrics/http.js';
import { prettyLine } from '../../src/ops/pretty.js';
import { startKeystone, type FakeKeystone } from '../support/keystone.js';
import { startTestService, type TestService } from '../support/service.js';
import { send, type WireRequest } from '../support/raw-request.js';

interface Line {
  readonly level: string;
  readonly [name: string]: unknown;
}

describe('the request log', () => {
  let fake: FakeKeystone;
  let api: TestService;
  let text = '';
  const log = pino(logSettings('info'), { write: (line: string) => void (text += line) });
  before(async () => {
    fake = await startKeystone();
    api = await startTestService({ config: fake.config({ corsAllowedOrigin: ['https://a.example'] }), log });
  });
  after(async () => {
    await api.close();
    await fake.stop();
  });
  beforeEach(() => {
    fake.behaviour = 'good';
    text = '';
  });

  const lines = () => requestLines(text);
  const ask = (request: WireRequest) => send(api.url, request);

  it('has one line for a request, that says who asked for what, and what came of it', async () => {
    const globalId = `req-${randomUUID()}`;
    const headers = { 'x-auth-token': fake.issue({ user: 'u1', project: 'p1' }), 'x-openstack-request-id': globalId };
    const response = await ask({ path: '/traits?name=in:HW_CPU_X86_AVX2', headers });
    const [line, ...more] = lines();
    assert.deepEqual(more, []);
    const { time, ms, ...rest } = line ?? ({} as Line);
    assert.deepEqual(rest, {
      level: 'info',
      request_id: response.headers['x-openstack-request-id'],
      global_request_id: globalId,
      client: '127.0.0.1',
      method: 'GET',
      path: '/traits?name=in:HW_CPU_X86_AVX2',
      status: 200,
      length: Buffer.byteLength(response.text),
      microversion: '1.39',
      user_id: 'u1',
      project_id: 'p1',
      msg: 'request',
    });
    assert.ok(typeof ms === 'number' && ms > 0 && ms < 10_000);
    assert.ok(!Number.isNaN(Date.parse(time as string)));
    const page = readFileSync(new URL('../../docs/reference/log.md', import.meta.url), 'utf8');
    for (const field of Object.keys(line ?? {})) assert.ok(page.includes(`\`${field}\``), `log.md lacks ${field}`);
    assert.notEqual(rest['request_id'], globalId);
  });

  it('has one line for each way a request can end', async () => {
    const token = fake.issue();
    const nobody = fake.issue({ roles: ['nobody'] });
    const body = '{"name": "logged"}';
    const ends: [WireRequest, number][] = [
      [{ path: '/' }, 200],
      [{ method: 'POST', path: '/resource_providers', headers: { 'x-auth-token': token }, body }, 200],
      [{ method: 'POST', path: '/resource_providers', headers: { 'x-auth-token': token }, body }, 409],
      [{ method: 'POST', path: '/resource_providers', headers: { 'x-auth-token': token }, body: '{' }, 400],
      [{ method: 'PUT', path: '/traits/CUSTOM_LOGGED', headers: { 'x-auth-token': token } }, 201],
      [{ method: 'DELETE', path: '/traits/CUSTOM_LOGGED', headers: { 'x-auth-token': token } }, 204],
      [{ method: 'HEAD', path: '/traits', headers: { 'x-auth-token': token } }, 405],
      [{ method: 'PURGE', path: '/traits', headers: { 'x-auth-token': token } }, 405],
      [{ method: 'OPTIONS', path: '/traits' }, 200],
      [{ path: '/traits', headers: { 'x-auth-token': nobody } }, 403],
      [{ path: '/traits', headers: { 'x-auth-token': null } }, 401],
      [{ path: '/nowhere', headers: { 'x-auth-token': token } }, 404],
      [{ path: '/%', headers: { 'x-auth-token': token } }, 400],
      [{ path: '/traits', headers: { 'x-auth-token': token, 'openstack-api-version': 'placement 7.0' } }, 406],
    ];
    for (const [request, status] of ends) {
      text = '';
      const response = await ask(request);
      const what = `${request.method ?? 'GET'} ${request.path}: ${text}`;
      assert.equal(response.status, status, what);
      const found = lines();
      assert.equal(found.length, 1, what);
      assert.equal(found[0]?.['status'], status, what);
      assert.equal(found[0]['level'], 'info');
      assert.equal(found[0]['path'], request.path);
      assert.equal(found[0]['method'], request.method ?? 'GET');
      assert.equal(found[0]['length'], Buffer.byteLength(response.text), what);
      assert.equal(found[0]['request_id'], response.headers['x-openstack-request-id']);
    }
  });

  it('shows a 503, which is foreseen, as any other response, with the same ids', async () => {
    fake.behaviour = 503;
    const globalId = `req-${randomUUID()}`;
    const headers = { 'x-auth-token': fake.issue(), 'x-openstack-request-id': globalId };
    const response = await ask({ path: '/traits', headers });
    assert.equal(response.status, 503);
    const [line] = lines();
    assert.equal(line?.level, 'info');
    assert.equal(line['request_id'], response.headers['x-openstack-request-id']);
    assert.equal(line['global_request_id'], globalId);
    assert.equal(line['status'], 503);
  });

  it('repeats nothing of a global request id that is none', async () => {
    for (const odd of ['req-no', randomUUID(), `req-${randomUUID()} x`, `gAAAAA${'x'.repeat(100)}`]) {
      text = '';
      await ask({ path: '/', headers: { 'x-openstack-request-id': odd } });
      assert.equal(lines()[0]?.['global_request_id'], undefined);
      assert.ok(!text.includes(odd));
    }
  });

  it('never shows a token, wherever it was put', async () => {
    const token = fake.issue();
    const encoded = encodeURIComponent(`${token}==`);
    for (const path of [`/traits?token=${token}`, `/traits?token=${encoded}`, `/${token}`, `/?x=1&t=${token}&y=2`]) {
      await ask({ path, headers: { 'x-auth-token': token, 'x-service-token': 'none' } });
    }
    await ask({ path: '/', headers: { 'x-auth-token': token, 'x-openstack-request-id': token } });
    assert.equal(lines().length, 5);
    assert.ok(text.includes('/?x=1&t=***&y=2'), text);
    assert.ok(!text.includes(token.slice(0, 40)) && !text.includes(token.slice(-40)), text);
  });

  describe('with noauth2', () => {
    it('does not take a token for the name of a user', async () => {
      const open = await startTestService({ log });
      try {
        text = '';
        const token = `gAAAAA${'abc-'.repeat(40)}`;
        await send(open.url, { path: '/traits', headers: { 'x-auth-token': token } });
        await send(open.url, { path: '/traits', headers: { 'x-auth-token': 'ann:red' } });
        const [real, name] = lines();
        assert.ok(!text.includes('abc-abc-'), text);
        assert.equal(real?.['user_id'], '(too long for an id)');
        assert.deepEqual([name?.['user_id'], name?.['project_id']], ['ann', 'red']);
      } finally {
        await open.close();
      }
    });
  });

  describe('of single routes', () => {
    let seen = '';
    const routes: Route[] = [
      { method: 'GET', path: '/well', rule: null, quiet: true, handle: () => ({ status: 200, body: '{}' }) },
      {
        method: 'GET',
        path: '/broken',
        rule: null,
        handle() {
          throw new Error('the reason');
        },
      },
    ];
    function at(level: string) {
      seen = '';
      const app = express();
      installRoutes(app, routes, {
        authenticate: noauth2,
        log: pino(logSettings(level), { write: (line: string) => void (seen += line) }),
        onUnavailable: () => undefined,
        auditLog: null,
        memory: createClientMemory({ requests: 1e6, responses: 1e6 }, log),
        slices: createSlices(),
        maxBodyBytes: 1000,
        cors: null,
        proxyHeaders: false,
        pages: new Map(),
        meter: meterHttp(new Registry()),
        policy: { authorize: () => undefined },
      });
      return supertest(app);
    }

    it('leaves a quiet route to DEBUG', async () => {
      await at('info').get('/well').set('x-auth-token', 'admin').expect(200);
      assert.equal(seen, '');
      await at('debug').get('/well').set('x-auth-token', 'admin').expect(200);
      assert.deepEqual(
        requestLines(seen).map(({ level, path }) => ({ level, path })),
        [{ level: 'debug', path: '/well' }],
      );
    });

    it('says in the one line of a failure what the client is not told', async () => {
      const response = await at('error').get('/broken').set('x-auth-token', 'admin').expect(500);
      assert.ok(!response.text.includes('the reason'));
      const [line, ...more] = requestLines(seen);
      assert.deepEqual(more, []);
      assert.equal(line?.level, 'error');
      assert.equal(line['request_id'], response.headers['x-openstack-request-id']);
      assert.equal((line['err'] as { message: string }).message, 'the reason');
      assert.match((line['err'] as { stack: string }).stack, /request-log\.test\.ts/);
    });

    it('asks for nothing when the level leaves it out', async () => {
      await at('warn').get('/well').set('x-auth-token', 'admin').expect(200);
      await at('silent').get('/broken').set('x-auth-token', 'admin').expect(500);
      assert.equal(seen, '');
    });
  });

  describe('for people', () => {
    const stamp = { level: 'info', time: '2026-11-21T12:00:01.234Z' };

    it('is one short line, in colour on a terminal', () => {
      const line = JSON.stringify({
        ...stamp,
        method: 'GET',
        path: '/traits',
        status: 200,
        length: 12,
        ms: 1.5,
        user_id: 'u',
        msg: 'request',
      });
      assert.equal(prettyLine(line, false), '12:00:01.234 INFO  GET /traits 200 12 B 1.5 ms user_id=u\n');
      assert.ok(prettyLine(line, true).includes('\x1b[32mINFO \x1b[0m GET'));
    });

    it('shows other lines, and where an error came from', () => {
      const line = {
        ...stamp,
        level: 'error',
        providers: 3,
        err: { message: 'no', stack: 'Error: no\n    at here' },
        msg: 'loaded',
      };
      assert.equal(
        prettyLine(JSON.stringify(line), false),
        '12:00:01.234 ERROR loaded providers=3\n    Error: no\n    at here\n',
      );
      assert.equal(prettyLine('{"level":"info","time":"x","msg":"m","err":{}}', false), ' INFO  m\n    {}\n');
    });

    it('lets no client steer the terminal, and takes anything', () => {
      const line = JSON.stringify({
        ...stamp,
        method: 'GET',
        path: '/\x1b[2J\u009b',
        status: 200,
        length: 0,
        ms: 1,
        msg: 'request',
      });
      assert.match(prettyLine(line, false), /^[^\p{Cc}]+\n$/u);
      assert.equal(prettyLine('no JSON \x07\n', false), 'no JSON \ufffd\n');
    });

    it('is chosen by the format; a silent log writes nothing', () => {
      for (const format of ['auto', 'json', 'pretty'] as const)
        createLog('silent', { logFormat: format }).info('never seen');
    });
  });
});

function requestLines(text: string): Line[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
    .filter(({ request_id }) => request_id !== undefined);
}

/** Node's client, too, knows only the methods there are. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import pino from 'pino';
import { createLoginRateLimit } from '../../src/resources/login/rate-limit.js';
import type { AuditEvent } from '../../src/audit-log/event.js';
import { makeCertificates } from '../support/certificates.js';
import { startKeystone, type FakeKeystone } from '../support/keystone.js';
import { messageOf, startTestService, type TestService } from '../support/service.js';
import { until } from '../support/until.js';
import { send, type Response } from '../support/raw-request.js';

const [PASSWORD, SECRET] = ['pass-word-of-ada', 'secret-of-ada'];
const BY_PASSWORD = {
  user: { name: 'ada', domain: 'Default', password: PASSWORD },
  project: { name: 'demo', domain: 'Default' },
};
const BY_CREDENTIAL = { application_credential: { id: 'c1', secret: SECRET } };

describe('signing in with a password', () => {
  let fake: FakeKeystone;
  let test: TestService;
  let log = '';
  before(async () => {
    fake = await startKeystone();
    fake.person = { name: 'ada', password: PASSWORD, secret: SECRET, spec: { roles: ['admin'] } };
  });
  beforeEach(async () => {
    fake.behaviour = 'good';
    log = '';
    // Attempts are counted in each service.
    test = await start();
  });
  afterEach(() => test.close());
  after(() => fake.stop());

  const start = (config: object = {}): Promise<TestService> =>
    startTestService({
      config: fake.config({ consoleLogin: true, ...config }),
      log: pino({ level: 'trace' }, { write: (line: string) => void (log += line) }),
    });
  const logIn = (body: unknown, headers: Record<string, string | null> = {}, at = test): Promise<Response> =>
    send(at.url, {
      path: '/stockroom/login',
      method: 'POST',
      headers: { 'x-auth-token': null, 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });

  it('gives a token of Keystone, with which the API works', async () => {
    for (const body of [BY_PASSWORD, BY_CREDENTIAL]) {
      const { status, text } = await logIn(body);
      assert.equal(status, 200);
      const signedIn = JSON.parse(text) as { token: string; expires_at: string; roles: string[]; user: { id: string } };
      assert.deepEqual(signedIn.roles, ['admin']);
      assert.ok(Date.parse(signedIn.expires_at) > Date.now());
      const used = await send(test.url, { path: '/stockroom/whoami', headers: { 'x-auth-token': signedIn.token } });
      assert.equal(used.status, 200);
      assert.equal((JSON.parse(used.text) as { user_id: string }).user_id, signedIn.user.id);
      assert.ok(!log.includes(signedIn.token), 'the log has no token');
    }
    const { text } = await send(test.url, { path: '/readyz' });
    assert.deepEqual((JSON.parse(text) as { keystone: { login: boolean } }).keystone.login, true);
  });

  it('says the same whatever is wrong, and shows nothing of what came', async () => {
    const wrong = { ...BY_PASSWORD, user: { ...BY_PASSWORD.user, password: 'another-pass-word' } };
    const unknown = { ...BY_PASSWORD, user: { ...BY_PASSWORD.user, name: 'eve' } };
    const texts = new Set<string>();
    for (const body of [wrong, unknown, { application_credential: { id: 'c1', secret: 'another-secret' } }]) {
      const { status, text } = await logIn(body);
      assert.equal(status, 401);
      texts.add(messageOf(JSON.parse(text)));
    }
    assert.equal(texts.size, 1);
    for (const body of [
      `{"user": "${PASSWORD}"}`,
      `{"user": {"name": "ada", "domain": "Default", "password": ["${PASSWORD}"]}, "project": {"name": "demo", "domain": "Default"}}`,
      `{"${PASSWORD}": 1}`,
      `"${PASSWORD}`,
      '',
    ]) {
      const { status, text } = await logIn(body);
      assert.equal(status, 400, body);
      assert.ok(!text.includes(PASSWORD), text);
    }
    assert.ok(!/pass-word|secret-of|another-secret/.test(log), 'the log has none of it');
  });

  it('is only for those whose way is confidential, and for pages of this service', async () => {
    const proxied = await start({ enableProxyHeadersParsing: true });
    try {
      const elsewhere = { 'x-forwarded-for': '192.0.2.7' };
      assert.equal((await logIn(BY_PASSWORD, { ...elsewhere, 'x-forwarded-proto': 'http' }, proxied)).status, 403);
      assert.equal((await logIn(BY_PASSWORD, { 'x-forwarded-for': '127.0.0.1' }, proxied)).status, 403);
      assert.equal((await logIn(BY_PASSWORD, { ...elsewhere, 'x-forwarded-proto': 'https' }, proxied)).status, 200);
    } finally {
      await proxied.close();
    }
    // A proxy on this machine that is not believed.
    for (const header of ['x-forwarded-for', 'via', 'forwarded'])
      assert.equal((await logIn(BY_PASSWORD, { [header]: '127.0.0.1' })).status, 403);
    for (const site of ['cross-site', 'same-site', 'none'])
      assert.equal((await logIn(BY_PASSWORD, { 'sec-fetch-site': site })).status, 403);
    assert.equal((await logIn(BY_PASSWORD, { 'sec-fetch-site': 'same-origin' })).status, 200);
  });

  it('takes passwords over TLS of its own, whatever headers of a proxy come', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stockroom-login-'));
    const { authority, certificate, key } = makeCertificates(folder);
    const [ca, cert, keyText] = [authority, certificate, key].map((file) => fs.readFileSync(file));
    const server = https.createServer({ cert, key: keyText }, test.service.app);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      const options = { port, ca, path: '/stockroom/login', method: 'POST', agent: false };
      const headers = { 'content-type': 'application/json', via: '1.1 proxy.example' };
      const request = https.request('https://localhost', { ...options, headers, family: 4 });
      request.end(JSON.stringify(BY_PASSWORD));
      const [{ statusCode }] = (await once(request, 'response')) as [{ statusCode: number }];
      assert.equal(statusCode, 200);
      assert.equal((await logIn(BY_PASSWORD, { via: '1.1 proxy.example' })).status, 403, 'the same without TLS');
    } finally {
      server.closeAllConnections();
      server.close();
      fs.rmSync(folder, { recursive: true });
    }
  });

  it('has POST only', async () => {
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']) {
      const { status, headers } = await send(test.url, { path: '/stockroom/login', method });
      assert.deepEqual([status, headers.allow], [405, 'POST'], method);
    }
  });

  it('names in log and audit log whom it signed in, and no user for what it rejects', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stockroom-login-'));
    const auditLogFile = path.join(folder, 'audit.log');
    const audited = await start({ auditLog: 'writes', auditLogFile });
    try {
      const accepted = await logIn(BY_PASSWORD, {}, audited);
      const { user, project } = JSON.parse(accepted.text) as { user: { id: string }; project: { id: string } };
      const mistyped = { ...BY_PASSWORD, user: { name: PASSWORD, domain: 'Default', password: 'ada' } };
      assert.equal((await logIn(mistyped, {}, audited)).status, 401);
      const lines = await until('both have a line', () => {
        const found = fs.readFileSync(auditLogFile, 'utf8').split('\n').filter(Boolean);
        return found.length === 2 && found;
      });
      const events = lines.map((line) => JSON.parse(line) as AuditEvent);
      assert.deepEqual(
        events.map(({ action, outcome, requestPath, initiator: { id, project_id: of } }) => [
          action,
          outcome,
          requestPath,
          id,
          of,
        ]),
        [
          ['create', 'success', '/stockroom/login', user.id, project.id],
          ['create', 'failure', '/stockroom/login', 'unknown', 'unknown'],
        ],
      );
      assert.ok(!lines.join().includes(PASSWORD));
      const logged = log.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as { user_id?: string }]));
      assert.equal(logged.filter((line) => line.user_id === user.id).length, 1);
    } finally {
      await audited.close();
      fs.rmSync(folder, { recursive: true });
    }
  });

  it('counts by the address that the nearest proxy wrote, which the client cannot choose', async () => {
    const proxied = await start({ enableProxyHeadersParsing: true });
    const from = (name: string, forwarded: Record<string, string>): Promise<Response> =>
      logIn({ ...BY_PASSWORD, user: { ...BY_PASSWORD.user, name } }, forwarded, proxied);
    const forged = (i: number, last: string) => ({
      'x-forwarded-proto': 'https',
      'x-forwarded-for': `198.51.100.${i}, ${last}:${4000 + i}`,
      ...(i % 2 === 0 ? { forwarded: `for=198.51.100.${i};proto=https, for="[2001:db8::${i}]:1"` } : {}),
    });
    try {
      for (let i = 0; i < 10; i++) assert.equal((await from(`other-${i}`, forged(i, '192.0.2.7'))).status, 401);
      assert.equal((await from('ada', forged(10, '192.0.2.7'))).status, 429);
      assert.equal((await from('ada', forged(11, '192.0.2.8'))).status, 200);
    } finally {
      await proxied.close();
    }
  });

  it('has a bound for attempts of a user and of an address', async () => {
    const asUser = (name: string) => logIn({ ...BY_PASSWORD, user: { ...BY_PASSWORD.user, name } });
    for (let i = 0; i < 5; i++) assert.equal((await asUser(i % 2 === 0 ? 'Eve' : 'eve ')).status, 401);
    const rejected = await asUser('EVE');
    assert.equal(rejected.status, 429);
    assert.ok(Number(rejected.headers['retry-after']) > 0);
    // The right password does not help either: a guess would be confirmed.
    for (let i = 0; i < 4; i++) assert.equal((await asUser(`other-${i}`)).status, 401);
    assert.equal((await asUser('ada')).status, 429, 'ten from this address');
  });

  it('forgets attempts after a minute', () => {
    let now = 0;
    const limit = createLoginRateLimit(2, () => now);
    assert.deepEqual([limit.take('a'), limit.take('a'), limit.take('a'), limit.take('b')], [null, null, 60, null]);
    now = 59_500;
    assert.equal(limit.take('a'), 1);
    now = 60_000;
    assert.equal(limit.take('a'), null);
  });

  it('is 503 while Keystone cannot be asked, and 404 where it is switched off', async () => {
    for (const behaviour of ['closing', 'garbage', 500] as const) {
      fake.behaviour = behaviour;
      const { status, headers } = await logIn(BY_PASSWORD);
      assert.equal(status, 503, String(behaviour));
      assert.ok(Number(headers['retry-after']) > 0);
    }
    fake.behaviour = 'good';
    const off = await start({ consoleLogin: false });
    try {
      assert.equal((await logIn(BY_PASSWORD, {}, off)).status, 404);
    } finally {
      await off.close();
    }
    assert.equal((await logIn(BY_PASSWORD, { 'content-type': 'text/plain' })).status, 415);
    assert.equal((await logIn({ ...BY_PASSWORD, more: 'x'.repeat(9000) })).status, 413);
  });
});

import assert from 'node:assert/strict';
import http from 'node:http';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import pino from 'pino';
import { routeTable } from '../../src/app.js';
import { SERVICE_PASSWORD, startKeystone, type Behaviour, type FakeKeystone } from '../support/keystone.js';
import { startTestService, type TestService } from '../support/service.js';
import { until } from '../support/until.js';

describe('the API with Keystone', () => {
  let fake: FakeKeystone;
  let api: TestService;
  let log = '';
  before(async () => {
    fake = await startKeystone();
    api = await startTestService({
      config: fake.config({ keystoneWwwAuthenticateUri: 'https://public.example/identity' }),
      log: pino({ level: 'trace' }, { write: (line: string) => void (log += line) }),
    });
  });
  after(async () => {
    await api.close();
    await fake.stop();
  });
  beforeEach(() => {
    fake.behaviour = 'good';
  });

  interface Response {
    readonly status: number;
    readonly headers: IncomingHttpHeaders;
    readonly text: string;
  }
  /** Without a client library that tidies headers up. */
  function call(method: string, path: string, headers: OutgoingHttpHeaders = {}, body = ''): Promise<Response> {
    return new Promise((resolve, reject) => {
      const length = body === '' ? {} : { 'content-length': body.length };
      const { hostname, port } = new URL(api.url);
      const all = { 'openstack-api-version': 'placement 1.39', ...headers, ...length };
      const request = http.request({ hostname, port, path, method, headers: all }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
      });
      request.on('error', reject);
      request.end(body);
    });
  }
  const get = (token: string, path = '/traits') => call('GET', path, { 'x-auth-token': token });

  it('serves a valid token, and rejects a role that is not allowed', async () => {
    assert.equal((await get(fake.issue())).status, 200);
    assert.equal((await get(fake.issue({ roles: ['SERVICE'] }))).status, 200);
    assert.equal((await get(fake.issue({ roles: ['nobody'] }))).status, 403);
    assert.equal((await get(fake.issue({ system: true }))).status, 403);
    assert.equal((await get(fake.issue({ domain: 'd' }))).status, 403);
  });

  it('says who calls, until when, and what the rules allow', async () => {
    const { status, text } = await get(fake.issue({ roles: ['reader'] }), '/stockroom/whoami');
    assert.equal(status, 200);
    const { expires_at, rules, roles } = JSON.parse(text) as { expires_at: string; rules: string[]; roles: string[] };
    assert.ok(Date.parse(expires_at) > Date.now(), expires_at);
    assert.match(expires_at, /\+00:00$/);
    assert.deepEqual(roles, ['reader']);
    // Of all routes, a reader sees the usages of the own project.
    assert.deepEqual(rules, ['placement:usages']);
    const unscoped = await get(fake.issue({ system: true }), '/stockroom/whoami');
    assert.deepEqual((JSON.parse(unscoped.text) as { rules: string[] }).rules, []);
  });

  it('reads a body that arrives while Keystone thinks', async () => {
    fake.behaviour = 'slow';
    const headers = { 'x-auth-token': fake.issue(), 'content-type': 'application/json' };
    const { status } = await call('POST', '/resource_providers', headers, '{"name": "slow"}');
    assert.equal(status, 200);
  });

  it('rejects as Keystone middleware does', async () => {
    for (const headers of [{}, { 'x-auth-token': 'gAAAAAunknown' }]) {
      const response = await call('GET', '/resource_providers', headers);
      assert.equal(response.status, 401);
      assert.equal(response.headers['www-authenticate'], 'Keystone uri="https://public.example/identity"');
      assert.equal(response.headers['content-type'], 'application/json');
      assert.match(response.headers['x-openstack-request-id'] as string, /^req-/);
      assert.equal(response.headers['openstack-api-version'], undefined);
      assert.deepEqual(JSON.parse(response.text), {
        error: { code: 401, title: 'Unauthorized', message: 'The request you have made requires authentication.' },
      });
    }
  });

  it('serves / to every client, without asking', async () => {
    const before = { ...fake.calls };
    assert.equal((await call('GET', '/')).status, 200);
    assert.equal((await get('gAAAAAanything', '/')).status, 200);
    assert.deepEqual(fake.calls, before);
  });

  it('serves no other route without a valid identity, known or not', async () => {
    const routes = routeTable({ pool: null, topology: null } as never);
    assert.ok(routes.length > 30);
    const paths = new Set(routes.map(({ path }) => path.replace(/:\w+/g, 'x')));
    const more = [
      '/nowhere',
      '//',
      '/traits/',
      '/%2F',
      '/traits%2F',
      '/%',
      '/.',
      '/./',
      '/..%2Ftraits',
      '/Traits',
      '*',
    ];
    for (const path of [...paths, ...more]) {
      if (['/', '/healthz', '/readyz', '/stockroom/login'].includes(path)) continue;
      for (const method of ['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD', 'TRACE']) {
        for (const headers of [{}, { 'x-auth-token': 'gAAAAAunknown' }, { 'x-roles': 'admin', 'x-user-id': 'root' }]) {
          const { status } = await call(method, path, headers);
          assert.equal(status, 401, `${method} ${path}`);
        }
      }
    }
  });

  it('does not believe what a client says of itself', async () => {
    const forged = {
      'x-roles': 'admin',
      'x-role': 'admin',
      'x-user-id': 'root',
      'x-project-id': 'p',
      'x-identity-status': 'Confirmed',
      'x-service-roles': 'service',
      'x-is-admin-project': 'True',
    };
    assert.equal((await call('GET', '/traits', forged)).status, 401);
    const token = fake.issue({ roles: ['nobody'] });
    assert.equal((await call('GET', '/traits', { ...forged, 'x-auth-token': token })).status, 403);
    assert.equal((await call('GET', '/usages?project_id=p', { ...forged, 'x-auth-token': token })).status, 403);
  });

  it('rejects what is no token without a question', async () => {
    const good = fake.issue();
    const before = { ...fake.calls };
    const odd: (string | string[])[] = ['', ' ', 'a b', '\u00fcnicode', Buffer.from('令牌').toString('latin1')];
    odd.push([good, good], 'A'.repeat(5000), '\t', `${good};`.repeat(20));
    for (const token of odd) {
      assert.equal((await call('GET', '/traits', { 'x-auth-token': token })).status, 401, JSON.stringify(token));
    }
    // Longer than all headers may be together, and a NUL: Node's parser rejects them.
    assert.equal((await get('A'.repeat(70_000))).status, 431);
    assert.deepEqual(
      { ...fake.calls, validations: fake.calls.validations - before.validations },
      { ...before, validations: 1 },
    );
  });

  it('asks once for a hundred requests with one new token', async () => {
    fake.behaviour = 'slow';
    const before = fake.calls.validations;
    const token = fake.issue();
    const responses = await Promise.all(Array.from({ length: 100 }, () => get(token)));
    assert.ok(responses.every(({ status }) => status === 200));
    assert.equal(fake.calls.validations, before + 1);
  });

  it('returns 503 while Keystone is away, and goes on serving known tokens', async () => {
    const known = fake.issue();
    assert.equal((await get(known)).status, 200);
    await fake.stop();
    const { status, headers, text } = await get(fake.issue());
    assert.equal(status, 503);
    assert.match(headers['retry-after'] ?? '', /^\d+$/);
    const body = JSON.parse(text) as Record<string, string>;
    assert.deepEqual([body['code'], body['title']], ['503 Service Unavailable', 'Service Unavailable']);
    assert.match(body['message'] ?? '', /The Keystone service is temporarily unavailable/);
    assert.equal((await get(known)).status, 200);
    assert.equal((await call('GET', '/')).status, 200);
    await fake.start();
    await until('it recovers', async () => (await get(fake.issue())).status === 200);
  });

  it('shows no token and no password in logs and responses', async () => {
    const secrets = [SERVICE_PASSWORD, 'gAAAAA'];
    const troubles: Behaviour[] = ['garbage', 'page', 'redirect', 500, 'closing', 'good'];
    for (const trouble of troubles) {
      fake.behaviour = trouble;
      const token = fake.issue({ roles: ['nobody'] });
      const headers = { 'x-auth-token': token, 'x-service-token': token, 'x-openstack-request-id': 'req-mine' };
      for (const path of ['/traits', '/nowhere', '/resource_providers?bad']) {
        const response = await call('GET', path, headers);
        const shown = JSON.stringify(response);
        for (const secret of secrets) assert.ok(!shown.includes(secret), shown);
      }
    }
    assert.match(log, /Keystone cannot validate tokens/);
    for (const secret of secrets) assert.ok(!log.includes(secret), log);
  });
});

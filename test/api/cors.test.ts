import assert from 'node:assert/strict';
import { ConfigError, readConfig } from '../../src/config.js';
import { startKeystone, type FakeKeystone } from '../support/keystone.js';
import { startTestService, type TestService } from '../support/service.js';
import { send, sendBytes, type Response } from '../support/raw-request.js';

const ORIGIN = 'https://dashboard.example';

describe('CORS', () => {
  let api: TestService;
  before(async () => {
    api = await startTestService({ config: { corsAllowedOrigin: [ORIGIN, 'http://other.example:8080'] } });
  });
  after(() => api.close());

  const preflight = (headers: Record<string, string | null>, path = '/traits', url = api.url) =>
    send(url, {
      method: 'OPTIONS',
      path,
      headers: { 'x-auth-token': null, 'openstack-api-version': null, ...headers },
    });
  const asking = (method: string, headers?: string, origin = ORIGIN) => ({
    origin,
    'access-control-request-method': method,
    ...(headers === undefined ? {} : { 'access-control-request-headers': headers }),
  });

  it('lets a listed origin do what it asks for, without a token and on any path', async () => {
    for (const path of ['/', '/traits', '/nowhere', '/%', '*']) {
      const response = await preflight(asking('PUT', 'x-auth-token, OpenStack-API-Version,content-type'), path);
      assert.equal(response.status, 200, path);
      assert.equal(response.text, '');
      assert.deepEqual(corsHeaders(response), {
        'access-control-allow-origin': ORIGIN,
        'access-control-allow-credentials': 'true',
        'access-control-max-age': '3600',
        'access-control-allow-methods': 'PUT',
        'access-control-allow-headers': 'x-auth-token,OpenStack-API-Version,content-type',
        vary: 'Origin',
      });
      assert.match(response.headers['x-openstack-request-id'] as string, /^req-/);
    }
  });

  it('responds to any other OPTIONS with 200 and nothing', async () => {
    const rejected = [
      {},
      asking('GET', undefined, 'https://evil.example'),
      asking('GET', undefined, `${ORIGIN}.evil.example`),
      asking('GET', undefined, ORIGIN.toUpperCase()),
      asking('GET', undefined, 'null'),
      asking('TRACE'),
      asking('get'),
      asking('GET', 'x-auth-token, x-forged'),
      { origin: ORIGIN },
    ];
    for (const headers of rejected) {
      const response = await preflight(headers);
      assert.equal(response.status, 200);
      assert.equal(response.text, '');
      assert.deepEqual(corsHeaders(response), {}, JSON.stringify(headers));
    }
  });

  it('does not take the body of an OPTIONS for the next request', async () => {
    const smuggled = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';
    const text = await sendBytes(
      api.url,
      `OPTIONS / HTTP/1.1\r\nhost: a\r\ncontent-length: ${smuggled.length + 50_000}\r\n\r\n${smuggled}`,
    );
    assert.equal(text.match(/HTTP\/1\.1/g)?.length, 1, text);
  });

  it('lets a listed origin read every response, rejections and errors too', async () => {
    const requests = [
      { path: '/traits', status: 200, vary: 'openstack-api-version,Origin' },
      { path: '/nowhere', status: 404, vary: 'openstack-api-version,Origin' },
      { path: '/traits', headers: { 'x-auth-token': null }, status: 401, vary: 'Origin' },
      { path: '/traits', headers: { 'openstack-api-version': 'placement 9.9' }, status: 406, vary: 'Origin' },
      { path: '/traits', method: 'PATCH', status: 405, vary: 'openstack-api-version,Origin' },
    ];
    for (const { status, vary, headers = {}, ...request } of requests) {
      const response = await send(api.url, {
        ...request,
        headers: { ...headers, origin: 'http://other.example:8080' },
      });
      assert.equal(response.status, status);
      assert.deepEqual(corsHeaders(response), {
        'access-control-allow-origin': 'http://other.example:8080',
        'access-control-allow-credentials': 'true',
        'access-control-expose-headers':
          'X-Auth-Token,X-Openstack-Request-Id,X-Subject-Token,X-Service-Token,OpenStack-API-Version',
        vary,
      });
    }
  });

  it('gives no other origin anything, and serves it as without CORS', async () => {
    for (const headers of [{}, { origin: 'https://evil.example' }, { origin: 'http://other.example' }]) {
      const response = await send(api.url, { path: '/traits', headers });
      assert.equal(response.status, 200);
      assert.deepEqual(corsHeaders(response), { vary: 'openstack-api-version' });
    }
  });

  describe('with other settings', () => {
    let open: TestService;
    let keystone: FakeKeystone;
    before(async () => {
      keystone = await startKeystone();
      const configured = readConfig({
        argv: [],
        env: {
          OS_CORS__ALLOWED_ORIGIN: `*, ${ORIGIN}`,
          OS_CORS__ALLOW_CREDENTIALS: 'false',
          OS_CORS__MAX_AGE: '0',
          OS_CORS__ALLOW_METHODS: 'GET',
          OS_CORS__ALLOW_HEADERS: 'X-Mine',
          OS_CORS__EXPOSE_HEADERS: 'X-One,X-Two',
        },
      });
      open = await startTestService({ config: { ...configured, ...keystone.config(), auditInterval: 0 } });
    });
    after(async () => {
      await open.close();
      await keystone.stop();
    });

    it('says * to whom only * lists, and only what is configured', async () => {
      const stranger = await preflight(asking('GET', 'x-mine', 'https://anyone.example'), '/', open.url);
      assert.deepEqual(corsHeaders(stranger), {
        'access-control-allow-origin': '*',
        'access-control-allow-methods': 'GET',
        'access-control-allow-headers': 'x-mine',
        vary: 'Origin',
      });
      assert.deepEqual(corsHeaders(await preflight(asking('PUT'), '/', open.url)), {});
      assert.deepEqual(corsHeaders(await preflight(asking('GET', 'x-auth-token'), '/', open.url)), {});
      const listed = await preflight(asking('GET'), '/', open.url);
      assert.equal(listed.headers['access-control-allow-origin'], ORIGIN);
      const ordinary = await send(open.url, { path: '/', headers: { origin: 'https://anyone.example' } });
      assert.deepEqual(corsHeaders(ordinary), {
        'access-control-allow-origin': '*',
        'access-control-expose-headers': 'X-One,X-Two',
        vary: 'openstack-api-version,Origin',
      });
    });

    it('asks Keystone nothing for a preflight, and shows the 401 of Keystone to the page', async () => {
      const before = keystone.calls.validations;
      await preflight({ ...asking('GET'), 'x-auth-token': 'gAAAAAsomething' }, '/traits', open.url);
      assert.equal(keystone.calls.validations, before);
      const rejected = await send(open.url, { path: '/traits', headers: { origin: ORIGIN } });
      assert.equal(rejected.status, 401);
      assert.equal(rejected.headers['access-control-allow-origin'], ORIGIN);
      assert.match(rejected.headers['www-authenticate'] as string, /^Keystone/);
    });
  });

  it('is off unless an origin is allowed', async () => {
    const plain = await startTestService();
    try {
      const response = await preflight(asking('GET'), '/', plain.url);
      assert.equal(response.status, 405);
      assert.deepEqual(corsHeaders(response), { vary: 'openstack-api-version' });
      const get = await send(plain.url, { path: '/', headers: { origin: ORIGIN } });
      assert.deepEqual(corsHeaders(get), { vary: 'openstack-api-version' });
    } finally {
      await plain.close();
    }
  });

  it('does not start with an origin that no browser could send', () => {
    for (const origin of [`${ORIGIN}/`, 'dashboard.example', `${ORIGIN},https://`, 'https://a.example/dashboard']) {
      assert.throws(
        () => readConfig({ argv: [], env: { OS_CORS__ALLOWED_ORIGIN: origin } }),
        (error: Error) =>
          error instanceof ConfigError && /allowed_origin of \[cors\]: expected PROTO/.test(error.message),
        origin,
      );
    }
  });
});

function corsHeaders({ headers }: Response): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name.startsWith('access-control-') || name === 'vary'),
  );
}

import assert from 'node:assert/strict';
import { createProvider, startTestService, type TestService } from '../support/service.js';
import { errorOf, send, sendBytes, type Response, type WireRequest } from '../support/raw-request.js';

describe('paths and methods', () => {
  let test: TestService;
  let uuid: string;
  before(async () => {
    test = await startTestService();
    uuid = await createProvider(test.api, 'paths');
  });
  after(() => test.close());
  const ask = (request: WireRequest): Promise<Response> => send(test.url, request);
  const at = (path: string): string => path.replace('UUID', uuid);

  const unknown = [
    '/resource_providers/',
    '//resource_providers',
    '/resource_providers//',
    '/Resource_Providers',
    '/resource_providers/UUID/',
    '/resource_providers//inventories',
    '/resource_providers/UUID/Inventories',
    '/resource_providers/UUID/inventories/VCPU/more',
    '/traits/A%2FB',
    '/traits/',
    '/v1',
    '/traits/%00',
    '/traits/CUSTOM_A%00',
  ];
  for (const path of unknown) {
    it(`returns 404 for ${path}`, async () => {
      const response = await ask({ path: at(path) });
      assert.equal(response.status, 404);
      assert.equal(errorOf(response).code, 'placement.undefined_code');
    });
  }

  it('ends a 404 without message in blanks, as clients see it today', async () => {
    assert.equal(errorOf(await ask({ path: '/nowhere' })).detail, 'The resource could not be found.\n\n   ');
  });

  it('decodes percent-encoding before it looks for the route, %2F included', async () => {
    for (const path of ['/resource%5Fproviders', '/%74raits', `/resource_providers%2F${uuid}`, '/traits%3Fname']) {
      const response = await ask({ path });
      assert.equal(response.status, path.includes('%3F') ? 404 : 200, path);
    }
    const inventories = await ask({ path: at('/resource_providers/UUID%2Finventories') });
    assert.deepEqual(JSON.parse(inventories.text), { resource_provider_generation: 0, inventories: {} });
    const named = await ask({ path: '/resource_classes/VCP%55' });
    assert.equal((JSON.parse(named.text) as { name: string }).name, 'VCPU');
  });

  it('compares provider uuids literally: upper case and no dashes are other names', async () => {
    for (const spelling of [uuid.toUpperCase(), uuid.replaceAll('-', ''), `{${uuid}}`, `%20${uuid}`]) {
      const response = await ask({ path: `/resource_providers/${spelling}` });
      assert.equal(response.status, 404, spelling);
    }
  });

  for (const path of ['/traits/%ff', '/traits/%', '/traits/%zz', '/traits/%ED%A0%80', '/%ff']) {
    it(`returns 400 for ${path}, which is not UTF-8`, async () => {
      const response = await ask({ path });
      assert.equal(response.status, 400);
      assert.match(errorOf(response).detail, /path is not valid UTF-8/);
    });
  }

  for (const query of ['name=%ff', '%ff=1', 'name=%ED%A0%80', 'name=%C3']) {
    it(`returns 400 for the query ${query}, which is not UTF-8`, async () => {
      for (const path of ['/resource_providers', '/traits']) {
        const response = await ask({ path: `${path}?${query}` });
        assert.equal(response.status, 400);
        assert.match(errorOf(response).detail, /query string is not valid UTF-8/);
      }
    });
  }

  it('ignores the query where there is nothing to ask for', async () => {
    for (const path of ['/', '/resource_classes', '/resource_classes/VCPU', at('/resource_providers/UUID')]) {
      assert.equal((await ask({ path: `${path}?anything=1&name=%ff` })).status, 200, path);
    }
  });

  const allowed: [string, string][] = [
    ['/', 'GET'],
    ['/resource_classes', 'GET, POST'],
    ['/resource_classes/VCPU', 'GET, PUT, DELETE'],
    ['/resource_providers', 'GET, POST'],
    ['/resource_providers/UUID', 'GET, DELETE, PUT'],
    ['/resource_providers/UUID/inventories', 'GET, POST, PUT, DELETE'],
    ['/resource_providers/UUID/inventories/VCPU', 'GET, PUT, DELETE'],
    ['/resource_providers/UUID/aggregates', 'GET, PUT'],
    ['/resource_providers/UUID/traits', 'GET, PUT, DELETE'],
    ['/traits', 'GET'],
    ['/traits/CUSTOM_A', 'GET, PUT, DELETE'],
  ];
  for (const [path, allow] of allowed) {
    it(`returns 405 with Allow: ${allow} for other methods on ${path}, at every version`, async () => {
      const others = ['HEAD', 'OPTIONS', 'PATCH', 'PROPFIND', 'POST', 'PUT', 'DELETE'];
      for (const method of others.filter((other) => !allow.split(', ').includes(other))) {
        for (const version of ['1.0', '1.39']) {
          const headers = { 'openstack-api-version': `placement ${version}` };
          const response = await ask({ method, path: at(path), headers });
          assert.equal(response.status, 405, method);
          assert.equal(response.headers['allow'], allow, method);
          if (method === 'HEAD') {
            assert.equal(response.text, '');
            continue;
          }
          assert.equal(
            errorOf(response).detail,
            `The method ${method} is not allowed for this resource. \n\n The method specified is not allowed for this resource.`,
          );
          assert.equal(errorOf(response).code, version === '1.0' ? undefined : 'placement.undefined_code');
        }
      }
    });
  }

  it('returns 400 for a method that Node does not know, whatever the token and the path, and closes', async () => {
    for (const line of ['BREW /traits', 'BREW /nowhere', 'get /']) {
      const head = 'host: x\r\nx-auth-token: admin\r\n\r\n';
      const response = await sendBytes(test.url, `${line} HTTP/1.1\r\n${head}GET / HTTP/1.1\r\n${head}`);
      assert.match(response, /^HTTP\/1\.1 400 /);
      assert.match(response, /Malformed HTTP request: Invalid method encountered/);
      assert.match(response, /connection: close/i);
      assert.equal(response.split('HTTP/1.1 ').length, 2, 'nothing that follows is served');
    }
  });

  it('returns 405 for CONNECT, and closes', async () => {
    const response = await sendBytes(test.url, 'CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n');
    assert.match(response, /^HTTP\/1\.1 405 /);
    assert.match(response, /connection: close/i);
  });

  it('serves a request without Host', async () => {
    const response = await sendBytes(test.url, 'GET / HTTP/1.1\r\nconnection: close\r\n\r\n');
    assert.match(response, /^HTTP\/1\.1 200 /);
    assert.match(response, /x-openstack-request-id: req-/);
  });

  const hosts: [string, string][] = [
    ['placement.example', 'placement.example'],
    ['placement.example:80', 'placement.example'],
    ['placement.example:443', 'placement.example:443'],
    ['placement.example:8778', 'placement.example:8778'],
    ['[::1]:80', '[::1]'],
    ['placement.example:8080', 'placement.example:8080'],
  ];
  for (const [host, shown] of hosts) {
    it(`sends Location as an absolute URL: Host ${host} gives http://${shown}/`, async () => {
      const response = await ask({ method: 'PUT', path: '/traits/CUSTOM_LOCATED', headers: { host } });
      assert.equal(response.headers.location, `http://${shown}/traits/CUSTOM_LOCATED`);
    });
  }
});

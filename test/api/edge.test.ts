import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import express from 'express';
import supertest from 'supertest';
import { createServer } from '../../src/http/server.js';
import { createProvider, messageOf, startTestService, type TestService } from '../support/service.js';
import { errorOf, send, sendBytes, type Response, type WireRequest } from '../support/raw-request.js';

const REQUEST_ID = /^req-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('the HTTP edge', () => {
  let test: TestService;
  let uuid: string;
  before(async () => {
    test = await startTestService();
    uuid = await createProvider(test.api, 'edge');
  });
  after(() => test.close());
  const ask = (request: WireRequest): Promise<Response> => send(test.url, request);

  describe('request ids', () => {
    const cases: [number, WireRequest][] = [
      [200, { path: '/' }],
      [401, { path: '/resource_providers', headers: { 'x-auth-token': null } }],
      [400, { path: '/', headers: { 'openstack-api-version': 'placement junk' } }],
      [406, { path: '/', headers: { 'openstack-api-version': 'placement 9.9' } }],
      [404, { path: '/nowhere' }],
      [405, { method: 'PATCH', path: '/traits' }],
      [405, { method: 'HEAD', path: '/traits' }],
      [406, { path: '/traits', headers: { accept: 'text/plain' } }],
      [415, { method: 'POST', path: '/resource_providers', body: '{}', headers: { 'content-type': 'text/plain' } }],
    ];
    for (const [status, request] of cases) {
      it(`are on a ${status} of ${request.method ?? 'GET'} ${request.path}, new every time, never the client's`, async () => {
        const mine = `req-${randomUUID()}`;
        const headers = { ...request.headers, 'x-openstack-request-id': mine };
        const ids = [];
        for (let round = 0; round < 2; round++) {
          const response = await ask({ ...request, headers });
          assert.equal(response.status, status);
          const id = response.headers['x-openstack-request-id'];
          assert.match(String(id), REQUEST_ID);
          if (response.text.startsWith('{"errors"')) {
            assert.equal(errorOf(response).request_id, id);
          }
          ids.push(id);
        }
        assert.equal(new Set([...ids, mine]).size, 3);
      });
    }

    it('are on what is no HTTP request at all', async () => {
      const response = await sendBytes(test.url, 'this is not HTTP\r\n\r\n');
      assert.match(response, /^HTTP\/1\.1 400 Bad Request\r\n/);
      assert.match(response, /x-openstack-request-id: req-/);
      assert.match(response, /"detail":"The server could not comply/);
    });

    it('are on a content-length that is no number, which is a 400 that says so', async () => {
      const response = await sendBytes(test.url, 'GET / HTTP/1.1\r\nhost: x\r\ncontent-length: ten\r\n\r\n');
      assert.match(response, /^HTTP\/1\.1 400 /);
      assert.match(response, /x-openstack-request-id: req-/);
      assert.match(response, /content-length header must be an integer/);
    });

    it('are on headers too large to take', async () => {
      const response = await sendBytes(test.url, `GET / HTTP/1.1\r\nhost: x\r\nx-a: ${'a'.repeat(70_000)}\r\n\r\n`);
      assert.match(response, /^HTTP\/1\.1 431 /);
      assert.match(response, /x-openstack-request-id: req-/);
    });
  });

  describe('the token', () => {
    for (const token of [null, '']) {
      it(`${token === null ? 'missing' : 'empty'} is a 401 on every path but /, whether it exists or not`, async () => {
        for (const path of ['/resource_providers', '/nowhere', '//', '/?x', `/resource_providers/${uuid}`]) {
          const response = await ask({ path, headers: { 'x-auth-token': token } });
          assert.equal(response.status, path === '/?x' ? 200 : 401, path);
        }
      });
    }

    it('missing gives a document of its own and no version headers', async () => {
      const response = await ask({ path: '/traits', headers: { 'x-auth-token': null } });
      const { code, title, message } = JSON.parse(response.text) as Record<string, string>;
      assert.deepEqual([code, title], ['401 Unauthorized', 'Unauthorized']);
      assert.match(String(message), /^This server could not verify that you are authorized/);
      assert.equal(response.headers['openstack-api-version'], undefined);
      assert.equal(response.headers['vary'], undefined);
    });

    it('of someone without roles is a 403 that names the rule', async () => {
      const response = await ask({ path: '/resource_providers', headers: { 'x-auth-token': 'someone:project' } });
      assert.equal(response.status, 403);
      assert.match(errorOf(response).detail, /Policy does not allow placement:resource_providers:list to be performed/);
    });
  });

  describe('the order of checks', () => {
    const steps: [string, WireRequest, number][] = [
      [
        'token before version',
        { path: '/traits', headers: { 'x-auth-token': null, 'openstack-api-version': 'placement 99.1' } },
        401,
      ],
      ['version before path', { path: '/nowhere', headers: { 'openstack-api-version': 'placement 1.40' } }, 406],
      [
        'version before content headers',
        { path: '/', body: 'x', headers: { 'content-type': null, 'openstack-api-version': 'placement junk' } },
        400,
      ],
      ['content headers before path', { path: '/nowhere', body: 'x', headers: { 'content-type': null } }, 400],
      [
        'method before version gate',
        { method: 'PATCH', path: '/traits', headers: { 'openstack-api-version': 'placement 1.0' } },
        405,
      ],
      [
        'version gate before content type',
        {
          method: 'POST',
          path: '/resource_classes',
          body: 'x',
          headers: { 'content-type': 'text/plain', 'openstack-api-version': 'placement 1.1' },
        },
        404,
      ],
      [
        'version gate before Accept',
        { path: '/traits', headers: { accept: 'text/plain', 'openstack-api-version': 'placement 1.5' } },
        404,
      ],
      [
        'content type before policy',
        {
          method: 'POST',
          path: '/resource_providers',
          body: 'x',
          headers: { 'content-type': 'text/plain', 'x-auth-token': 'nobody' },
        },
        415,
      ],
      ['policy before query', { path: '/resource_providers?junk=1', headers: { 'x-auth-token': 'nobody' } }, 403],
      ['policy before existence', { path: '/resource_providers/none', headers: { 'x-auth-token': 'nobody' } }, 403],
    ];
    for (const [title, request, status] of steps) {
      it(`looks at ${title}`, async () => {
        assert.equal((await ask(request)).status, status);
      });
    }

    it('looks at Accept and content type before the gate on aggregates only', async () => {
      const path = `/resource_providers/${uuid}/aggregates`;
      const old = { 'openstack-api-version': 'placement 1.0' };
      assert.equal((await ask({ path, headers: { ...old, accept: 'text/plain' } })).status, 406);
      const headers = { ...old, 'content-type': 'text/plain' };
      assert.equal((await ask({ method: 'PUT', path, body: 'x', headers })).status, 415);
      assert.equal((await ask({ path, headers: old })).status, 404);
    });

    it('shows the version on every response after negotiation, and on none before', async () => {
      for (const path of ['/', '/nowhere', '/resource_providers/none', '/traits']) {
        const { headers } = await ask({ path, headers: { 'openstack-api-version': 'placement latest' } });
        assert.equal(headers['openstack-api-version'], 'placement 1.39', path);
        assert.equal(headers['vary'], 'openstack-api-version', path);
      }
      for (const version of ['1.40', 'junk']) {
        const { headers } = await ask({ path: '/', headers: { 'openstack-api-version': `placement ${version}` } });
        assert.equal(headers['openstack-api-version'], undefined);
        assert.equal(headers['vary'], undefined);
      }
    });
  });

  describe('mounted under a prefix', () => {
    it('puts the prefix into links and Location, and the version document at the bare prefix', async () => {
      const server = createServer(express().use('/placement', test.service.app));
      const agent = supertest(server);
      const headers = { 'x-auth-token': 'admin', 'openstack-api-version': 'placement 1.39' };
      for (const path of ['/placement', '/placement/']) {
        const { body } = await agent.get(path).expect(200);
        assert.equal(body.versions[0].links[0].href, '');
      }
      const created = await agent
        .post('/placement/resource_providers')
        .set(headers)
        .set('host', 'cloud.example:80')
        .send({ name: 'mounted' })
        .expect(200);
      const self = `/placement/resource_providers/${created.body.uuid}`;
      assert.equal(created.headers['location'], `http://cloud.example${self}`);
      const { body } = await agent.get(self).set(headers).expect(200);
      assert.equal(body.links[0].href, self);
      assert.ok(body.links.every(({ href }: { href: string }) => href.startsWith(self)));
      const list = await agent.get('/placement/resource_providers?name=mounted').set(headers).expect(200);
      assert.equal(list.body.resource_providers[0].links[0].href, self);
      const classes = await agent.get('/placement/resource_classes').set(headers).expect(200);
      assert.equal(classes.body.resource_classes[0].links[0].href, '/placement/resource_classes/VCPU');
      const missing = await agent.get('/placement/nowhere').set(headers).expect(404);
      assert.equal(messageOf(missing.body), '');
    });
  });
});

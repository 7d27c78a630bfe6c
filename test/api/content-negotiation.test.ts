import assert from 'node:assert/strict';
import { createProvider, startTestService, type TestService } from '../support/service.js';
import { errorOf, send, type Response, type WireRequest } from '../support/raw-request.js';

describe('content negotiation', () => {
  let test: TestService;
  let uuid: string;
  before(async () => {
    test = await startTestService({ config: { maxRequestBody: 1000 } });
    uuid = await createProvider(test.api, 'negotiator');
  });
  after(() => test.close());
  const ask = (request: WireRequest): Promise<Response> => send(test.url, request);

  // Accept, the status of a good GET, the type of an error
  const accepts: [string | null, number, 'json' | 'html' | 'plain'][] = [
    [null, 200, 'json'],
    ['*/*', 200, 'json'],
    ['', 200, 'json'],
    ['application/json', 200, 'json'],
    ['APPLICATION/JSON', 200, 'json'],
    ['application/*', 200, 'json'],
    ['application/json;q=0.1', 200, 'json'],
    ['application/json;q=0.9, text/html;q=0.5', 200, 'json'],
    ['*/*, text/html;q=0', 200, 'json'],
    ['text/html;q=0.1, */*', 200, 'json'],
    ['text/html, application/json', 200, 'html'],
    ['application/json, text/html', 200, 'html'],
    ['application/json;q=0.5, text/html;q=0.5', 200, 'html'],
    ['text/*, application/json', 200, 'html'],
    ['*/*;q=0.1', 200, 'html'],
    ['text/html, */*;q=0.5', 200, 'html'],
    ['text/html', 406, 'html'],
    ['text/*', 406, 'html'],
    ['text/plain', 406, 'plain'],
    ['application/xml', 406, 'plain'],
    ['application/json;q=0', 406, 'plain'],
    ['*/*;q=0', 406, 'plain'],
    ['application/json;version=1', 406, 'plain'],
    [', ,', 406, 'plain'],
    // A header that cannot be parsed counts as absent, so any media type is acceptable.
    ['garbage', 200, 'html'],
    ['a/b/c', 200, 'html'],
    ['application/json;q=2', 200, 'html'],
    ['application/json;q=abc', 200, 'html'],
    ['application/json, ;;', 200, 'html'],
  ];
  const types = { json: 'application/json', html: 'text/html; charset=UTF-8', plain: 'text/plain; charset=UTF-8' };
  for (const [accept, status, error] of accepts) {
    it(`takes Accept ${accept ?? '(none)'}: ${status} with JSON there is, errors as ${error}`, async () => {
      const good = await ask({ path: '/resource_providers', headers: { accept } });
      assert.equal(good.status, status);
      assert.equal(good.headers['content-type'], status === 200 ? 'application/json' : types[error]);
      const bad = await ask({ path: '/nowhere', headers: { accept } });
      assert.equal(bad.status, 404);
      assert.equal(bad.headers['content-type'], types[error]);
    });
  }

  it('says in a 406 what there is, in the type the client can read', async () => {
    const response = await ask({ path: '/traits', headers: { accept: 'text/plain' } });
    assert.equal(
      response.text,
      '406 Not Acceptable\n\nThe resource could not be generated that was acceptable to your browser ' +
        '(content of type text/plain. \n\n Only application/json is provided',
    );
  });

  it('escapes what the client sent in an HTML error', async () => {
    const response = await ask({ path: '/traits/%3Cb%3E&%22', headers: { accept: 'text/html, */*;q=0.1' } });
    assert.equal(response.status, 404);
    assert.match(response.text, /^<html>\n <head>\n {2}<title>404 Not Found<\/title>/);
    assert.doesNotMatch(response.text, /<b>|&"/);
  });

  it('does not ask for JSON in Accept where it sends none', async () => {
    const headers = { accept: 'text/plain' };
    assert.equal((await ask({ path: '/', headers })).status, 200);
    assert.equal((await ask({ path: '/traits/HW_CPU_X86_AVX', headers })).status, 204);
    assert.equal((await ask({ method: 'PUT', path: '/traits/CUSTOM_ANY', headers })).status, 201);
    assert.equal((await ask({ method: 'POST', path: '/resource_classes', body: '{}', headers })).status, 400);
  });

  const body = '{"name": "typed"}';
  const path = () => `/resource_providers/${uuid}`;
  const put = (type: string | null, sent: string | undefined = body) =>
    ask({ method: 'PUT', path: path(), body: sent, headers: { 'content-type': type } });

  for (const type of ['application/json', 'application/json; charset=utf-8', 'application/json;']) {
    it(`takes a body of type ${type}`, async () => {
      assert.equal((await put(type)).status, 200);
    });
  }

  const rejected = ['text/plain', 'application/JSON', 'application/jsonx', 'application/json, text/plain', 'text/json'];
  for (const type of rejected) {
    it(`rejects a body of type ${type} with a 415 that names it`, async () => {
      const response = await put(type);
      assert.equal(response.status, 415);
      assert.equal(
        errorOf(response).detail,
        `The request media type ${type} is not supported by this server. \n\n ` +
          `The media type ${type} is not supported, use application/json`,
      );
    });
  }

  it('calls the type None when there is neither type nor body', async () => {
    for (const method of ['POST', 'PUT']) {
      const response = await ask({ method, path: method === 'POST' ? '/resource_providers' : path() });
      assert.equal(response.status, 415);
      assert.match(errorOf(response).detail, /The media type None is not supported, use application\/json$/);
    }
  });

  for (const type of [null, '']) {
    it(`rejects a body with ${type === null ? 'no' : 'an empty'} content-type before anything else, on every route`, async () => {
      for (const method of ['GET', 'PUT', 'POST', 'DELETE', 'PATCH']) {
        for (const at of ['/', '/resource_providers', path(), '/nowhere', '/traits/CUSTOM_B']) {
          const response = await ask({ method, path: at, body: 'x', headers: { 'content-type': type } });
          assert.equal(response.status, 400, `${method} ${at}`);
          assert.match(errorOf(response).detail, /content-type header required when content-length > 0/);
          assert.equal(response.headers['openstack-api-version'], 'placement 1.39');
        }
      }
    });
  }

  it('ignores a body, whatever it is, where none is wanted', async () => {
    const headers = { 'content-type': 'text/plain' };
    assert.equal((await ask({ path: '/resource_providers', body: '{', headers })).status, 200);
    assert.equal((await ask({ method: 'PUT', path: '/traits/CUSTOM_C', body: '{', headers })).status, 201);
    assert.equal((await ask({ method: 'PUT', path: '/resource_classes/CUSTOM_C', body: '{', headers })).status, 201);
    assert.equal((await ask({ method: 'DELETE', path: '/traits/CUSTOM_C', body: '{', headers })).status, 204);
  });

  it('rejects a body larger than configured with 413, and changes nothing', async () => {
    const large = JSON.stringify({ name: 'x'.repeat(100), padding: 'y'.repeat(1000) });
    for (const headers of [{}, { 'content-length': null, 'transfer-encoding': 'chunked' }]) {
      const response = await ask({ method: 'PUT', path: path(), body: large, headers });
      assert.equal(response.status, 413);
      assert.match(errorOf(response).detail, /larger than 1000 bytes/);
    }
    const { body: kept } = await test.api.get(path()).expect(200);
    assert.notEqual(kept.name, 'x'.repeat(100));
  });

  it('writes everything beyond ASCII as escapes, and reads it back', async () => {
    const name = 'Zürich 東京 😀';
    const response = await put('application/json', JSON.stringify({ name }));
    assert.match(response.text, /"Z\\u00fcrich \\u6771\\u4eac \\ud83d\\ude00"/);
    assert.equal((JSON.parse(response.text) as { name: string }).name, name);
    const { body: shown } = await test.api.get(path()).expect(200);
    assert.equal(shown.name, name);
  });
});

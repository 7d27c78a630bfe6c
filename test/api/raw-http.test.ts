import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { startTestService, type TestService } from '../support/service.js';

/** Bytes on a socket that no HTTP client would send. The service responds if it can, and continues to serve. */
describe('bytes on a socket', () => {
  let test: TestService;
  before(async () => {
    test = await startTestService();
  });
  after(() => test.close());
  afterEach('the service is as well as before', async () => {
    await test.api.get('/resource_providers').expect(200);
  });

  const HEADERS = 'host: x\r\nx-auth-token: admin\r\nopenstack-api-version: placement 1.39\r\n';
  const json = (length: string | number): string =>
    `${HEADERS}content-type: application/json\r\ncontent-length: ${length}\r\n`;

  it('a content-length that is no integer', async () => {
    const response = await send(`PUT /traits/CUSTOM_X HTTP/1.1\r\n${json('hi mom')}\r\n`);
    assert.match(problem(response, 400), /content-length header must be an integer/);
  });

  it('a negative content-length, and two that differ', async () => {
    problem(await send(`POST /resource_providers HTTP/1.1\r\n${json(-5)}\r\n{}`), 400);
    problem(await send(`POST /resource_providers HTTP/1.1\r\n${json(2)}content-length: 3\r\n\r\n{}}`), 400);
  });

  it('content-length together with transfer-encoding, with which requests are smuggled', async () => {
    problem(
      await send(`POST /resource_providers HTTP/1.1\r\n${json(3)}transfer-encoding: chunked\r\n\r\n0\r\n\r\n`),
      400,
    );
  });

  it('headers without end', async () => {
    const response = await send(`GET / HTTP/1.1\r\n${HEADERS}x-filler: ${'a'.repeat(100_000)}\r\n\r\n`);
    assert.match(problem(response, 431), /larger than this server accepts/);
  });

  it('unless they are below 64 KiB: a search in many aggregates is that long', async () => {
    const aggregates = Array.from({ length: 1600 }, () => '00000000-0000-4000-8000-000000000001').join(',');
    const path = `/resource_providers?member_of=in:${aggregates}`;
    assert.ok(path.length > 59_000);
    assert.match(await send(`GET ${path} HTTP/1.1\r\n${HEADERS}connection: close\r\n\r\n`), /^HTTP\/1\.1 200 /);
  });

  it('a path without end', async () => {
    problem(await send(`GET /${'a'.repeat(100_000)} HTTP/1.1\r\n${HEADERS}\r\n`), 431);
  });

  it('something that is not HTTP', async () => {
    for (const bytes of ['GARBAGE\r\n\r\n', '\0\x01\x02\xff\r\n\r\n', 'GET\r\n\r\n']) {
      assert.match(problem(await send(bytes), 400), /Malformed HTTP request/, JSON.stringify(bytes));
    }
  });

  it('a header with a NUL or a bare line feed in its value', async () => {
    problem(await send(`GET / HTTP/1.1\r\nhost: x\r\nx-auth-token: a\0b\r\n\r\n`), 400);
  });

  it('no Host header', async () => {
    assert.match(await send('GET / HTTP/1.1\r\nconnection: close\r\n\r\n'), /^HTTP\/1\.1 200 /);
  });

  it('a request target that is no path', async () => {
    for (const target of ['*', 'http://', '//', '/%', '/%zz', '/resource_providers/%00', '/\\..\\']) {
      const response = await send(`GET ${target} HTTP/1.1\r\n${HEADERS}connection: close\r\n\r\n`);
      assert.match(response, /^HTTP\/1\.1 [24]\d\d /, target);
    }
  });

  it('a client that goes before its body has come', async () => {
    for (const half of ['{"name"', '']) {
      const socket = net.connect(port(), '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(`POST /resource_providers HTTP/1.1\r\n${json(50)}expect: 100-continue\r\n\r\n${half}`);
      // 100 Continue: the service has the headers and waits for the body.
      await once(socket, 'data');
      socket.destroy();
    }
    const { body } = await test.api.get('/resource_providers').expect(200);
    assert.deepEqual(body, { resource_providers: [] });
  });

  it('a client that ends its half before its body has come', async () => {
    const response = await send(`POST /resource_providers HTTP/1.1\r\n${json(50)}\r\n{"name"`, { half: true });
    assert.match(response, /^$|^HTTP\/1\.1 400 /);
  });

  it('several requests at once get their responses in order', async () => {
    const one = (path: string): string => `GET ${path} HTTP/1.1\r\n${HEADERS}\r\n`;
    const last = `GET /nowhere HTTP/1.1\r\n${HEADERS}connection: close\r\n\r\n`;
    const response = await send(one('/') + one('/resource_providers') + one('/traits/CUSTOM_NO') + last);
    assert.deepEqual(
      [...response.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status),
      ['200', '200', '404', '404'],
    );
    const ids = [...response.matchAll(/x-openstack-request-id: (\S+)/g)].map(([, id]) => id);
    assert.equal(new Set(ids).size, 4);
  });

  it('an error before the body was read does not make the body the next request', async () => {
    const smuggled = `GET /traits HTTP/1.1\r\n${HEADERS}\r\n`;
    const response = await send(`POST /nowhere HTTP/1.1\r\n${json(smuggled.length)}\r\n${smuggled}`);
    assert.equal([...response.matchAll(/HTTP\/1\.1 \d+/g)].length, 1);
    problem(response, 404);
  });

  it('a chunked body without a length is read like any other', async () => {
    const body = '{"name":"chunked"}';
    const chunks = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    const head = `POST /resource_providers HTTP/1.1\r\n${HEADERS}content-type: application/json\r\n`;
    const response = await send(`${head}transfer-encoding: chunked\r\nconnection: close\r\n\r\n${chunks}`);
    assert.match(response, /^HTTP\/1\.1 200 /);
    const { body: list } = await test.api.get('/resource_providers?name=chunked').expect(200);
    await test.api.delete(`/resource_providers/${list.resource_providers[0].uuid}`).expect(204);
  });

  it('a chunk with a broken length', async () => {
    const head = `POST /resource_providers HTTP/1.1\r\n${HEADERS}content-type: application/json\r\n`;
    const response = await send(`${head}transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n`);
    assert.match(response, /^HTTP\/1\.1 400 /);
  });

  it('a megabyte of the wrong content', async () => {
    for (const body of [
      'x'.repeat(1_000_000),
      '['.repeat(1_000_000),
      `"${'x'.repeat(1_000_000)}"`,
      `{"name":"${'x'.repeat(1_000_000)}"}`,
      `{${Array.from({ length: 50_000 }, (_, i) => `"field_${i}":${i}`).join()}}`,
    ]) {
      const response = await send(
        `POST /resource_providers HTTP/1.1\r\n${json(body.length)}connection: close\r\n\r\n${body}`,
      );
      assert.ok(response.length < 10_000, 'the response does not repeat the request');
      problem(response, 400);
    }
  });

  it('eleven megabytes, announced or not', async () => {
    const body = Buffer.alloc(11 * 1024 * 1024, 'x').toString();
    const path = '/resource_providers';
    assert.match(
      problem(await send(`POST ${path} HTTP/1.1\r\n${json(body.length)}\r\n${body}`), 413),
      /10485760 bytes/,
    );
    const chunked = `POST ${path} HTTP/1.1\r\n${HEADERS}content-type: application/json\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n`;
    problem(await send(`${chunked}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`), 413);
  });

  it('a client that sends a letter at a time', async () => {
    const request = `GET /resource_providers HTTP/1.1\r\n${HEADERS}connection: close\r\n\r\n`;
    const response = await new Promise<string>((resolve, reject) => {
      const socket = net.connect(port(), '127.0.0.1').setNoDelay();
      let text = '';
      socket.on('data', (data) => (text += data.toString()));
      socket.on('error', reject);
      socket.on('close', () => {
        resolve(text);
      });
      void (async () => {
        for (const letter of request) {
          socket.write(letter);
          await new Promise(setImmediate);
        }
      })();
    });
    assert.match(response, /^HTTP\/1\.1 200 /);
  });

  it('a client that never finishes its headers is told in the end', async () => {
    const hasty = await startTestService({ databaseUrl: test.databaseUrl, server: { headersTimeout: 200 } });
    const response = await send('GET / HTTP/1.1\r\nhost:', { at: Number(new URL(hasty.url).port) });
    await hasty.close();
    assert.match(problem(response, 408), /did not arrive in time/);
  });

  function port(): number {
    return Number(new URL(test.url).port);
  }

  /** Sends bytes and returns everything that comes back until the connection is closed. */
  function send(bytes: string, { half = false, at = port() } = {}): Promise<string> {
    return new Promise((resolve) => {
      const socket = net.connect(at, '127.0.0.1');
      let text = '';
      socket.on('data', (data) => (text += data.toString()));
      // The service may close the connection while the test still sends.
      socket.on('error', () => undefined);
      socket.on('close', () => {
        resolve(text);
      });
      socket.write(Buffer.from(bytes, 'latin1'));
      if (half) socket.end();
    });
  }
});

/** Checks that a response is one error document, and returns its detail. */
function problem(response: string, status: number): string {
  const [head = '', body = ''] = response.split('\r\n\r\n');
  assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `), response.slice(0, 2000));
  assert.match(head, /^content-type: application\/json/im);
  const id = /^x-openstack-request-id: (req-[0-9a-f-]{36})\r?$/im.exec(head)?.[1];
  const [error] = (JSON.parse(body) as { errors: [{ status: number; detail: string; request_id: string }] }).errors;
  assert.deepEqual([error.status, error.request_id], [status, id]);
  return error.detail;
}

import assert from 'node:assert/strict';
import pino from 'pino';
import { startTestService, type TestService } from '../support/service.js';
import { until } from '../support/until.js';
import { send } from '../support/raw-request.js';

interface Seen {
  location: string | undefined;
  href: string;
  client: string;
}

describe('the headers of a proxy', () => {
  let api: TestService;
  let lines: string[] = [];
  let names = 0;
  const start = (enableProxyHeadersParsing: boolean) =>
    startTestService({
      config: { enableProxyHeadersParsing },
      log: pino({ level: 'info' }, { write: (line: string) => void lines.push(line) }),
    });

  /** Location, link and logged client of a provider that is made with these headers; the uuid is cut off. */
  async function seen(headers: Record<string, string>): Promise<Seen> {
    lines = [];
    const body = JSON.stringify({ name: `provider-${++names}` });
    const response = await send(api.url, { method: 'POST', path: '/resource_providers', headers, body });
    assert.equal(response.status, 200, response.text);
    const { uuid, links } = JSON.parse(response.text) as { uuid: string; links: [{ href: string }] };
    const { client } = await until('the request is logged', () => {
      const all = lines.map((line) => JSON.parse(line) as { client?: string });
      return all.find((line): line is { client: string } => line.client !== undefined) ?? false;
    });
    return {
      location: response.headers.location?.replace(uuid, 'UUID'),
      href: links[0].href.replace(uuid, 'UUID'),
      client,
    };
  }

  describe('where they are believed', () => {
    before(async () => {
      api = await start(true);
    });
    after(() => api.close());

    it('decide scheme, host, prefix and the client in the log', async () => {
      const headers = {
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'cloud.example, inner.example',
        'x-forwarded-for': '192.0.2.7, 10.0.0.1',
        'x-forwarded-prefix': '/placement/',
      };
      assert.deepEqual(await seen(headers), {
        location: 'https://cloud.example/placement/resource_providers/UUID',
        href: '/placement/resource_providers/UUID',
        client: '192.0.2.7',
      });
      const { headers: got } = await send(api.url, { method: 'PUT', path: '/traits/CUSTOM_BEHIND_PROXY', headers });
      assert.equal(got.location, 'https://cloud.example/placement/traits/CUSTOM_BEHIND_PROXY');
    });

    it('leave out the port of the scheme', async () => {
      const { location } = await seen({ 'x-forwarded-proto': 'https', 'x-forwarded-host': 'cloud.example:443' });
      assert.equal(location, 'https://cloud.example/resource_providers/UUID');
    });

    it('are read from the first element of Forwarded, which replaces all but the prefix', async () => {
      const forwarded = {
        forwarded: 'For="[2001:db8::7]:4711" ; proto=HTTPS;host="cloud.example:8443";by=_x, for=10.0.0.1;proto=http',
        'x-forwarded-proto': 'http',
        'x-forwarded-host': 'other.example',
        'x-forwarded-for': '10.0.0.9',
        'x-forwarded-prefix': '/placement',
      };
      assert.deepEqual(await seen(forwarded), {
        location: 'https://cloud.example:8443/placement/resource_providers/UUID',
        href: '/placement/resource_providers/UUID',
        client: '[2001:db8::7]:4711',
      });
      const { location } = await seen({ forwarded: 'for=10.0.0.1', 'x-forwarded-host': 'other.example' });
      assert.equal(location, `${api.url}/resource_providers/UUID`);
    });

    it('are as good as absent when they are of no use', async () => {
      const plain = { location: `${api.url}/resource_providers/UUID`, href: '/resource_providers/UUID' };
      const odd: Record<string, string>[] = [
        {},
        { 'x-forwarded-proto': 'javascript', 'x-forwarded-host': 'a b"<script>', 'x-forwarded-for': 'x'.repeat(100) },
        { 'x-forwarded-prefix': '//evil.example' },
        { 'x-forwarded-prefix': 'https://evil.example' },
        { 'x-forwarded-prefix': '/"/>' },
        { 'x-forwarded-prefix': '/', 'x-forwarded-host': 'user@evil.example' },
        { forwarded: ';;,,"=' },
        { forwarded: 'host="unfinished' },
        { forwarded: 'proto="ht\\tp" x' },
        { forwarded: 'a=b;'.repeat(2000) },
      ];
      for (const headers of odd) {
        const { client, ...rest } = await seen(headers);
        assert.deepEqual(rest, plain, JSON.stringify(headers));
        assert.equal(client, '127.0.0.1');
      }
    });
  });

  describe('where they are not', () => {
    before(async () => {
      api = await start(false);
    });
    after(() => api.close());

    it('change nothing', async () => {
      const headers = {
        forwarded: 'for=192.0.2.7;proto=https;host=evil.example',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'evil.example',
        'x-forwarded-for': '192.0.2.7',
        'x-forwarded-prefix': '/evil',
      };
      assert.deepEqual(await seen(headers), {
        location: `${api.url}/resource_providers/UUID`,
        href: '/resource_providers/UUID',
        client: '127.0.0.1',
      });
    });
  });
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import express from 'express';
import { pino } from 'pino';
import { API_REFERENCE, loadPages } from '../../src/http/static-pages.js';
import { document } from '../support/api-document.js';
import { startTestService, type TestService } from '../support/service.js';
import { send, type Response } from '../support/raw-request.js';

const PAGES = ['/docs', '/docs/openapi.json', '/docs/style.css', '/docs/script.js'];

describe('the API reference at /docs', () => {
  let test: TestService;
  let pages: Map<string, Response>;
  before(async () => {
    test = await startTestService();
    pages = new Map();
    for (const page of PAGES) pages.set(page, await ask(page));
  });
  after(() => test.close());
  /** Without a token, and without a version. */
  const ask = (at: string, method = 'GET', headers: Record<string, string> = {}): Promise<Response> =>
    send(test.url, { path: at, method, headers: { 'x-auth-token': null, 'openstack-api-version': null, ...headers } });

  it('is for anybody', () => {
    for (const [page, { status, headers }] of pages) {
      assert.equal(status, 200, `${page}: npm run build`);
      assert.match(String(headers['x-openstack-request-id']), /^req-/);
      assert.equal(headers['openstack-api-version'], undefined);
    }
    assert.deepEqual(
      PAGES.map((page) => pages.get(page)?.headers['content-type']),
      ['text/html; charset=utf-8', 'application/json', 'text/css; charset=utf-8', 'text/javascript; charset=utf-8'],
    );
  });

  it('shows every operation, with its samples', () => {
    const { text } = pages.get('/docs')!;
    for (const item of Object.values(document.paths)) {
      for (const method of ['get', 'put', 'post', 'delete'] as const) {
        const operation = item[method];
        if (operation !== undefined) assert.ok(text.includes(`<article id="${operation.operationId}"`));
      }
    }
    assert.ok(text.includes('<h4>Samples</h4><details'));
    assert.ok(Buffer.byteLength(text) < 1_000_000);
  });

  it('serves the document that is checked in', () => {
    assert.deepEqual(JSON.parse(pages.get('/docs/openapi.json')!.text), document);
  });

  it('loads nothing from anywhere else, and lets nothing else run', () => {
    const html = pages.get('/docs')!.text;
    const loaded = [...html.matchAll(/<(?:script|link|img|iframe|source)\b[^>]*?(?:src|href)="([^"]*)"/g)].map(
      ([, url]) => url,
    );
    assert.deepEqual(loaded, ['data:,', 'docs/style.css', 'docs/script.js']);
    const links = [...html.matchAll(/<a\b[^>]*?href="([^"]*)"/g)].map(([, url = '']) => url);
    assert.ok(links.length > 70);
    for (const link of links) {
      if (link.startsWith('#')) assert.ok(html.includes(`id="${link.slice(1)}"`), link);
      else assert.equal(link, 'docs/openapi.json');
    }
    assert.ok(!/<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=/.test(html), 'the policy would not let it run');
    assert.ok(!/url\(|@import/.test(pages.get('/docs/style.css')!.text));
    assert.ok(!/https?:|fetch|import|eval/.test(pages.get('/docs/script.js')!.text));
    for (const { headers } of pages.values()) {
      assert.match(
        String(headers['content-security-policy']),
        /^default-src 'none'; style-src 'self'; script-src 'self';/,
      );
      assert.doesNotMatch(String(headers['content-security-policy']), /unsafe|https?:|\*/);
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['referrer-policy'], 'no-referrer');
    }
  });

  it('is sent again only when it has changed', async () => {
    for (const [page, { headers, text }] of pages) {
      const etag = String(headers.etag);
      assert.match(etag, /^"[\w-]{22}"$/);
      for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        const response = await ask(page, 'GET', { 'if-none-match': known });
        assert.deepEqual([response.status, response.text, response.headers.etag], [304, '', etag]);
      }
      const response = await ask(page, 'GET', { 'if-none-match': '"other"' });
      assert.deepEqual([response.status, response.text], [200, text]);
    }
    assert.equal(new Set([...pages.values()].map(({ headers }) => headers.etag)).size, PAGES.length);
  });

  it('responds to HEAD as to GET, without the body', async () => {
    for (const [page, { headers, text }] of pages) {
      const response = await ask(page, 'HEAD');
      assert.deepEqual([response.status, response.text], [200, '']);
      assert.equal(response.headers['content-length'], String(Buffer.byteLength(text)));
      assert.equal(response.headers['content-type'], headers['content-type']);
    }
  });

  it('has one address: /docs/ leads there', async () => {
    const response = await ask('/docs/');
    assert.equal(response.status, 308);
    assert.equal(new URL(String(response.headers.location), 'http://x/placement/docs/').pathname, '/placement/docs');
  });

  it('is there for no other method, and has no other pages', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])
      assert.equal((await ask('/docs', method)).status, 401);
    for (const at of ['/docs/index.html', '/docs/../package.json', '/docs/%2e%2e/package.json', '/Docs', '/docsx']) {
      assert.equal((await ask(at)).status, 401, at);
    }
    assert.equal((await send(test.url, { path: '/docs', method: 'POST' })).status, 404);
  });

  it('can be turned off, and then there is no such path', async () => {
    const without = await startTestService({ databaseUrl: test.databaseUrl, config: { docs: false } });
    try {
      assert.equal((await send(without.url, { path: '/docs', headers: { 'x-auth-token': null } })).status, 401);
      assert.equal((await send(without.url, { path: '/docs' })).status, 404);
    } finally {
      await without.close();
    }
  });

  it('works below the prefix that the service is mounted under', async () => {
    const server = http.createServer(express().use('/placement', test.service.app)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/placement/docs`;
      const html = await (await fetch(base)).text();
      const [, style = ''] = /<link rel="stylesheet" href="([^"]*)"/.exec(html) ?? [];
      const [css, redirected] = [await fetch(new URL(style, base)), await fetch(`${base}/`)];
      assert.equal(css.headers.get('content-type'), 'text/css; charset=utf-8');
      assert.equal(redirected.url, base);
      // A connection stays open until its body is read.
      await Promise.all([css.text(), redirected.text()]);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('is missing, with a word in the log, when it was never built', () => {
    const lines: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
    assert.equal(loadPages(os.tmpdir(), [API_REFERENCE], log).size, 0);
    assert.match(lines.join(''), /npm run build/);
  });
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import express from 'express';
import { pino } from 'pino';
import { CONSOLE, loadPages } from '../../src/http/static-pages.js';
import { startTestService, type TestService } from '../support/service.js';
import { send, type Response } from '../support/raw-request.js';

const FILES = {
  '/console': 'text/html; charset=utf-8',
  '/console/app.js': 'text/javascript; charset=utf-8',
  '/console/style.css': 'text/css; charset=utf-8',
  '/console/icon.svg': 'image/svg+xml',
};

describe('the files of the console at /console', () => {
  let test: TestService;
  before(async () => {
    test = await startTestService();
  });
  after(() => test.close());
  /** Without a token, and without a version. */
  const ask = (at: string, method = 'GET', headers: Record<string, string> = {}): Promise<Response> =>
    send(test.url, { path: at, method, headers: { 'x-auth-token': null, 'openstack-api-version': null, ...headers } });

  it('need no token, and load nothing from anywhere else', async () => {
    for (const [at, type] of Object.entries(FILES)) {
      const { status, headers, text } = await ask(at);
      assert.equal(status, 200, `${at}: npm run build`);
      assert.equal(headers['content-type'], type);
      assert.equal(headers['cache-control'], 'no-cache');
      assert.equal(
        headers['content-security-policy'],
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; " +
          "frame-ancestors 'none'; require-trusted-types-for 'script'",
      );
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['referrer-policy'], 'no-referrer');
      assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
      assert.ok(text.length > 0);
    }
    const { text } = await ask('/console');
    const loaded = [...text.matchAll(/\b(?:src|href)="([^"]*)"/g)].map(([, url = '']) => url);
    assert.deepEqual(loaded.map((url) => `/${url}`).sort(), Object.keys(FILES).slice(1).sort());
    assert.ok(!/<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=/.test(text), 'the policy would not let it run');
  });

  it('are sent again only when they have changed; HEAD has no body', async () => {
    for (const at of Object.keys(FILES)) {
      const { headers, text } = await ask(at);
      const known = await ask(at, 'GET', { 'if-none-match': String(headers.etag) });
      assert.deepEqual([known.status, known.text], [304, '']);
      const head = await ask(at, 'HEAD');
      assert.deepEqual([head.status, head.text], [200, '']);
      assert.equal(head.headers['content-length'], String(Buffer.byteLength(text)));
    }
  });

  it('have one address each, below any prefix', async () => {
    const server = http.createServer(express().use('/placement', test.service.app)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/placement/console`;
      const [page, redirected] = [await fetch(base), await fetch(`${base}/`)];
      assert.equal(redirected.url, base);
      const [, script = ''] = /<script[^>]* src="([^"]*)"/.exec(await page.text()) ?? [];
      const app = await fetch(new URL(script, base));
      assert.equal(app.headers.get('content-type'), 'text/javascript; charset=utf-8');
      await Promise.all([app.text(), redirected.text()]);
    } finally {
      server.closeAllConnections();
      server.close();
    }
    for (const at of ['/console/index.html', '/console/../package.json', '/console/main.tsx', '/Console'])
      assert.equal((await ask(at)).status, 401, at);
    assert.equal((await send(test.url, { path: '/console', method: 'POST' })).status, 404);
  });

  it('can be turned off, and then there is no such path', async () => {
    const without = await startTestService({ databaseUrl: test.databaseUrl, config: { console: false } });
    try {
      for (const at of ['/console', '/console/', '/console/app.js']) {
        assert.equal((await send(without.url, { path: at, headers: { 'x-auth-token': null } })).status, 401);
        assert.equal((await send(without.url, { path: at })).status, 404);
      }
      assert.equal((await send(without.url, { path: '/docs' })).status, 200);
    } finally {
      await without.close();
    }
  });

  it('are missing, with a line in the log, when they were never built', () => {
    const lines: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
    assert.equal(loadPages(os.tmpdir(), [CONSOLE], log).size, 0);
    assert.match(lines.join(''), /there is no console at \/console.*npm run build/);
  });
});

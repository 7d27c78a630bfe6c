import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { makeCertificates } from '../support/certificates.js';
import { createTestDatabase, dropTestDatabase } from '../support/database.js';
import { freePorts } from '../support/free-ports.js';
import { cleanUp, ROOT, startProcess, temporaryFolder } from '../support/process.js';
import { until } from '../support/until.js';

const PAGE = path.join(ROOT, 'docs/how-to/use-tls.md');
const PROGRAM = ['haproxy', '/usr/sbin/haproxy'].find((name) => spawnSync(name, ['-v']).status === 0);
const WITHOUT = PROGRAM === undefined ? ' (haproxy is not installed here: apt-get install haproxy)' : '';

describe(`TLS in front, as the page configures HAProxy${WITHOUT}`, () => {
  let databaseUrl: string;
  let proxy: ChildProcess | undefined;
  let port: number;
  let ca: Buffer;

  before(async function () {
    if (PROGRAM === undefined) this.skip();
    const page = fs.readFileSync(PAGE, 'utf8');
    const block = (language: string): string => new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(page)?.[1] ?? '';
    const folder = await temporaryFolder();
    fs.chmodSync(folder, 0o755);
    const { authority, certificate, key } = makeCertificates(folder);
    ca = fs.readFileSync(authority);
    const bundle = path.join(folder, 'placement.pem');
    fs.writeFileSync(bundle, fs.readFileSync(certificate, 'utf8') + fs.readFileSync(key, 'utf8'), { mode: 0o600 });
    databaseUrl = await createTestDatabase();
    const config = path.join(folder, 'stockroom.conf');
    fs.writeFileSync(config, block('ini'));
    const env = { OS_PLACEMENT_DATABASE__CONNECTION: databaseUrl };
    const { url } = await startProcess(['--port', '0', '--config-file', config], env).listening();
    port = await freePorts(1);
    const file = path.join(folder, 'haproxy.cfg');
    fs.writeFileSync(
      file,
      block('haproxy')
        .replace('bind :8778', `bind 127.0.0.1:${port}`)
        .replace('/etc/haproxy/placement.pem', bundle)
        .replace('127.0.0.1:8779', new URL(url).host),
    );
    proxy = spawn(PROGRAM, ['-db', '-f', file], { stdio: 'ignore' });
    await until('HAProxy responds', () =>
      ask('GET', '/readyz').then(
        ({ status }) => status === 200,
        () => false,
      ),
    );
  });
  after(async () => {
    if (proxy !== undefined) {
      const ended = once(proxy, 'exit');
      if (proxy.kill('SIGKILL')) await ended;
    }
    await cleanUp();
    if (PROGRAM !== undefined) await dropTestDatabase(databaseUrl);
  });

  it('names the place of what is created with https and the name that the client used', async () => {
    const { status, location } = await ask('POST', '/resource_providers', { name: 'a' });
    assert.equal(status, 201);
    assert.match(location, new RegExp(`^https://localhost:${port}/resource_providers/[0-9a-f-]{36}$`));
  });

  it('believes nothing of what the client claims to be forwarded', async () => {
    const claims = {
      forwarded: 'proto=http;host=elsewhere.example;for=192.0.2.66',
      'x-forwarded-host': 'elsewhere.example',
      'x-forwarded-proto': 'http',
      'x-forwarded-prefix': '/elsewhere',
    };
    const { location } = await ask('POST', '/resource_providers', { name: 'b' }, claims);
    assert.match(location, new RegExp(`^https://localhost:${port}/resource_providers/`));
  });

  function ask(method: string, at: string, body?: object, more: Record<string, string> = {}) {
    return new Promise<{ status: number; location: string }>((resolve, reject) => {
      const headers = { 'x-auth-token': 'admin', 'content-type': 'application/json', ...more };
      const request = https.request({ host: 'localhost', port, path: at, method, ca, headers }, (response) => {
        response.resume();
        response.once('end', () => {
          resolve({ status: response.statusCode ?? 0, location: response.headers.location ?? '' });
        });
      });
      request.once('error', reject);
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
});

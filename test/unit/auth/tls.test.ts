import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pino from 'pino';
import { Rejection } from '../../../src/auth/identity.js';
import { createKeystone } from '../../../src/auth/keystone/keystone.js';
import { keystoneOptions } from '../../../src/auth/keystone/options.js';
import { defaultConfig, type Config } from '../../../src/config.js';
import { startKeystone, type FakeKeystone } from '../../support/keystone.js';

describe('Keystone behind a certificate of its own authority', () => {
  let folder = '';
  let fake: FakeKeystone;
  const file = (name: string) => path.join(folder, name);

  before(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'stockroom-tls-'));
    const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=Test authority');
    for (const [name, extension] of [
      ['server', 'subjectAltName=IP:127.0.0.1'],
      ['client', 'extendedKeyUsage=clientAuth'],
    ] as const) {
      openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
      writeFileSync(file('extension'), extension);
      const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'extension'];
      openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...signed);
    }
    const pem = (name: string) => readFileSync(file(name), 'utf8');
    fake = await startKeystone({ key: pem('server.key'), cert: pem('server.pem'), ca: pem('ca.pem') });
  });
  after(async () => {
    await fake.stop();
    rmSync(folder, { recursive: true });
  });

  async function outcome(more: Partial<Config>): Promise<string> {
    const log: string[] = [];
    const keystone = createKeystone(keystoneOptions(defaultConfig(fake.config(more))), {
      log: pino({}, { write: (line: string) => void log.push(line) }),
    });
    const admission = await keystone.authenticate({ 'x-auth-token': fake.issue() }, 'GET', '/traits', '127.0.0.1');
    keystone.close();
    return admission instanceof Rejection ? `${admission.status} ${log.join()}` : 'let in';
  }

  it('is trusted with cafile', async () => {
    assert.equal(await outcome({ keystoneCafile: file('ca.pem') }), 'let in');
  });

  it('is rejected without', async () => {
    assert.match(await outcome({}), /^503 .*certificate/);
  });

  it('is rejected under another authority', async () => {
    assert.match(await outcome({ keystoneCafile: file('client.pem') }), /^503 .*certificate/);
  });

  it('is taken as it is when insecure', async () => {
    assert.equal(await outcome({ keystoneInsecure: true }), 'let in');
  });

  it('sees the certificate of the service', async () => {
    const client = { keystoneCafile: file('ca.pem'), keystoneCertfile: file('client.pem') };
    assert.equal(await outcome({ ...client, keystoneKeyfile: file('client.key') }), 'let in');
    assert.equal(fake.seen.clientName, 'client');
    writeFileSync(
      file('both.pem'),
      readFileSync(file('client.pem'), 'utf8') + readFileSync(file('client.key'), 'utf8'),
    );
    fake.seen.clientName = null;
    assert.equal(await outcome({ ...client, keystoneCertfile: file('both.pem') }), 'let in');
    assert.equal(fake.seen.clientName, 'client');
  });
});

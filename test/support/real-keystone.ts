import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Config } from '../../src/config.js';
import { temporaryFolder } from './process.js';
import { freePorts } from './free-ports.js';
import { patience } from './patience.js';

/** A real Keystone from Debian's package, on a database of its own. */
export interface RealKeystone {
  /** Options of the service that make it use this Keystone. */
  config(): Partial<Config>;
  /** EC2 credentials of a new user with a role in a new project. */
  createCredentials(role: string): Promise<{ access: string; secret: string }>;
  stop(): Promise<void>;
}

const SERVER = '/usr/bin/keystone-wsgi-public';
const PASSWORD = 'pass-word-of-the-admin';
const run = promisify(execFile);

/** Takes some 15 s. @returns the reason when it is not installed */
export async function startRealKeystone(): Promise<RealKeystone | { missing: string }> {
  if (!existsSync(SERVER)) return { missing: 'no Keystone is installed (Debian: keystone)' };
  const folder = await temporaryFolder();
  const port = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const conf = path.join(folder, 'keystone.conf');
  for (const name of ['fernet', 'credential']) mkdirSync(path.join(folder, name), { mode: 0o700 });
  writeFileSync(
    conf,
    `[database]\nconnection = sqlite:///${folder}/keystone.db\n[fernet_tokens]\nkey_repository = ${folder}/fernet\n` +
      `[credential]\nkey_repository = ${folder}/credential\n[cache]\nenabled = false\n`,
  );
  const manage = (...args: string[]) => run('keystone-manage', ['--config-file', conf, ...args]);
  const owner = ['--keystone-user', String(os.userInfo().uid), '--keystone-group', String(os.userInfo().gid)];
  await manage('db_sync');
  await manage('fernet_setup', ...owner);
  await manage('credential_setup', ...owner);
  const endpoint = ['--bootstrap-internal-url', `${url}/v3`, '--bootstrap-region-id', 'RegionOne'];
  await manage('bootstrap', '--bootstrap-password', PASSWORD, ...endpoint);
  const child = spawn(SERVER, ['--host', '127.0.0.1', '--port', String(port), '--', '--config-file', conf], {
    stdio: 'ignore',
  });
  const closed = once(child, 'close');
  for (const deadline = performance.now() + patience(60_000); (await fetch(url).catch(() => null)) === null;) {
    await setTimeout(100);
    if (child.exitCode !== null || performance.now() > deadline) throw new Error('keystone-wsgi-public did not start');
  }

  let token = '';
  /** As the admin. */
  async function ask(method: string, route: string, body?: object): Promise<Record<string, never>> {
    const response = await fetch(`${url}/v3${route}`, {
      method,
      headers: { 'content-type': 'application/json', 'x-auth-token': token },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    token = response.headers.get('x-subject-token') ?? token;
    if (!response.ok) throw new Error(`${method} ${route}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? {} : ((await response.json()) as Record<string, never>);
  }
  const domain = { id: 'default' };
  const identity = { methods: ['password'], password: { user: { name: 'admin', domain, password: PASSWORD } } };
  await ask('POST', '/auth/tokens', { auth: { identity, scope: { project: { name: 'admin', domain } } } });

  let users = 0;
  return {
    config: () => ({
      authStrategy: 'keystone',
      keystoneAuthUrl: url,
      keystoneUsername: 'admin',
      keystonePassword: PASSWORD,
      keystoneUserDomainName: 'Default',
      keystoneProjectName: 'admin',
      keystoneProjectDomainName: 'Default',
      keystoneHttpConnectTimeout: 20,
    }),
    async createCredentials(role) {
      const name = `user-${++users}`;
      const { project } = await ask('POST', '/projects', { project: { name, domain_id: 'default' } });
      const { user } = await ask('POST', '/users', { user: { name, domain_id: 'default', password: PASSWORD } });
      const { roles } = await ask('GET', `/roles?name=${role}`);
      const [{ id: roleId }] = roles as unknown as [{ id: string }];
      const [projectId, userId] = [project!['id'] as string, user!['id'] as string];
      await ask('PUT', `/projects/${projectId}/users/${userId}/roles/${roleId}`);
      const { credential } = await ask('POST', `/users/${userId}/credentials/OS-EC2`, { tenant_id: projectId });
      return credential as unknown as { access: string; secret: string };
    },
    async stop() {
      child.kill('SIGTERM');
      await closed;
    },
  };
}

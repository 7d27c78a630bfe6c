import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { loginOf } from '../../../src/auth/keystone/login.js';
import { authStrategyOf, keystoneOptions, versioned } from '../../../src/auth/keystone/options.js';
import { createHttpClient } from '../../../src/auth/keystone/http-client.js';
import { ConfigError, defaultConfig, readConfig, type Config } from '../../../src/config.js';

const NAMED: Partial<Config> = {
  keystoneAuthUrl: 'https://keystone.example:5000',
  keystoneUsername: 'placement',
  keystonePassword: 's3cret',
  keystoneUserDomainName: 'Default',
  keystoneProjectName: 'service',
  keystoneProjectDomainId: 'default',
};

describe('the options of [keystone_authtoken]', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'stockroom-options-'));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });
  const read = (text: string, env: Record<string, string> = {}): Config => {
    const file = path.join(folder, 'placement.conf');
    writeFileSync(file, text);
    return readConfig({ argv: ['--config-file', file], env });
  };

  it('are read from a file of upstream, older names included', () => {
    const config = read(`
[DEFAULT]
auth_strategy = keystone
[keystone_authtoken]
auth_uri = https://public.example/identity
auth_plugin = v3password
auth_url = https://keystone.example:5000/v3/
user_name = placement
password = s3cret
user_domain_name = Default
tenant_name = service
project_domain_name = Default
interface = public
service_token_roles = service, nova
`);
    assert.equal(authStrategyOf(config), 'keystone');
    const options = keystoneOptions(config);
    assert.equal(options.authUrl, 'https://keystone.example:5000/v3');
    assert.equal(options.publicUrl, 'https://public.example/identity');
    assert.equal(options.interface, 'public');
    assert.deepEqual(options.serviceRoles, ['service', 'nova']);
    assert.deepEqual(options.login, {
      auth: {
        identity: {
          methods: ['password'],
          password: { user: { name: 'placement', domain: { name: 'Default' }, password: 's3cret' } },
        },
        scope: { project: { name: 'service', domain: { name: 'Default' } } },
      },
    });
  });

  it('prefer the present name, and the environment', () => {
    const config = read('[keystone_authtoken]\nusername = new\nuser_name = old\n');
    assert.equal(config.keystoneUsername, 'new');
    const environment = { OS_KEYSTONE_AUTHTOKEN__USERNAME: 'mine' };
    assert.equal(read('[keystone_authtoken]\nusername = new\n', environment).keystoneUsername, 'mine');
  });

  it('are read from the section that auth_section names', () => {
    const config = read(`
[keystone_authtoken]
auth_section = elsewhere
username = not this one
region_name = RegionOne
[elsewhere]
auth_url = http://keystone.example
username = placement
`);
    assert.equal(config.keystoneUsername, 'placement');
    assert.equal(config.keystoneAuthUrl, 'http://keystone.example');
    assert.equal(config.keystoneRegionName, 'RegionOne');
  });

  it('reject a URL with a password in it, and do not repeat that', () => {
    assert.throws(
      () => read('[keystone_authtoken]\nauth_url = http://admin:hunter2@keystone.example\n'),
      (error: Error) => error instanceof ConfigError && !error.message.includes('hunter2'),
    );
    assert.throws(() => read('[keystone_authtoken]\nauth_url = ftp://keystone.example\n'), ConfigError);
    assert.throws(() => read('[keystone_authtoken]\ninterface = sideways\n'), ConfigError);
  });

  it('choose Keystone as soon as someone begins to fill them in', () => {
    assert.equal(authStrategyOf(defaultConfig()), 'noauth2');
    const begun = defaultConfig({ keystonePassword: 's3cret' });
    assert.equal(authStrategyOf(begun), 'keystone');
    assert.throws(() => keystoneOptions(begun), /\[keystone_authtoken\] auth_url is missing/);
    assert.equal(authStrategyOf(defaultConfig({ ...NAMED, authStrategy: 'noauth2' })), 'noauth2');
  });

  it('must suffice for the login', () => {
    for (const key of ['keystoneUsername', 'keystonePassword', 'keystoneUserDomainName', 'keystoneProjectDomainId']) {
      const config = defaultConfig({ ...NAMED, [key]: null });
      assert.throws(() => keystoneOptions(config), /\[keystone_authtoken\] \w+ is missing/, key);
    }
    assert.ok(keystoneOptions(defaultConfig({ ...NAMED, keystoneUserDomainName: null, keystoneDefaultDomainId: 'd' })));
  });

  it('make every kind of login', () => {
    const auth = (config: Partial<Config>) => loginOf(defaultConfig({ ...NAMED, ...config })).auth;
    const credential = {
      keystoneAuthType: 'v3applicationcredential',
      keystoneApplicationCredentialSecret: 'x',
    } as const;
    assert.deepEqual(auth({ ...credential, keystoneApplicationCredentialId: 'c' }), {
      identity: { methods: ['application_credential'], application_credential: { id: 'c', secret: 'x' } },
    });
    assert.deepEqual(auth({ ...credential, keystoneApplicationCredentialName: 'n', keystoneUserId: 'u' }), {
      identity: {
        methods: ['application_credential'],
        application_credential: { name: 'n', secret: 'x', user: { id: 'u' } },
      },
    });
    assert.deepEqual(auth({ keystoneAuthType: 'token', keystoneToken: 't', keystoneSystemScope: 'all' }), {
      identity: { methods: ['token'], token: { id: 't' } },
      scope: { system: { all: true } },
    });
    const scope = (config: Partial<Config>) => (auth(config) as { scope?: unknown }).scope;
    assert.deepEqual(scope({ keystoneDomainId: 'd' }), { domain: { id: 'd' } });
    assert.deepEqual(scope({ keystoneDomainName: 'd' }), { domain: { name: 'd' } });
    assert.deepEqual(scope({ keystoneTrustId: 't' }), { 'OS-TRUST:trust': { id: 't' } });
    assert.deepEqual(scope({ keystoneProjectId: 'p' }), { project: { id: 'p' } });
    assert.equal(scope({ keystoneProjectName: null }), undefined);
  });

  it('name a certificate that cannot be read', () => {
    const tls = { cafile: path.join(folder, 'no-such.pem'), certfile: null, keyfile: null, insecure: false };
    assert.throws(() => createHttpClient({ tls, timeoutMs: 1, retries: 0 }), /\[keystone_authtoken\] cafile/);
  });

  it('take an identity URL with and without a version', () => {
    for (const url of ['http://k/identity', 'http://k/identity/', 'http://k/identity/v3/', 'http://k/identity/v2.0']) {
      assert.equal(versioned(url), 'http://k/identity/v3');
    }
  });
});

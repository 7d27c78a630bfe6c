import assert from 'node:assert/strict';
import pino from 'pino';
import { Rejection, type Admission, type Identity, type RequestHeaders } from '../../../src/auth/identity.js';
import { createKeystone, type Keystone } from '../../../src/auth/keystone/keystone.js';
import { keystoneOptions } from '../../../src/auth/keystone/options.js';
import { defaultConfig, type Config } from '../../../src/config.js';
import { until } from '../../support/until.js';
import { SERVICE_PASSWORD, startKeystone, type Behaviour, type FakeKeystone } from '../../support/keystone.js';

describe('authentication at Keystone', () => {
  let fake: FakeKeystone;
  let keystone: Keystone | null = null;
  let clock = 0;
  let log = '';
  beforeEach(async () => {
    fake = await startKeystone();
    clock = 0;
    log = '';
  });
  afterEach(async () => {
    keystone?.close();
    await fake.stop();
  });

  function start(more: Partial<Config> = {}): void {
    keystone?.close();
    keystone = createKeystone(keystoneOptions(defaultConfig(fake.config(more))), {
      log: pino({ level: 'debug' }, { write: (line: string) => void (log += line) }),
      circuit: { now: () => clock },
    });
  }
  const admit = (headers: RequestHeaders, method = 'GET', path = '/traits', client = '127.0.0.1') =>
    keystone!.authenticate(headers, method, path, client);
  const ask = (token: string, more: RequestHeaders = {}): Promise<Admission> =>
    Promise.resolve(admit({ 'x-auth-token': token, ...more }));
  const identityOf = (admission: Admission): Identity => {
    if (admission instanceof Rejection) assert.fail(`rejected with ${admission.status}; ${log}`);
    return admission;
  };
  async function rejected(status: 401 | 503, admission: Admission | Promise<Admission>): Promise<Rejection> {
    const rejection = await admission;
    assert.ok(rejection instanceof Rejection, 'must not be let in');
    assert.equal(rejection.status, status);
    return rejection;
  }

  describe('a token', () => {
    it('is validated with the token of the service, which says what it understands', async () => {
      start();
      const token = fake.issue({ user: 'alice', project: 'p1', roles: ['Member', 'reader'] });
      const { userId, projectId, roles } = identityOf(await ask(token));
      assert.deepEqual([userId, projectId, roles], ['alice', 'p1', ['member', 'reader']]);
      const { headers, url } = fake.seen;
      assert.equal(headers['x-subject-token'], token);
      assert.equal(headers['openstack-identity-access-rules'], '1');
      assert.match(headers['x-auth-token'] as string, /^gAAAAA/);
      assert.equal(url, '/v3/auth/tokens');
    });

    it('is returned without a promise from the second time on', async () => {
      start();
      const token = fake.issue();
      const first = await ask(token);
      assert.equal(admit({ 'x-auth-token': token }), first);
      assert.deepEqual(fake.calls, { logins: 1, signatures: 0, validations: 1 });
    });

    it('is asked about once, however many wait', async () => {
      fake.behaviour = 'slow';
      start();
      const token = fake.issue();
      const admissions = await Promise.all(Array.from({ length: 100 }, () => ask(token)));
      admissions.forEach(identityOf);
      assert.deepEqual(fake.calls, { logins: 1, signatures: 0, validations: 1 });
    });

    it('shares one login with others that are new', async () => {
      fake.behaviour = 'slow';
      start();
      (await Promise.all(Array.from({ length: 20 }, () => ask(fake.issue())))).forEach(identityOf);
      assert.deepEqual(fake.calls, { logins: 1, signatures: 0, validations: 20 });
    });

    it('may come as X-Storage-Token, and with blanks around it', async () => {
      start();
      const token = fake.issue();
      identityOf(await Promise.resolve(admit({ 'x-storage-token': token })));
      identityOf(await ask(` \t${token} `));
      await rejected(401, admit({ 'x-auth-token': '', 'x-storage-token': token }));
    });

    it('that Keystone does not know is rejected, and remembered for a moment', async () => {
      start();
      await rejected(401, ask('gAAAAAunknown'));
      await rejected(401, ask('gAAAAAunknown'));
      assert.equal(fake.calls.validations, 1);
    });

    it('that was revoked is rejected as soon as it is not remembered', async () => {
      start({ keystoneTokenCacheTime: -1 });
      const token = fake.issue();
      identityOf(await ask(token));
      fake.revoke(token);
      await rejected(401, ask(token));
    });

    it('that expires is rejected from then on, though it is remembered', async () => {
      start();
      const token = fake.issue({ expiresIn: 600 });
      identityOf(await ask(token));
      const { now } = Date;
      Date.now = () => now() + 601_000;
      try {
        await rejected(401, ask(token));
      } finally {
        Date.now = now;
      }
      assert.equal(fake.calls.validations, 1);
    });

    it('that is expired by our clock is rejected, whatever the clock of Keystone says', async () => {
      start();
      fake.distort = (document) => ({ ...document, expires_at: '2020-01-01T00:00:00.000000Z' });
      const token = fake.issue();
      await rejected(401, ask(token));
      await rejected(401, ask(token));
      assert.equal(fake.calls.validations, 1);
    });

    it('that cannot be one is rejected without a question', async () => {
      start();
      const good = fake.issue();
      const odd = [
        '',
        '   ',
        'a b',
        `${good}, ${good}`,
        `${good}\0`,
        `${good}\r\nX-Subject-Token: other`,
        'tökén',
        '令牌',
        '\u00a0',
        'A'.repeat(4097),
        'A'.repeat(1_000_000),
      ];
      for (const token of odd) await rejected(401, ask(token));
      await rejected(401, admit({}));
      await rejected(401, admit({ 'x-auth-token': [good, good] }));
      assert.deepEqual(fake.calls, { logins: 0, signatures: 0, validations: 0 });
    });

    it('is what counts, not what a client says it is', async () => {
      start();
      const forged = {
        'x-roles': 'admin',
        'x-role': 'admin',
        'x-user-id': 'root',
        'x-user': 'root',
        'x-project-id': 'p2',
        'x-tenant-id': 'p2',
        'x-domain-id': 'd',
        'x-identity-status': 'Confirmed',
        'x-service-identity-status': 'Confirmed',
        'x-service-user-id': 'nova',
        'x-service-roles': 'service',
        'x-is-admin-project': 'True',
        'openstack-system-scope': 'all',
      };
      await rejected(401, admit(forged));
      const token = fake.issue({ user: 'bob', project: 'p1', roles: ['reader'] });
      const plain = identityOf(await ask(token));
      assert.deepEqual(identityOf(await ask(token, forged)), plain);
      assert.deepEqual([plain.userId, plain.projectId, plain.serviceRoles], ['bob', 'p1', []]);
    });

    it('is validated without the catalog when that is not wanted', async () => {
      start({ keystoneIncludeServiceCatalog: false });
      await ask(fake.issue());
      assert.equal(fake.seen.url, '/v3/auth/tokens?nocatalog');
    });

    it('bound to a login method is rejected, unless bindings are not checked', async () => {
      const token = fake.issue({ bind: { kerberos: 'alice@EXAMPLE.ORG' } });
      start();
      await rejected(401, ask(token));
      start({ keystoneEnforceTokenBind: 'disabled' });
      identityOf(await ask(token));
      start({ keystoneEnforceTokenBind: 'required' });
      await rejected(401, ask(fake.issue()));
    });
  });

  describe('a rejection', () => {
    it('is that of Keystone middleware', async () => {
      start({ keystoneWwwAuthenticateUri: 'https://public.example/identity' });
      const { headers, body } = await rejected(401, ask('gAAAAAunknown'));
      assert.deepEqual(headers, { 'www-authenticate': 'Keystone uri="https://public.example/identity"' });
      assert.deepEqual(JSON.parse(body), {
        error: { code: 401, title: 'Unauthorized', message: 'The request you have made requires authentication.' },
      });
    });

    it('is that of the service with delay_auth_decision, which still lets no client in', async () => {
      start({ keystoneDelayAuthDecision: true });
      const { headers, body } = await rejected(401, admit({}));
      assert.deepEqual(headers, { 'www-authenticate': `Keystone uri="${fake.url}"` });
      assert.equal((JSON.parse(body) as { code: string }).code, '401 Unauthorized');
      await rejected(401, ask('gAAAAAunknown'));
    });
  });

  describe('a service token', () => {
    it('adds the service to the identity', async () => {
      start();
      const service = fake.issue({ user: 'nova', project: 'service', roles: ['service'] });
      const identity = identityOf(await ask(fake.issue({ user: 'alice' }), { 'x-service-token': service }));
      assert.equal(identity.userId, 'alice');
      assert.equal(identity.serviceUserId, 'nova');
      assert.equal(identity.serviceProjectId, 'service');
      assert.deepEqual(identity.serviceRoles, ['service']);
    });

    it('lets an expired token of a user in', async () => {
      start();
      const service = fake.issue({ user: 'nova', roles: ['service'] });
      const expired = fake.issue({ user: 'alice', expiresIn: -60 });
      await rejected(401, ask(expired));
      assert.equal(identityOf(await ask(expired, { 'x-service-token': service })).userId, 'alice');
      assert.equal(fake.seen.url, '/v3/auth/tokens?allow_expired=1');
      await rejected(401, ask(expired));
    });

    it('makes a request fail when it is bad, expired or not that of a service', async () => {
      start();
      const user = fake.issue();
      const bad = [
        'gAAAAAunknown',
        'ö',
        fake.issue({ roles: ['service'], expiresIn: -1 }),
        fake.issue({ roles: ['member'] }),
      ];
      for (const service of bad) await rejected(401, ask(user, { 'x-service-token': service }));
      assert.equal(fake.seen.url.includes('allow_expired'), false);
    });

    it('needs no role when service_token_roles_required is false, and then gives no more time', async () => {
      start({ keystoneServiceTokenRolesRequired: false });
      const service = { 'x-service-token': fake.issue({ user: 'nova', roles: ['member'] }) };
      assert.equal(identityOf(await ask(fake.issue(), service)).serviceUserId, 'nova');
      await rejected(401, ask(fake.issue({ expiresIn: -60 }), service));
    });

    it('counts as none when it is empty, or bad under delay_auth_decision', async () => {
      start();
      assert.equal(identityOf(await ask(fake.issue(), { 'x-service-token': ' ' })).serviceUserId, null);
      start({ keystoneDelayAuthDecision: true });
      assert.equal(identityOf(await ask(fake.issue(), { 'x-service-token': 'gAAAAAno' })).serviceUserId, null);
    });

    it('alone is not enough', async () => {
      start();
      await rejected(401, admit({ 'x-service-token': fake.issue({ roles: ['service'] }) }));
    });
  });

  describe('a token of an application credential with access rules', () => {
    const accessRules = [{ service: 'placement', method: 'GET', path: '/resource_providers/*/inventories' }];
    const at = (token: string, method: string, path: string, more: RequestHeaders = {}) =>
      Promise.resolve(admit({ 'x-auth-token': token, ...more }, method, path));

    it('may do what a rule names', async () => {
      start({ keystoneServiceType: 'placement' });
      const token = fake.issue({ accessRules });
      identityOf(await at(token, 'GET', '/resource_providers/1/inventories'));
      await rejected(401, at(token, 'PUT', '/resource_providers/1/inventories'));
      await rejected(401, at(token, 'GET', '/resource_providers'));
      await rejected(401, at(token, 'GET', '/resource_providers/1%2F2/inventories'));
      await rejected(401, at(token, 'GET', '/resource_providers/%ff/inventories'));
      assert.equal(fake.calls.validations, 1);
    });

    it('may do everything when a service passes it on', async () => {
      start({ keystoneServiceType: 'placement' });
      const service = { 'x-service-token': fake.issue({ roles: ['service'] }) };
      identityOf(await at(fake.issue({ accessRules }), 'DELETE', '/traits/CUSTOM_A', service));
    });

    it('may do nothing without service_type, another one, an empty list or no catalog', async () => {
      const path = '/resource_providers/1/inventories';
      start();
      await rejected(401, at(fake.issue({ accessRules }), 'GET', path));
      start({ keystoneServiceType: 'compute' });
      await rejected(401, at(fake.issue({ accessRules }), 'GET', path));
      start({ keystoneServiceType: 'placement' });
      await rejected(401, at(fake.issue({ accessRules: [] }), 'GET', path));
      fake.distort = (document) => ({ ...document, catalog: undefined });
      await rejected(401, at(fake.issue({ accessRules }), 'GET', path));
    });
  });

  describe('the token of the service', () => {
    it('is replaced when Keystone rejects it, by one login for all', async () => {
      start();
      identityOf(await ask(fake.issue()));
      fake.forgetServiceTokens();
      fake.behaviour = 'slow';
      (await Promise.all(Array.from({ length: 10 }, () => ask(fake.issue())))).forEach(identityOf);
      assert.equal(fake.calls.logins, 2);
    });

    it('is renewed before it expires', async () => {
      start();
      identityOf(await ask(fake.issue()));
      clock += (3600 - 121) * 1000;
      identityOf(await ask(fake.issue()));
      assert.equal(fake.calls.logins, 1);
      clock += 2000;
      identityOf(await ask(fake.issue()));
      assert.equal(fake.calls.logins, 2);
    });

    it('is asked for once more only when Keystone rejects new ones, too', async () => {
      start();
      fake.behaviour = 'rejecting service tokens';
      await rejected(503, ask(fake.issue()));
      assert.deepEqual(fake.calls, { logins: 2, signatures: 0, validations: 2 });
      await rejected(503, ask(fake.issue()));
      assert.deepEqual(fake.calls, { logins: 2, signatures: 0, validations: 2 }, 'no request is sent during the pause');
    });

    it('is not asked for again and again with a wrong password', async () => {
      start({ keystonePassword: 'wrong-password' });
      for (let round = 0; round < 10; round++) await rejected(503, ask(fake.issue()));
      assert.deepEqual(fake.calls, { logins: 1, signatures: 0, validations: 0 });
      assert.match(log, /rejects the login of the service/);
      assert.doesNotMatch(log, /wrong-password/);
    });

    it('names the endpoint by interface and region', async () => {
      start({ keystoneRegionName: 'RegionOne', keystoneAuthUrl: `${fake.url}/v3` });
      identityOf(await ask(fake.issue()));
      start({ keystoneInterface: 'public' });
      await rejected(503, ask(fake.issue()));
      start({ keystoneRegionName: 'Nowhere' });
      identityOf(await ask(fake.issue()));
      assert.match(log, /no such identity endpoint/);
      fake.catalogUrl = 'file:///etc/passwd';
      start({ keystoneRegionName: 'RegionOne' });
      identityOf(await ask(fake.issue()));
    });
  });

  describe('a Keystone in trouble', () => {
    const troubles: Behaviour[] = [
      'hanging',
      'hanging in the middle',
      'closing',
      'closing in the middle',
      'garbage',
      'huge',
      'page',
      'redirect',
      'another subject',
      400,
      403,
      500,
      503,
    ];
    const hastyFor = (trouble: Behaviour): Partial<Config> =>
      String(trouble).startsWith('hanging') ? { keystoneHttpConnectTimeout: 1 } : {};
    /** Where the service is hasty, a pause of this process is a Keystone that hangs: it is asked again. */
    const admitted = (token: string): Promise<Identity> =>
      until('it is let in', async () => {
        clock += 10_000;
        const admission = await ask(token);
        return !(admission instanceof Rejection) && admission;
      });
    for (const trouble of troubles) {
      it(`(${trouble}) gives 503, spares known tokens, and is not asked more than needed`, async () => {
        start(hastyFor(trouble));
        const known = fake.issue();
        await admitted(known);
        fake.behaviour = trouble;
        const before = fake.calls.validations;
        for (let round = 0; round < 10; round++) {
          const admission = admit({ 'x-auth-token': fake.issue() }, 'GET', '/traits', `client ${round}`);
          const { headers, body } = await rejected(503, Promise.resolve(admission));
          assert.match(headers['retry-after'] ?? '', /^\d+$/);
          assert.match(body, /The Keystone service is temporarily unavailable/);
          identityOf(await ask(known));
        }
        assert.ok(fake.calls.validations - before <= 3, `${fake.calls.validations - before} questions`);
        fake.behaviour = 'good';
        await admitted(fake.issue());
        assert.match(log, /Keystone responds again/);
      });

      it(`(${trouble}) at the login gives 503`, async () => {
        start(hastyFor(trouble));
        fake.behaviour = trouble;
        if (trouble === 'another subject') return;
        await rejected(503, ask(fake.issue()));
        assert.equal(fake.calls.validations, 0);
      });
    }

    it('(500) for the tokens of one client does not lock out the new tokens of others', async () => {
      start();
      for (let round = 0; round < 25; round++) {
        fake.behaviour = 500;
        for (let one = 0; one < 3; one++) await rejected(503, ask(fake.issue()));
        fake.behaviour = 'good';
        const admission = admit({ 'x-auth-token': fake.issue() }, 'GET', '/traits', '127.0.0.2');
        identityOf(await admission);
      }
    });

    for (const status of [403, 500, 503] as const) {
      it(`(${status}) for signatures, which anybody may send, does not lock out new tokens`, async () => {
        start();
        // The service logs in, which a Keystone in trouble would not let it do.
        identityOf(await ask(fake.issue()));
        for (let round = 0; round < 10; round++) {
          fake.behaviour = status;
          const checks = Array.from({ length: 4 }, (_, i) =>
            keystone!.checkSignature(`invented-${i}`, 'text', 'signature', `127.0.0.${i + 10}`),
          );
          for (const outcome of await Promise.all(checks)) assert.equal((outcome as Rejection).status, 503);
          fake.behaviour = 'good';
          identityOf(await ask(fake.issue()));
        }
        assert.match(log, /Keystone cannot check signatures/);
        assert.doesNotMatch(log, /Keystone cannot validate tokens/);
      });
    }

    it('that is not there gives 503 after the retries, and is found again', async () => {
      start({ keystoneHttpRequestMaxRetries: 2 });
      const known = fake.issue();
      identityOf(await ask(known));
      await fake.stop();
      await rejected(503, ask(fake.issue()));
      identityOf(await ask(known));
      await fake.start();
      await rejected(503, ask(fake.issue()));
      clock += 600;
      identityOf(await ask(fake.issue()));
    });

    it('that comes back within the retries is not noticed', async () => {
      start({ keystoneHttpRequestMaxRetries: 5 });
      fake.behaviour = 'closing';
      const admission = ask(fake.issue());
      await until('the first attempt', () => fake.calls.logins > 0);
      await fake.stop();
      fake.behaviour = 'good';
      await fake.start();
      identityOf(await admission);
    });

    it('that closes connections between requests is not noticed', async () => {
      start();
      identityOf(await ask(fake.issue()));
      await fake.stop();
      await fake.start();
      identityOf(await ask(fake.issue()));
    });

    it('that flaps never lets a bad token in', async () => {
      start();
      const good = Array.from({ length: 40 }, () => fake.issue());
      for (const [index, token] of good.entries()) {
        fake.behaviour = index % 3 === 0 ? 503 : index % 3 === 1 ? 'good' : 'closing';
        clock += 300;
        const admission = await ask(token);
        if (admission instanceof Rejection) assert.equal(admission.status, 503);
        const bad = await ask(`gAAAAAbad${index}`);
        assert.ok(bad instanceof Rejection);
      }
      fake.behaviour = 'good';
      clock += 10_000;
      for (const token of good) identityOf(await ask(token));
    });

    it('does not lock others out over one token it cannot digest', async () => {
      start();
      const strange = fake.issue({ user: 'strange' });
      fake.distort = (document) => ((document['user'] as { id: string }).id === 'strange' ? '{"token": [' : document);
      for (let round = 0; round < 10; round++) {
        await rejected(503, ask(strange));
        identityOf(await ask(fake.issue()));
      }
    });

    it('that says odd things lets no client in', async () => {
      start();
      const oddities: [status: 401 | 503, distort: (document: Record<string, unknown>) => unknown][] = [
        [401, (document) => ({ ...document, user: undefined })],
        [401, (document) => ({ ...document, user: { id: '' } })],
        [401, (document) => ({ ...document, user: { id: { toString: 'admin' } } })],
        [401, (document) => ({ ...document, user: [{ id: 'root' }] })],
        [503, (document) => ({ ...document, expires_at: undefined })],
        [503, (document) => ({ ...document, expires_at: 'never' })],
        [503, (document) => ({ ...document, roles: { 0: { name: 'admin' }, length: 1 } })],
        [503, (document) => ({ ...document, roles: [{ name: { toLowerCase: 'admin' } }] })],
        [503, () => '{"__proto__": {"token": {"user": {"id": "root"}}}}'],
        [503, () => `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
        [503, () => '{"token": null}'],
        [503, () => 'null'],
        [503, () => ''],
      ];
      for (const [status, distort] of oddities) {
        fake.distort = distort;
        await rejected(status, ask(fake.issue()));
        fake.distort = null;
        identityOf(await ask(fake.issue()));
      }
    });

    it('never makes a token or the password appear in the log', async () => {
      start({ keystoneHttpConnectTimeout: 1 });
      const tokens: string[] = [];
      for (const trouble of [...troubles, 'rejecting service tokens', 'good'] as Behaviour[]) {
        fake.behaviour = trouble;
        clock += 20_000;
        const token = fake.issue();
        tokens.push(token);
        const admission = await ask(token, { 'x-service-token': token });
        assert.ok(!JSON.stringify(admission).includes(token));
      }
      assert.notEqual(log, '');
      for (const secret of [...tokens, SERVICE_PASSWORD, 'gAAAAA']) assert.ok(!log.includes(secret), log);
    });
  });
});

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseToken } from '../../../src/auth/keystone/token.js';

const good = {
  user: { id: 'u', name: 'U', domain: { id: 'ud' } },
  project: { id: 'p', domain: { id: 'pd' } },
  roles: [
    { id: '1', name: 'Admin' },
    { id: '2', name: 'reader' },
  ],
  expires_at: '2030-01-01T00:00:00.000000Z',
};
const parse = (token: unknown) => parseToken(JSON.stringify({ token }));

describe('the data of a token', () => {
  it('has the fields of a project token', () => {
    assert.deepEqual(parse(good), {
      identity: {
        userId: 'u',
        userDomainId: 'ud',
        projectId: 'p',
        projectDomainId: 'pd',
        domainId: null,
        systemScope: null,
        roles: ['admin', 'reader'],
        isAdminProject: true,
        expiresAt: Date.UTC(2030, 0, 1),
        serviceUserId: null,
        serviceUserDomainId: null,
        serviceProjectId: null,
        serviceProjectDomainId: null,
        serviceRoles: [],
      },
      expiresAt: Date.UTC(2030, 0, 1),
      accessRules: null,
      serviceTypes: [],
      bind: [],
    });
  });

  it('has the scope of the system, a domain, or none', () => {
    const unscoped = { ...good, project: undefined };
    assert.equal(parse({ ...unscoped, system: { all: true } })?.identity.systemScope, 'all');
    assert.equal(parse({ ...unscoped, system: { all: 'true' } })?.identity.systemScope, null);
    assert.equal(parse({ ...unscoped, domain: { id: 'd' } })?.identity.domainId, 'd');
    assert.deepEqual(parse({ ...unscoped, roles: undefined })?.identity.roles, []);
  });

  it('knows a project that is not the admin project', () => {
    assert.equal(parse({ ...good, is_admin_project: false })?.identity.isAdminProject, false);
  });

  it('lets a federated user have no domain', () => {
    assert.equal(parse({ ...good, user: { id: 'u' } })?.identity.userDomainId, null);
  });

  it('is nothing when the document is another', () => {
    for (const text of ['', 'null', '[]', '{}', '{"token":', '{"token": []}', '{"token": {}}', '"token"', '5']) {
      assert.equal(parseToken(text), null, text);
    }
    assert.equal(parse({ ...good, expires_at: undefined }), null);
    assert.equal(parse({ ...good, expires_at: 'soon' }), null);
    assert.equal(parse({ ...good, expires_at: 1e12 }), null);
    assert.equal(parse({ ...good, roles: 'admin' }), null);
    assert.equal(parse({ ...good, roles: ['admin'] }), null);
    assert.equal(parse({ ...good, roles: [{ name: ['admin'] }] }), null);
  });

  it('takes nothing from a prototype', () => {
    const text = JSON.stringify({ token: { expires_at: good.expires_at } }).replace(
      '{"expires_at',
      '{"__proto__":{"user":{"id":"root"},"roles":[{"name":"admin"}],"system":{"all":true}},"expires_at',
    );
    const { identity } = parseToken(text)!;
    assert.deepEqual([identity.userId, identity.roles, identity.systemScope], ['', [], null]);
    assert.equal(({} as Record<string, unknown>)['user'], undefined);
    const roles = parse({ ...good, roles: [{ name: '__proto__' }, { name: 'constructor' }] })?.identity.roles;
    assert.deepEqual(roles, ['__proto__', 'constructor']);
  });

  it('never throws, whatever comes', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseToken(text)));
    const odd = fc.oneof(fc.anything(), fc.constantFrom(...Object.values(good)));
    const token = fc.record(
      { user: odd, project: odd, roles: odd, expires_at: odd, catalog: odd, bind: odd, application_credential: odd },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(token, (value) => {
        let text: string | undefined;
        try {
          text = JSON.stringify({ token: value });
        } catch {
          return; // what JSON cannot hold cannot come
        }
        parseToken(text);
      }),
    );
  });
});

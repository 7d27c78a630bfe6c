import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { routeTable, type RouteDependencies } from '../../src/app.js';
import type { Config } from '../../src/config.js';
import { DEFAULT_RULES } from '../../src/policy/defaults.js';
import { createTestDatabase, dropTestDatabase } from '../support/database.js';
import { PolicyFolder } from '../support/policy.js';
import { codeOf, messageOf, startTestService, type TestService } from '../support/service.js';
import { until } from '../support/until.js';

// The table is data; only its handlers need what the service is made of.
const ROUTES = routeTable({} as RouteDependencies);

describe('policy over HTTP', () => {
  let databaseUrl: string;
  before(async () => {
    databaseUrl = await createTestDatabase();
  });
  after(() => dropTestDatabase(databaseUrl));

  const started: TestService[] = [];
  let log = '';
  const start = async (config: Partial<Config> = {}) => {
    log = '';
    const test = await startTestService({
      databaseUrl,
      config: { enforceNewDefaults: true, ...config },
      log: pino({}, { write: (line: string) => void (log += line) }),
    });
    started.push(test);
    return test;
  };
  afterEach(async () => {
    for (const test of started.splice(0)) await test.close();
  });

  /** The caller's identity in the headers that noauth2 reads. */
  const asking = ({ api }: TestService, who: Record<string, string>, method: string, path: string) =>
    api
      .request(method.toLowerCase() as 'get', path)
      .set({ 'x-auth-token': 'somebody:p1', 'openstack-api-version': 'placement latest', ...who });
  const statusOf = async (test: TestService, who: Record<string, string>, path: string, method = 'GET') =>
    (await asking(test, who, method, path)).status;

  it('guards every route, with the rule that the defaults name for it', async () => {
    const test = await start();
    const guarded = ROUTES.filter(
      ({ path }) => !['/', '/healthz', '/readyz', '/stockroom/whoami', '/stockroom/login'].includes(path),
    );
    const asWritten = guarded.map((route) => [route.rule, `${route.method} ${route.path.replace(/:(\w+)/g, '{$1}')}`]);
    const documented = DEFAULT_RULES.flatMap(({ name, routes }) => routes.map((route) => [name, route]));
    assert.deepEqual(asWritten.map(String).sort(), documented.map(String).sort());

    for (const { method, path, rule } of guarded) {
      const concrete = path.replace(/:\w*uuid/g, randomUUID()).replace(/:\w+/g, 'CUSTOM_X');
      const request = asking(test, {}, method, concrete);
      const { status, body } = await (method === 'POST' || method === 'PUT' ? request.send({}) : request);
      assert.equal(status, 403, `${method} ${path}`);
      assert.ok(messageOf(body).startsWith(`Policy does not allow ${rule} to be performed.`));
      assert.equal(codeOf(body), 'placement.undefined_code');
    }
  });

  it('asks nothing of who wants the root', async () => {
    const test = await start();
    const { status } = await test.api.request('get', '/');
    assert.equal(status, 200);
  });

  it('comes before what is wrong with the request', async () => {
    const test = await start();
    assert.equal(await statusOf(test, {}, '/resource_providers?nonsense=1'), 403);
    assert.equal(await statusOf(test, {}, `/resource_providers/${randomUUID()}`), 403);
    assert.equal(await statusOf(test, { 'openstack-api-version': 'placement 1.0' }, '/traits'), 404);
    assert.equal(await statusOf(test, { accept: 'text/plain' }, '/resource_providers'), 406);
  });

  it('lets roles in: admin to all but the reshaper, service to all, a reader to the usages of the own project', async () => {
    const test = await start();
    // A caller that may do it is told that the body has no resources.
    const reshape = async (roles: string) =>
      (await asking(test, { 'x-roles': roles }, 'POST', '/reshaper').send({ inventories: {}, allocations: {} })).status;
    assert.equal(await statusOf(test, { 'x-roles': 'admin' }, '/traits'), 200);
    assert.equal(await statusOf(test, { 'x-roles': 'reader, Service' }, '/traits'), 200);
    assert.equal(await statusOf(test, { 'x-roles': 'reader' }, '/traits'), 403);
    assert.equal(await reshape('admin'), 403);
    assert.equal(await reshape('service'), 400);
    assert.equal(await statusOf(test, { 'x-roles': 'reader' }, '/usages?project_id=p1'), 200);
    assert.equal(await statusOf(test, { 'x-roles': 'reader' }, '/usages?project_id=p2'), 403);
    assert.equal(await statusOf(test, { 'x-roles': 'reader' }, '/usages'), 403);
    assert.equal(await statusOf(test, { 'x-roles': 'reader', 'x-project-id': 'p2' }, '/usages?project_id=p2'), 200);
    // Where a key comes twice, the last value is what the response would be about.
    assert.equal(await statusOf(test, { 'x-roles': 'reader' }, '/usages?project_id=p1&project_id=p2'), 403);
  });

  it('lets the administrator reshape with the deprecated defaults', async () => {
    const test = await start({ enforceNewDefaults: false });
    await test.api.post('/reshaper', { inventories: {}, allocations: {} }).expect(400);
  });

  it('rejects tokens for the system or a domain with the name of the rule', async () => {
    const test = await start();
    for (const scope of [{ 'openstack-system-scope': 'all' }, { 'x-domain-id': 'd' }]) {
      const { status, body } = await asking(test, { 'x-roles': 'admin', ...scope }, 'GET', '/traits');
      assert.equal(status, 403);
      assert.equal(messageOf(body), 'placement:traits:list');
    }
    const lenient = await start({ enforceScope: false });
    assert.equal(await statusOf(lenient, { 'x-roles': 'admin', 'openstack-system-scope': 'all' }, '/traits'), 200);
  });

  describe('with files', () => {
    let folder: PolicyFolder;
    beforeEach(() => {
      folder = new PolicyFolder();
    });
    afterEach(() => {
      folder.close();
    });
    const operator = { 'x-roles': 'operator' };

    it('takes their rules, and takes them again when they change', async () => {
      const policyFile = folder.write('policy.yaml', 'placement:traits:list: role:operator\n');
      const policyDirs = [`${folder.path}/policy.d`];
      const test = await start({ policyFile, policyDirs });
      assert.equal(await statusOf(test, operator, '/traits'), 200);
      assert.equal(await statusOf(test, { 'x-roles': 'admin' }, '/traits'), 403);
      assert.equal(await statusOf(test, operator, '/resource_classes'), 403);

      folder.write('policy.d/more.yaml', 'placement:traits:list: "!"\nadmin_or_service_api: role:operator\n');
      await until('the new rules apply', async () => (await statusOf(test, operator, '/traits')) === 403);
      assert.equal(await statusOf(test, operator, '/resource_classes'), 200);

      folder.write('policy.yaml', '"broken\n');
      // A request makes the service look at the files.
      await until('the service has read them', async () => {
        assert.equal(await statusOf(test, operator, '/resource_classes'), 200);
        return log.includes('the policy files cannot be used');
      });
      assert.equal(await statusOf(test, operator, '/resource_classes'), 200);
    });

    it('returns 500 and says nothing of the server when a remote check gets no response', async () => {
      const policyFile = folder.write('policy.yaml', 'placement:traits:list: http://127.0.0.1:1/secret\n');
      const test = await start({ policyFile });
      const { status, text } = await asking(test, operator, 'GET', '/traits');
      assert.equal(status, 500);
      assert.doesNotMatch(text, /secret/);
    });

    it('does not start when they are broken', async () => {
      const policyFile = folder.write('policy.yaml', 'a: ""\nb: "\n');
      await assert.rejects(start({ policyFile }), /policy\.yaml:\d+:\d+: /);
    });
  });
});

import assert from 'node:assert/strict';
import { createTestDatabase, dropTestDatabase, sql } from '../support/database.js';
import { startProxy, type Proxy } from '../support/proxy.js';
import { until } from '../support/until.js';
import { createProvider, messageOf, startTestService, type TestService } from '../support/service.js';

describe('the service while the database is away', () => {
  let url: string;
  let proxy: Proxy;
  let test: TestService;
  let uuid: string;
  beforeEach(async () => {
    url = await createTestDatabase();
    proxy = await startProxy(url);
    // The proxy breaks connections, so no test waits for a deadline.
    test = await startTestService({
      databaseUrl: proxy.url(url),
      config: { connectTimeout: 60, statementTimeout: 60 },
    });
    uuid = await createProvider(test.api, 'host');
  });
  afterEach(async () => {
    await test.close();
    await proxy.close();
    await dropTestDatabase(url);
  });

  const put = (generation: number) =>
    test.api.put(`/resource_providers/${uuid}/inventories`, {
      resource_provider_generation: generation,
      inventories: { VCPU: { total: 8 } },
    });

  it('responds to reads and writes with 503 and Retry-After, and recovers', async () => {
    await test.api.get(`/resource_providers/${uuid}`).expect(200);
    await proxy.reject();
    await test.api
      .get(`/resource_providers/${uuid}`)
      .expect(503)
      .expect('retry-after', /^[1-9]\d*$/);
    await put(0)
      .expect(503)
      .expect('retry-after', /^[1-9]\d*$/);
    await proxy.accept();
    await until('it is back', async () => (await put(0)).status === 200);
    assert.deepEqual(await sql(url, 'select total from inventories'), [{ total: 8 }]);
  });

  it('reports a connection lost while a change is being committed, and does not repeat the change', async () => {
    const [response] = await Promise.all([put(0), proxy.cutAfter('inventories')]);
    assert.equal(response.status, 503);
    assert.match(messageOf(response.body), /may or may not have been made/);
    const [{ generation } = {}] = await sql(url, 'select generation from resource_providers');
    assert.ok(generation === 0 || generation === 1, `made ${generation} times`);
  });
});

import assert from 'node:assert/strict';
import { createTestDatabase, dropTestDatabase } from '../support/database.js';
import { startProxy, type Proxy } from '../support/proxy.js';
import { codeOf, messageOf, startTestService, type TestService } from '../support/service.js';

const DAILY = { enabled: false, schedule: { frequency: 'daily' }, destination: { format: 'csv' } };

/** The errors in the contract's table that no other test of inventory jobs causes. */
describe('errors of inventory jobs', () => {
  let databaseUrl: string;
  let proxy: Proxy;
  let test: TestService;
  before(async () => {
    databaseUrl = await createTestDatabase();
    proxy = await startProxy(databaseUrl);
    test = await startTestService({ databaseUrl: proxy.url(databaseUrl), config: { listsWorker: false } });
    await test.api.put('/stockroom/lists/a', DAILY).expect(201);
  });
  after(async () => {
    await test.close();
    await proxy.close();
    await dropTestDatabase(databaseUrl);
  });

  it('are 404 stockroom.lists.not_found for a job, a run and a file, and say what there is not', async () => {
    const { body } = await test.api.post('/stockroom/lists/a/runs').expect(202);
    const { run } = body as { run: number };
    for (const [path, message] of [
      ['/stockroom/lists/b', 'There is no inventory job called b.'],
      [`/stockroom/lists/a/runs/${run + 1}`, undefined],
      ['/stockroom/lists/a/runs/latest', undefined],
      [`/stockroom/lists/a/runs/${run}/files/manifest.json`, `Run ${run} of a has no list.`],
    ] as const) {
      const response = await test.api.get(path).expect(404);
      assert.equal(codeOf(response.body), 'stockroom.lists.not_found', path);
      if (message !== undefined) assert.equal(messageOf(response.body), message);
    }
    const unknown = await test.api.post('/stockroom/lists/b/runs').expect(404);
    assert.equal(codeOf(unknown.body), 'stockroom.lists.not_found');
  });

  it('are 503 with Retry-After on each route while the database is away', async () => {
    await proxy.reject();
    const requests = [
      () => test.api.get('/stockroom/lists'),
      () => test.api.get('/stockroom/lists/a'),
      () => test.api.put('/stockroom/lists/a', DAILY),
      () => test.api.delete('/stockroom/lists/a'),
      () => test.api.post('/stockroom/lists/a/runs'),
      () => test.api.post('/stockroom/lists/a/runs/1/cancel'),
      () => test.api.get('/stockroom/lists/a/runs'),
      () => test.api.get('/stockroom/lists/a/runs/latest'),
      () => test.api.get('/stockroom/lists/a/runs/1/files/manifest.json'),
    ];
    for (const request of requests) {
      const response = await request().expect(503);
      assert.match(String(response.headers['retry-after']), /^\d+$/);
    }
    // The configuration alone says which buckets there are.
    await test.api.get('/stockroom/list_buckets').expect(200);
  });
});

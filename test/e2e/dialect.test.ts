import assert from 'node:assert/strict';
import { createTestDatabase, dropTestDatabase } from '../support/database.js';
import { SDKS } from '../support/inventory-sdks.js';
import { cleanUp, startProcess } from '../support/process.js';
import { freePorts } from '../support/free-ports.js';

describe('the port for clients of object stores', function () {
  let databaseUrl: string;
  let port: number;
  before(async () => {
    databaseUrl = await createTestDatabase();
    port = await freePorts(1);
  });
  after(async () => {
    await cleanUp();
    await dropTestDatabase(databaseUrl);
  });

  const start = (args: readonly string[], env: Record<string, string> = {}) =>
    startProcess(args, {
      OS_PLACEMENT_DATABASE__CONNECTION: databaseUrl,
      OS_STOCKROOM__LISTS_S3_PORT: String(port),
      OS_STOCKROOM__LISTS_WORKER: 'false',
      ...env,
    });

  for (const workers of ['1', '2']) {
    it(`serves them beside the API, with ${workers} of --workers`, async () => {
      const service = start(['--port', '0', '--workers', workers]);
      const { api } = await service.listening();
      await service.printed(new RegExp(`Inventory jobs for clients of COS, OSS and S3: http://127.0.0.1:${port}\\n`));
      const aws = SDKS['AWS SDK']({ port, access: 'admin', secret: 'any' });
      await aws.set('nightly');
      // More connections than workers: each of them knows which port a connection came to.
      await Promise.all(
        Array.from({ length: 6 }, async () => {
          const fresh = SDKS['ali-oss, signature 1']({ port, access: 'admin', secret: 'any' });
          assert.deepEqual((await fresh.list()).ids, ['nightly']);
          await api.get('/traits').expect(200);
        }),
      );
      const { body } = await api.get('/stockroom/lists/nightly').expect(200);
      assert.deepEqual((body as { filter: object }).filter, { prefix: 'cell1-' });
      assert.equal(await aws.delete('nightly'), 204);
      service.signal('SIGTERM');
      assert.equal(await service.ended(), 0);
    });
  }

  it('is another than that of the API, free, and not open to other machines with noauth2 unless that is asked for', async () => {
    const same = start(['--port', String(port)]);
    assert.equal(await same.ended(), 1);
    assert.match(same.errors(), new RegExp(`lists_s3_port is ${port}, which is the port of the API; choose another`));
    const first = start(['--port', '0']);
    await first.listening();
    const second = start(['--port', '0']);
    assert.equal(await second.ended(), 1);
    assert.match(
      second.errors(),
      new RegExp(`port ${port} of 127.0.0.1 is in use; choose another with \\[stockroom\\] lists_s3_port`),
    );
    first.signal('SIGTERM');
    await first.ended();
    const open = start(['--port', '0'], { OS_STOCKROOM__LISTS_S3_HOST: '0.0.0.0' });
    assert.equal(await open.ended(), 1);
    assert.match(open.errors(), /On 0.0.0.0, which other machines can reach, the strategy that believes any token/);
  });
});

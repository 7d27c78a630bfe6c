import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { claim } from '../support/claims.js';
import { createTestDatabase, dropTestDatabase, sql } from '../support/database.js';
import { changesSince, historyNow } from '../support/history.js';
import { createPlacementSource } from '../support/placement-source.js';
import { cleanUp, runToEnd, temporaryFolder } from '../support/process.js';
import { createProvider, setInventories, startTestService, type TestService } from '../support/service.js';

describe('Changes that our own commands make', () => {
  let test: TestService;
  let source: string;
  let env: Record<string, string>;
  before(async () => {
    source = await createPlacementSource();
    await sql(
      source,
      `insert into resource_providers (uuid, name, generation) values ('${randomUUID()}', 'imported', 1)`,
    );
    await sql(source, `update resource_providers set root_provider_id = id`);
    test = await startTestService({ databaseUrl: await createTestDatabase() });
    env = { OS_PLACEMENT_DATABASE__CONNECTION: test.databaseUrl };
  });
  after(async () => {
    await cleanUp();
    await test.close();
    await dropTestDatabase(source);
  });

  it('name an import, also for what it removes', async () => {
    await createProvider(test.api, 'to be removed');
    const since = await historyNow(test.api);
    const { code, errors } = await runToEnd(['import', '--from', source, '--replace'], env);
    assert.equal(code, 0, errors);
    const changes = await changesSince(test.api, since, 'kind=provider');
    assert.deepEqual(
      changes.map(({ action, provider, request, by }) => [action, provider?.name, request, by]),
      [
        ['deleted', 'to be removed', null, { command: 'stockroom import' }],
        ['created', 'imported', null, { command: 'stockroom import' }],
      ],
    );
  });

  it('name the audit of orphans that reads the database, for what it deletes and for what it puts back', async () => {
    const host = await createProvider(test.api, 'h1');
    await setInventories(test.api, host, { VCPU: { total: 8 } });
    const [alive, orphan] = [randomUUID(), randomUUID()];
    for (const consumer of [alive, orphan]) await claim(test.api, { [host]: { VCPU: 1 } }, { consumer }).expect(204);
    const folder = await temporaryFolder();
    const [live, saved] = ['live', 'saved'].map((name) => path.join(folder, name)) as [string, string];
    writeFileSync(live, `${alive}\n`);
    const since = await historyNow(test.api);
    const args = ['audit', 'orphans', '--live', live, '--older-than', '0s', '--save', saved, '--delete', '--yes'];
    // The list is as old as the claims: it is said to be of tomorrow.
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    const deleted = await runToEnd([...args, '--taken-at', tomorrow], env);
    assert.equal(deleted.code, 4, deleted.errors);
    const undone = await runToEnd(['audit', 'orphans', '--undo', saved], env);
    assert.equal(undone.code, 0, undone.errors);
    const by = { command: 'stockroom audit orphans' };
    assert.deepEqual(
      (await changesSince(test.api, since)).map((change) => [change.action, change.consumer?.uuid, change.by]),
      [
        ['deleted', orphan, by],
        ['created', orphan, by],
      ],
    );
  });

  it('leave nothing where no history is kept', async () => {
    const count = async (): Promise<unknown> => sql(test.databaseUrl, 'select count(*) from history_requests');
    await sql(test.databaseUrl, 'select history_disable()');
    const before = await count();
    const { code, errors } = await runToEnd(['import', '--from', source, '--replace'], env);
    assert.equal(code, 0, errors);
    assert.deepEqual(await count(), before);
  });
});

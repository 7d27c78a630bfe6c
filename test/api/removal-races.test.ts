import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { connect } from '../support/database.js';
import { whileHeld } from '../support/while-held.js';
import { createProvider, startTestService, type TestService } from '../support/service.js';

describe('removing all that a provider has, while a rival is adding to it', () => {
  let test: TestService;
  let rival: pg.Client;
  let uuid: string;
  before(async () => {
    test = await startTestService();
  });
  after(() => test.close());
  beforeEach(async () => {
    uuid = await createProvider(test.api, randomUUID());
    rival = await connect(test.databaseUrl);
    await rival.query('begin');
    await rival.query('update resource_providers set generation = generation + 1 where uuid = $1', [uuid]);
  });
  afterEach(() => rival.end());
  const path = (kind: string): string => `/resource_providers/${uuid}/${kind}`;

  it('leaves no inventory', async () => {
    await rival.query(
      `insert into inventories (resource_provider_id, resource_class_id, total, reserved, min_unit, max_unit, step_size, allocation_ratio)
       select id, 0, 1, 0, 1, 1, 1, 1 from resource_providers where uuid = $1`,
      [uuid],
    );
    const response = await whileHeld(test.databaseUrl, rival, test.api.delete(path('inventories')));
    assert.equal(response.status, 204);
    const { body } = await test.api.get(path('inventories')).expect(200);
    assert.deepEqual(body, { resource_provider_generation: 2, inventories: {} });
  });

  it('leaves no trait', async () => {
    await rival.query(
      `insert into resource_provider_traits (resource_provider_id, trait_id)
       select p.id, t.id from resource_providers p, traits t where p.uuid = $1 and t.name = 'HW_CPU_X86_AVX'`,
      [uuid],
    );
    const response = await whileHeld(test.databaseUrl, rival, test.api.delete(path('traits')));
    assert.equal(response.status, 204);
    const { body } = await test.api.get(path('traits')).expect(200);
    assert.deepEqual(body, { resource_provider_generation: 2, traits: [] });
  });

  it('leaves no aggregate but those that were put', async () => {
    await rival.query(
      `insert into resource_provider_aggregates (resource_provider_id, aggregate_uuid)
       select id, $2 from resource_providers where uuid = $1`,
      [uuid, randomUUID()],
    );
    const mine = [randomUUID()];
    const response = await whileHeld(test.databaseUrl, rival, test.api.put(path('aggregates'), mine, '1.18'));
    assert.equal(response.status, 200);
    const { body } = await test.api.get(path('aggregates')).expect(200);
    assert.deepEqual(body.aggregates, mine);
  });
});

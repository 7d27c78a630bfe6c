import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { claim, claimBody, usagesOf } from '../support/claims.js';
import { connect } from '../support/database.js';
import { checkLedger } from '../support/ledger.js';
import { startAdmin } from '../support/metrics.js';
import { someoneWaits } from '../support/while-held.js';
import {
  codeOf,
  createProvider,
  messageOf,
  setInventories,
  startTestService,
  type TestService,
} from '../support/service.js';
import { until } from '../support/until.js';

describe('claims that meet', () => {
  let test: TestService;
  let hosts: string[];
  before(async () => {
    test = await startTestService();
  });
  after(() => test.close());
  beforeEach(async () => {
    hosts = await Promise.all([1, 2, 3].map(() => createProvider(test.api, randomUUID())));
    for (const host of hosts) await setInventories(test.api, host, { VCPU: { total: 150 } });
  });
  afterEach(() => checkLedger(test.databaseUrl));

  /** Transactions that the service has run again after a deadlock. */
  async function conflicts(): Promise<number | undefined> {
    const admin = await startAdmin(test.service);
    const { value } = await admin.metrics();
    admin.close();
    return value('stockroom_transactions_retried_total{reason="conflict"}');
  }

  it('on one provider: as many as fit succeed, the rest learn that it is full', async () => {
    const [host = ''] = hosts;
    const responses = await Promise.all(Array.from({ length: 200 }, () => claim(test.api, { [host]: { VCPU: 1 } })));
    assert.equal(responses.filter(({ status }) => status === 204).length, 150);
    for (const { status, body } of responses.filter((response) => response.status !== 204)) {
      assert.equal(status, 409);
      assert.equal(codeOf(body), 'placement.undefined_code');
      assert.match(messageOf(body), /would exceed the capacity\.$/);
    }
    assert.equal((await usagesOf(test.api, host))['VCPU'], 150);
  });

  it('on the same providers named in any order: none deadlocks, none sees a conflict', async () => {
    const rotated = (by: number) => Object.fromEntries(hosts.map((_, i) => [hosts[(i + by) % 3] ?? '', { VCPU: 1 }]));
    const before = await conflicts();
    const responses = await Promise.all(Array.from({ length: 60 }, (_, i) => claim(test.api, rotated(i))));
    assert.deepEqual([...new Set(responses.map(({ status }) => status))], [204]);
    assert.equal(await conflicts(), before);
  });

  it('for one new consumer: one wins, the others see that it is there', async () => {
    const [host = ''] = hosts;
    const consumer = randomUUID();
    const responses = await Promise.all(
      Array.from({ length: 10 }, () => claim(test.api, { [host]: { VCPU: 1 } }, { consumer })),
    );
    const lost = responses.filter(({ status }) => status !== 204);
    assert.equal(lost.length, 9);
    for (const { status, body } of lost) {
      assert.equal(status, 409);
      assert.equal(codeOf(body), 'placement.concurrent_update');
      assert.match(messageOf(body), /consumer generation conflict/);
    }
  });

  it('for one new consumer below 1.28: all are written, one after the other', async () => {
    const [host = ''] = hosts;
    const consumer = randomUUID();
    const body = { allocations: { [host]: { resources: { VCPU: 1 } } }, project_id: 'p', user_id: 'u' };
    const responses = await Promise.all(
      Array.from({ length: 10 }, () => test.api.put(`/allocations/${consumer}`, body, '1.12')),
    );
    assert.deepEqual([...new Set(responses.map(({ status }) => status))], [204]);
    assert.equal((await test.api.get(`/allocations/${consumer}`)).body.consumer_generation, 10);
  });

  it('with the same new project, user and type: the second claim finds them', async () => {
    const [host = ''] = hosts;
    const fresh = { project_id: randomUUID(), user_id: randomUUID(), consumer_type: 'FRESH' };
    const responses = await Promise.all(
      Array.from({ length: 20 }, () => claim(test.api, { [host]: { VCPU: 1 } }, fresh)),
    );
    assert.deepEqual([...new Set(responses.map(({ status }) => status))], [204]);
  });

  it('with one that holds the provider: wait, and count what it leaves', async () => {
    const [host = ''] = hosts;
    const rival = await connect(test.databaseUrl);
    await rival.query('begin');
    await rival.query('select from resource_providers where uuid = $1 for no key update', [host]);
    const waiting = claim(test.api, { [host]: { VCPU: 100 } }).then((response) => response);
    await until('the claim waits', () => someoneWaits(test.databaseUrl));
    // The rival takes 100 of the 150 while the claim waits: a check against what was there before would overbook.
    await rival.query(
      `with p as (insert into projects (external_id) values ($1) returning id),
            u as (insert into users (external_id) values ($1) returning id),
            c as (insert into consumers (uuid, project_id, user_id) select $1, p.id, u.id from p, u returning id)
       insert into allocations (consumer_id, resource_provider_id, resource_class_id, used)
       select c.id, rp.id, 0, 100 from c, resource_providers rp where rp.uuid = $2`,
      [randomUUID(), host],
    );
    await rival.query('commit');
    await rival.end();
    const { status, body } = await waiting;
    assert.equal(status, 409);
    assert.match(messageOf(body), /would exceed the capacity\.$/);
  });

  it('with a DELETE of the same consumer: both get a response, and what is left is whole', async () => {
    const [host = '', second = ''] = hosts;
    for (let round = 0; round < 20; round++) {
      const consumer = randomUUID();
      await claim(test.api, { [host]: { VCPU: 1 } }, { consumer }).expect(204);
      const [deleted, moved] = await Promise.all([
        test.api.delete(`/allocations/${consumer}`),
        claim(test.api, { [second]: { VCPU: 1 } }, { consumer, consumer_generation: 1 }),
      ]);
      assert.equal(deleted.status, 204);
      assert.ok(moved.status === 204 || moved.status === 409, String(moved.status));
    }
  });

  it('with the removal of the inventory: one of the two loses', async () => {
    const [host = ''] = hosts;
    for (let round = 0; round < 20; round++) {
      await setInventories(test.api, host, { VCPU: { total: 10 } });
      const consumer = randomUUID();
      const [claimed, removed] = await Promise.all([
        claim(test.api, { [host]: { VCPU: 1 } }, { consumer }),
        test.api.delete(`/resource_providers/${host}/inventories`),
      ]);
      assert.deepEqual([claimed.status, removed.status].sort(), [204, 409]);
      if (claimed.status === 204) await test.api.delete(`/allocations/${consumer}`).expect(204);
    }
  });

  it('after a deadlock that hand-typed SQL provokes: the claim runs again and is made', async () => {
    const [host = '', second = ''] = hosts;
    const rival = await connect(test.databaseUrl);
    await rival.query('begin');
    // Against our order: the later provider first.
    const [first, last] = (
      await rival.query<{ uuid: string }>('select uuid from resource_providers where uuid = any($1) order by id', [
        [host, second],
      ])
    ).rows.map(({ uuid }) => uuid);
    await rival.query('update resource_providers set updated_at = now() where uuid = $1', [last]);
    const waiting = claim(test.api, { [host]: { VCPU: 1 }, [second]: { VCPU: 1 } }).then((response) => response);
    await until('the claim waits', () => someoneWaits(test.databaseUrl));
    await rival
      .query('update resource_providers set updated_at = now() where uuid = $1', [first])
      .catch(() => undefined);
    await rival.query('rollback');
    await rival.end();
    assert.equal((await waiting).status, 204);
  });

  it('in one POST with many consumers: either all of it or nothing', async () => {
    const [host = ''] = hosts;
    const post = () =>
      test.api.post(
        '/allocations',
        Object.fromEntries(Array.from({ length: 40 }, () => [randomUUID(), claimBody({ [host]: { VCPU: 1 } })])),
      );
    const responses = await Promise.all(Array.from({ length: 6 }, post));
    assert.deepEqual(responses.map(({ status }) => status).sort(), [204, 204, 204, 409, 409, 409]);
    assert.equal((await usagesOf(test.api, host))['VCPU'], 120);
  });
});

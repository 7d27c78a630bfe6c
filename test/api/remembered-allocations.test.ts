import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { claim } from '../support/claims.js';
import { connect, createTestDatabase, dropTestDatabase, sql } from '../support/database.js';
import { createProvider, setInventories, startTestService, type TestService } from '../support/service.js';

/** What is allocated from a provider is remembered: the next reader sees every change, by any client. */
describe('the allocations of a provider that were asked for before', () => {
  let url: string;
  let test: TestService;
  let other: TestService;
  let host: string;
  const [one, two, three] = [randomUUID(), randomUUID(), randomUUID()];

  beforeEach(async () => {
    url = await createTestDatabase();
    test = await startTestService({ databaseUrl: url });
    other = await startTestService({ databaseUrl: url });
    host = await createProvider(test.api, 'host');
    await setInventories(test.api, host, { VCPU: { total: 1000 }, DISK_GB: { total: 1000 } });
    await claim(test.api, { [host]: { VCPU: 1, DISK_GB: 2 } }, { consumer: one }).expect(204);
    await claim(test.api, { [host]: { VCPU: 3 } }, { consumer: two }).expect(204);
  });
  afterEach(async () => {
    await Promise.all([test.close(), other.close()]);
    await dropTestDatabase(url);
  });

  const path = (): string => `/resource_providers/${host}/allocations`;
  const shown = async ({ api }: TestService, version = '1.39') => {
    const { status, body, headers } = await api.get(path(), version);
    if (status !== 200) return { status, body: {} };
    // Where nothing is allocated it is the present time.
    const modified = Object.keys(body.allocations).length === 0 ? 'now' : headers['last-modified'];
    return { status, body, modified };
  };

  it('are not read from the database again', async () => {
    const before = await shown(test);
    assert.deepEqual(before.body.allocations[one], {
      resources: { VCPU: 1, DISK_GB: 2 },
      consumer_generation: 1,
    });
    const locker = await connect(url);
    try {
      await locker.query('begin; lock table allocations in access exclusive mode');
      assert.deepEqual(await shown(test), before);
    } finally {
      await locker.end();
    }
  });

  const held = `(select id from consumers where uuid = '${one}')`;
  const statements: [what: string, statement: string][] = [
    ['an amount', `update allocations set used = 7 where consumer_id = ${held}`],
    ['a time', `update allocations set updated_at = now() + interval '1 hour' where consumer_id = ${held}`],
    ['an allocation that goes', `delete from allocations where consumer_id = ${held} and resource_class_id = 0`],
    [
      'one that goes and another that comes and is as large',
      `begin; insert into consumers (uuid, project_id, user_id) values ('${three}', 1, 1);
       update allocations set consumer_id = (select id from consumers where uuid = '${three}') where consumer_id = ${held};
       commit`,
    ],
    ['the generation of a consumer', `update consumers set generation = 42 where uuid = '${one}'`],
    ['the uuid of a consumer', `update consumers set uuid = '${three}' where uuid = '${one}'`],
    ['the generation of the provider', 'update resource_providers set generation = 99'],
    ['the name of a class', `update resource_classes set name = 'VIRTUAL' where name = 'VCPU'`],
    ['everything that goes', 'truncate allocations'],
    ['the provider', 'truncate allocations; delete from inventories; delete from resource_providers'],
  ];
  for (const [what, statement] of statements) {
    it(`are right after a change of ${what}`, async () => {
      const before = await shown(test);
      assert.deepEqual(await shown(other), before);
      await sql(url, statement);
      const after = await shown(test);
      assert.notDeepEqual(after, before);
      const stranger = await startTestService({ databaseUrl: url });
      try {
        assert.deepEqual(after, await shown(stranger));
      } finally {
        await stranger.close();
      }
    });
  }

  it('are shown as each version has them', async () => {
    for (const version of ['1.39', '1.27', '1.39', '1.27']) {
      const { body } = await shown(test, version);
      assert.equal('consumer_generation' in body.allocations[one], version === '1.39', version);
    }
  });

  it('show at once what was written through another process', async () => {
    let generation = 1;
    for (let n = 0; n < 100; n++) {
      const [writer, reader] = n % 2 === 0 ? [test, other] : [other, test];
      const claimed = { consumer: one, consumer_generation: generation++ };
      await claim(writer.api, { [host]: { VCPU: (n % 5) + 1 } }, claimed).expect(204);
      const { body } = await shown(reader);
      assert.deepEqual(body.allocations[one], {
        resources: { VCPU: (n % 5) + 1 },
        consumer_generation: generation,
      });
    }
  });
});

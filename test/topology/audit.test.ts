import assert from 'node:assert/strict';
import { createTestDatabase, dropTestDatabase, sql } from '../support/database.js';
import { SEED } from '../support/hand-typed.js';
import { startReplica, type Replica } from '../support/replica.js';

/** Writes around the triggers stand for a bug in them, or in `apply`: no read can notice, the audit must. */
describe('audit', () => {
  let url: string;
  let replica: Replica;
  before(async () => {
    url = await createTestDatabase();
  });
  after(() => dropTestDatabase(url));
  beforeEach(async () => {
    await sql(url, SEED.join(';'));
    replica = startReplica(url);
    await replica.current();
  });
  afterEach(() => replica.close());

  async function unnoticed(table: string, statement: string): Promise<void> {
    await sql(url, `alter table ${table} disable trigger user; ${statement}; alter table ${table} enable trigger user`);
  }

  const corruptions: [table: string, statement: string, report: RegExp][] = [
    ['resource_providers', `update resource_providers set generation = 99 where name = 'one'`, /^provider 1: .*99/],
    ['resource_providers', `update resource_providers set name = 'x' where name = 'one'`, /^provider 1: .*"x"/],
    ['inventories', `update inventories set total = 12345 where resource_class_id = 0`, /^provider 1: .*12345/],
    ['inventories', `update inventories set used = 4 where resource_class_id = 1`, /^provider 1: .*"used":4/],
    ['inventories', `delete from inventories where resource_provider_id = 1`, /^provider 1: .*"inventories":\[\]/],
    ['resource_provider_traits', 'delete from resource_provider_traits', /^provider 1: .*"traits":\[\]/],
    ['resource_provider_aggregates', 'delete from resource_provider_aggregates', /^provider 1: .*"aggregates":\[\]/],
    ['traits', `delete from traits where name = 'CUSTOM_UNUSED'`, /^trait 4: in memory CUSTOM_UNUSED .* absent$/],
    ['traits', `insert into traits (name) values ('CUSTOM_NEW')`, /^trait 5: in memory absent, .* CUSTOM_NEW/],
    ['resource_classes', `update resource_classes set name = 'CUSTOM_X' where id = 10000`, /^resource class 10000: /],
  ];
  for (const [table, statement, report] of corruptions) {
    it(`reports and corrects: ${statement}`, async () => {
      await unnoticed(table, statement);
      const found = await replica.audit();
      assert.ok(found.length > 0);
      assert.match(found[0] ?? '', report);
      const errors = replica.log.filter(({ level }) => level === 50);
      assert.deepEqual(
        errors.map(({ msg }) => msg),
        ['topology: differed from the database; loaded again'],
      );
      assert.deepEqual(await replica.audit(), []);
    });
  }

  it('finds nothing where nothing is wrong, whatever has been written', async () => {
    await sql(url, `update inventories set total = total + 1; delete from resource_providers where name = 'three'`);
    assert.deepEqual(await replica.audit(), []);
    await sql(url, 'update topology_epoch set uuid = gen_random_uuid()');
    assert.deepEqual(await replica.audit(), []);
    assert.deepEqual(
      replica.log.filter(({ level }) => level === 50),
      [],
    );
  });

  it('is heard of when it meets a change that does not fit, and leaves a right topology', async () => {
    // An inventory of a class that the replica has never heard of.
    await unnoticed('resource_classes', `insert into resource_classes (id, name) values (10005, 'CUSTOM_UNHEARD')`);
    const audited = replica.audit();
    const written = sql(url, 'insert into inventories values (1, 10005, 5, 0, 1, 5, 1, 1.0)');
    await Promise.all([audited, written]);
    const view = await replica.current();
    assert.equal(view.providersWithClass(10005)?.size, 1);
    assert.deepEqual(await replica.audit(), []);
  });

  it('is not needed for a change that does not fit: the read that meets it loads everything', async () => {
    await unnoticed('resource_classes', `insert into resource_classes (id, name) values (10005, 'CUSTOM_UNHEARD')`);
    await sql(url, 'insert into inventories values (1, 10005, 5, 0, 1, 5, 1, 1.0)');
    const view = await replica.current();
    assert.equal(view.providersWithClass(10005)?.size, 1);
    assert.equal(replica.status().loads, 2);
    assert.ok(replica.log.some(({ msg }) => msg === 'topology: a change does not fit'));
  });
});

import assert from 'node:assert/strict';
import { connect, createTestDatabase, dropTestDatabase, sql } from '../support/database.js';
import { differences } from '../../src/topology/differences.js';
import { SEED } from '../support/hand-typed-sql.js';
import { freshTopology, startReplica, type Replica } from '../support/replica.js';
import { someoneWaits } from '../support/while-held.js';
import { until } from '../support/until.js';

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

  it('keeps no reader waiting while it loads what it compares with', async () => {
    const other = await connect(url);
    try {
      // Loading reads this table, and a reader whose last catch-up is still true does not.
      await other.query('begin; lock table resource_provider_traits in access exclusive mode');
      const audited = replica.audit();
      await until('the audit waits', () => someoneWaits(url));
      for (let n = 0; n < 20; n++) await replica.current();
      assert.ok(await someoneWaits(url), 'the audit still waits');
      await other.query('rollback');
      assert.deepEqual(await audited, []);
    } finally {
      await other.end();
    }
  });

  it('finds nothing wrong in what is written and read while it runs, and corrects what is', async () => {
    await sql(
      url,
      `insert into resource_providers (id, uuid, name, root_provider_id)
       select n, gen_random_uuid(), 'many-' || n, n from generate_series(1000, 3999) n`,
    );
    await replica.current();
    const end = new AbortController();
    let catchUps = 0;
    const readers = [1, 2, 3].map(async () => {
      while (!end.signal.aborted) {
        await replica.current();
        catchUps++;
      }
    });
    const writer = (async () => {
      for (let n = 0; !end.signal.aborted; n++) {
        await sql(url, `update resource_providers set generation = ${n + 1} where id = ${1000 + ((n * 37) % 3000)}`);
      }
    })();
    let found: readonly string[];
    try {
      for (let n = 0; n < 5 || catchUps <= 30; n++) assert.deepEqual(await replica.audit(), []);
      await unnoticed(
        'inventories',
        `update inventories set total = 4711 where resource_provider_id = 1 and resource_class_id = 0`,
      );
      found = await replica.audit();
    } finally {
      end.abort();
      await Promise.all([...readers, writer]);
    }
    assert.equal(found.length, 1);
    assert.match(found[0] ?? '', /^provider 1: .*4711/);
    assert.equal(replica.status().loads, 1);
    assert.deepEqual(differences(await replica.current(), await freshTopology(url)), []);
  });

  it('is one, however many ask for it', async () => {
    await unnoticed('traits', `insert into traits (name) values ('CUSTOM_NEW')`);
    const [one, other] = await Promise.all([replica.audit(), replica.audit()]);
    assert.equal(one.length, 1);
    assert.equal(other, one);
    assert.equal(replica.status().differences, 1);
  });

  it('is logged when it meets a change that does not fit, and leaves a right topology', async () => {
    // An inventory of a class that the replica does not know.
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

import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { connectClient } from '../../src/db/pool.js';
import { load, readChanges } from '../../src/topology/journal.js';
import { parseSnapshot } from '../../src/topology/pg-snapshot.js';
import { assertSame } from '../support/compare.js';
import { connect, createTestDatabase, dropTestDatabase, sql } from '../support/database.js';
import { freshTopology, insertProviders, startReplica, type Replica } from '../support/replica.js';
import { until } from '../support/until.js';

/** When the journal cannot say what happened since, everything is loaded again before the next response. */
describe('reload', () => {
  let url: string;
  let replica: Replica;
  beforeEach(async () => {
    url = await createTestDatabase();
    await sql(url, insertProviders('here'));
    replica = startReplica(url, { journalRetention: 0 });
    await replica.current();
  });
  afterEach(async () => {
    await replica.close();
    await dropTestDatabase(url);
  });

  async function seen(): Promise<string[]> {
    return [...(await replica.current()).providers.values()].map(({ name }) => name).sort();
  }

  /**
   * Each pruning sets the mark that the next prunes below; a transaction anywhere on the server (autovacuum's) keeps what came
   * after it for one more.
   */
  async function untilPruned(pruner: Replica, left: number): Promise<void> {
    await until('the journal is pruned', async () => {
      await pruner.prune();
      return (await sql(url, 'select from topology_changes')).length <= left;
    });
  }

  it('happens to a replica that slept while the journal was pruned', async () => {
    await sql(url, insertProviders('missed'));
    const pruner = startReplica(url, { journalRetention: 0 });
    await untilPruned(pruner, 0);
    await pruner.close();
    assert.deepEqual(await seen(), ['here', 'missed']);
    assert.equal(replica.status().loads, 2);
    assert.deepEqual(await seen(), ['here', 'missed']);
    assert.equal(replica.status().loads, 2);
  });

  it('does not happen to one that is awake, however often the journal is pruned', async () => {
    for (let n = 0; n < 5; n++) {
      await sql(url, insertProviders(`new-${n}`));
      assert.equal((await seen()).length, n + 2);
      await replica.prune();
    }
    await untilPruned(replica, 1);
    assert.equal(replica.status().loads, 1);
  });

  it('is not caused by pruning beside a transaction that is open', async () => {
    const open = await connect(url);
    await open.query('begin');
    await open.query(insertProviders('open'));
    await sql(url, insertProviders('done'));
    await seen();
    for (let n = 0; n < 3; n++) await replica.prune();
    await open.query('commit');
    await open.end();
    assert.deepEqual(await seen(), ['done', 'here', 'open']);
    assert.equal(replica.status().loads, 1);
  });

  it('keeps changes that are younger than the retention', async () => {
    const patient = startReplica(url, { journalRetention: 600 });
    await sql(url, `update topology_epoch set marked_at = now()`);
    await patient.prune();
    await patient.prune();
    await patient.close();
    assert.ok((await sql(url, 'select from topology_changes')).length > 0);
  });

  it('follows a new epoch uuid, which an operator sets after a restore', async () => {
    await sql(url, `alter table resource_providers disable trigger all; ${insertProviders('restored')}`);
    await sql(url, 'update topology_epoch set uuid = gen_random_uuid()');
    assert.deepEqual(await seen(), ['here', 'restored']);
    assert.equal(replica.status().loads, 2);
    assert.match(replica.log.find(({ level }) => level === 40)?.msg ?? '', /loading everything again/);
  });

  it('follows tables that were dropped and restored in place, the epoch row included', async () => {
    await sql(
      url,
      `begin;
       alter table resource_providers disable trigger all; ${insertProviders('restored')};
       alter table resource_providers enable trigger all;
       create table restored (like topology_epoch including all);
       insert into restored select * from topology_epoch;
       drop table topology_epoch;
       alter table restored rename to topology_epoch;
       commit`,
    );
    assert.deepEqual(await seen(), ['here', 'restored']);
    assert.equal(replica.status().loads, 2);
  });

  it('copes with a journal from the future, as a dump of an older server brings', async () => {
    // As pg_restore on a younger server leaves it: ids that this server will only reach in years.
    await sql(
      url,
      `insert into topology_changes (xid, kind, id) values ('90000000001', 1, 1), ('90000000002', 0, 0);
       update topology_epoch set pruned_below = '90000000000', mark = '90000000001', uuid = gen_random_uuid()`,
    );
    assert.deepEqual(await seen(), ['here']);
    assert.deepEqual(await sql(url, `select from topology_changes where xid > '80000000000'`), []);
    const { loads } = replica.status();
    for (let n = 0; n < 3; n++) {
      await sql(url, insertProviders(`new-${n}`));
      await replica.prune();
      assert.equal((await seen()).length, n + 2);
    }
    assert.equal(replica.status().loads, loads, 'every read loads everything');
  });

  it('is asked for when the snapshot of the server does not contain ours', async () => {
    const client = await connect(url);
    const { watermark } = await load(client);
    const { xmin, xmax } = watermark.snapshot;
    assert.notEqual(await readChanges(client, watermark), 'reload');
    // So far ahead that the server's other databases do not get there meanwhile.
    const later = xmax + 100_000n;
    for (const text of [`${later}:${later}:`, `${xmin}:${later}:${xmin}`]) {
      assert.equal(
        await readChanges(client, { ...watermark, snapshotText: text, snapshot: parseSnapshot(text) }),
        'reload',
      );
    }
    assert.equal(await readChanges(client, { ...watermark, epoch: `${watermark.epoch}x` }), 'reload');
    await client.end();
  });

  it('is right while others write', async () => {
    const writing = (async () => {
      for (let n = 0; n < 60; n++) await sql(url, insertProviders(`while-${n}`));
    })();
    for (let n = 0; n < 10; n++) {
      await sql(url, 'update topology_epoch set uuid = gen_random_uuid()');
      await replica.current();
      await setTimeout(5);
    }
    await writing;
    assertSame(await replica.current(), await freshTopology(url));
    assert.ok(replica.status().loads >= 11);
  });

  it('rejects sessions that may take back what they have acknowledged: those of a pooler, where nothing can be set', async () => {
    const careful = startReplica(url, { afterConnect: "set synchronous_commit = 'off'" });
    await assert.rejects(careful.current(), { status: 503 });
    assert.match(careful.log[0]?.reason ?? '', /synchronous_commit is off/);
    await careful.close();
  });

  it('names the table when the epoch row is missing', async () => {
    await sql(url, 'delete from topology_epoch');
    await assert.rejects(replica.current(), { status: 503 });
    assert.match(replica.log.find(({ level }) => level === 50)?.reason ?? '', /topology_epoch is empty/);
    await sql(url, 'insert into topology_epoch default values');
    const names = await until('it is back', () =>
      seen().catch((error: unknown) => {
        assert.equal((error as { status?: number }).status, 503);
        return false as const;
      }),
    );
    assert.deepEqual(names, ['here']);
  });

  it('loads more providers than fit one page', async () => {
    await sql(
      url,
      `insert into resource_providers (id, uuid, name, root_provider_id)
       select n, gen_random_uuid(), 'many-' || n, n from generate_series(100, 10200, 2) n`,
    );
    const client = await connectClient({
      connectionString: url,
      maxConnections: 1,
      connectTimeout: 0,
      statementTimeout: 0,
    });
    const { topology } = await load(client);
    await client.end();
    assert.equal(topology.providers.size, 5052);
    assertSame(await replica.current(), topology);
  });
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { migrateDatabase } from '../../src/db/migrate.js';
import { defaultConfig } from '../../src/config.js';
import { startEmbedded, type EmbeddedDatabase } from '../../src/db/embedded.js';
import { assertSame } from '../support/compare.js';
import { sql } from '../support/database.js';
import { startProxy, type Proxy } from '../support/proxy.js';
import { freshTopology, insertProviders, startReplica, type Replica } from '../support/replica.js';
import { patience } from '../support/patience.js';

/** Another server has the same name: restarted, a standby, or one that lacks transactions that the service has seen. */
describe('fail-over', function () {
  const settings = { fsync: 'off' };
  let folder: string;
  let primary: EmbeddedDatabase;
  let standby: EmbeddedDatabase;
  let proxy: Proxy;
  let replica: Replica;

  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'stockroom-test-'));
    if (process.getuid?.() === 0) execFileSync('chmod', ['755', folder]);
    const [first, second] = [path.join(folder, 'primary'), path.join(folder, 'standby')];
    const made = await startEmbedded({ dataDir: first, settings });
    await migrateDatabase(defaultConfig(), made.connectionString);
    await sql(made.connectionString, insertProviders('here'));
    await made.stop();
    // A copy of a stopped cluster is a standby that has received everything up to now and nothing after it.
    execFileSync('cp', ['-a', first, second]);
    execFileSync('cp', ['-a', path.join(second, 'password'), path.join(second, 'postgresql', 'standby.signal')]);
    primary = await startEmbedded({ dataDir: first, settings });
    standby = await startEmbedded({ dataDir: second, settings });
    proxy = await startProxy(primary.connectionString);
    // Connections break, and new ones fail at once, so no test waits for a deadline.
    replica = startReplica(proxy.url(primary.connectionString));
    await replica.current();
  });
  after(async () => {
    await replica.close();
    await proxy.close();
    await Promise.all([primary.stop(), standby.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  async function seen(): Promise<string[]> {
    const deadline = performance.now() + patience(10_000);
    for (;;) {
      try {
        return [...(await replica.current()).providers.values()].map(({ name }) => name).sort();
      } catch (error) {
        if ((error as { status?: number }).status !== 503 || performance.now() > deadline) throw error;
        await setTimeout(50);
      }
    }
  }

  it('to the same server after a restart loads everything again', async () => {
    await sql(primary.connectionString, insertProviders('before'));
    assert.deepEqual(await seen(), ['before', 'here']);
    await primary.stop();
    await assert.rejects(replica.current(), { status: 503 });
    primary = await startEmbedded({ dataDir: path.join(folder, 'primary'), settings });
    proxy.pointAt(primary.connectionString);
    assert.deepEqual(await seen(), ['before', 'here']);
    assert.equal(replica.status().loads, 2);
  });

  it('to a standby is rejected: 503 and one line in the log', async () => {
    replica.log.length = 0;
    proxy.pointAt(standby.connectionString);
    proxy.cut();
    for (let n = 0; n < 20; n++) {
      await assert.rejects(replica.current(), { status: 503 });
      await setTimeout(20);
    }
    assert.equal(replica.log.length, 1);
    assert.match(replica.log[0]?.reason ?? '', /standby .*point the connection at the primary/);
    // So is a process that starts there.
    const other = startReplica(standby.connectionString);
    await assert.rejects(other.current(), { status: 503 });
    assert.match(other.log[0]?.reason ?? '', /standby/);
    await other.close();
    proxy.pointAt(primary.connectionString);
    proxy.cut();
    assert.deepEqual(await seen(), ['before', 'here']);
  });

  it('to a standby that had not received everything loads everything again, though ids are reused', async () => {
    await sql(primary.connectionString, insertProviders('lost-1'));
    await sql(primary.connectionString, insertProviders('lost-2'));
    assert.deepEqual(await seen(), ['before', 'here', 'lost-1', 'lost-2']);
    await sql(standby.connectionString, 'select pg_promote()');
    // As many transactions as the old primary had, so that none looks new to a watermark alone.
    for (const name of ['new-1', 'new-2']) await sql(standby.connectionString, insertProviders(name));
    const journal = (url: string) =>
      sql<{ xid: string }>(url, 'select distinct xid::text from topology_changes order by 1');
    const old = new Set((await journal(primary.connectionString)).map(({ xid }) => xid));
    const ids = (await journal(standby.connectionString)).map(({ xid }) => xid);
    assert.ok(old.has(ids.at(-1)!), 'no id was used twice, so this shows nothing');
    const { loads } = replica.status();
    proxy.pointAt(standby.connectionString);
    proxy.cut();
    assert.deepEqual(await seen(), ['here', 'new-1', 'new-2']);
    assert.equal(replica.status().loads, loads + 1);
    assertSame(await replica.current(), await freshTopology(standby.connectionString));
    assert.deepEqual(await replica.audit(), []);
  });
});

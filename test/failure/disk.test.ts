import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { migrateDatabase } from '../../src/db/migrate.js';
import { defaultConfig } from '../../src/config.js';
import { claim } from '../support/claims.js';
import { clusterFolder, removeClusters, startCluster } from '../support/cluster.js';
import { sql } from '../support/database.js';
import { assertByTurns, LONGEST_RESPONSE, startPatient } from '../support/outage.js';
import { messageOf } from '../support/service.js';
import { until } from '../support/until.js';

/** A disk of a few megabytes, in memory. Its file `ballast` leaves as little as one wants. */
interface Disk {
  readonly folder: string;
  fill(): void;
  relieve(): void;
}

const disks: string[] = [];

async function smallDisk(megabytes: number): Promise<Disk | string> {
  const folder = path.join(await clusterFolder(), 'disk');
  fs.mkdirSync(folder);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0755`, 'tmpfs', folder], { stdio: 'pipe' });
  } catch (error) {
    return `no small disk can be mounted here: ${(error as Error).message.trim()}`;
  }
  disks.push(folder);
  const ballast = path.join(folder, 'ballast');
  return {
    folder,
    fill() {
      const file = fs.openSync(ballast, 'a');
      try {
        for (;;) fs.writeSync(file, Buffer.alloc(4096));
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
      } finally {
        fs.closeSync(file);
      }
    },
    relieve() {
      fs.rmSync(ballast, { force: true });
    },
  };
}

describe('a disk that is full', function () {
  after(async () => {
    // The server still uses it, until it is stopped.
    for (const folder of disks) execFileSync('umount', ['--lazy', folder]);
    await removeClusters();
  });

  it('of the tables: reads go on, writes are 503 and say why, and all is well when there is room again', async function () {
    const disk = await smallDisk(64);
    if (typeof disk === 'string') {
      this.test!.title += ` [${disk}]`;
      return this.skip();
    }
    // Not the server of other tests: where a checkpoint finds no room, it cannot drop their databases.
    const { url } = await startCluster();
    await migrateDatabase(defaultConfig(), url);
    const name = new URL(url).pathname.slice(1);
    const maintenance = new URL(url);
    maintenance.pathname = '/postgres';
    const space = path.join(disk.folder, 'space');
    fs.mkdirSync(space);
    execFileSync('chown', ['postgres:', space]);
    await sql(maintenance.toString(), `create tablespace small location '${space}'`);
    await sql(maintenance.toString(), `alter database ${name} set tablespace small`);
    const test = await startPatient(url);

    await test.askEverything();
    disk.fill();
    // The last pages of the tables have some room left.
    const rejected = await until('there is no room', async () => {
      const responses = await Promise.all(
        Array.from({ length: 20 }, () => claim(test.api, { [test.host]: { VCPU: 1 } })),
      );
      assert.ok(responses.every(({ status }) => status === 204 || status === 503));
      return responses.find(({ status }) => status === 503) ?? false;
    });
    assert.match(rejected.headers['retry-after'] as string, /^[1-9]\d*$/);
    assert.match(messageOf(rejected.body), /no disk space .*Nothing was changed/);
    await test.api.get(`/resource_providers/${test.host}`).expect(200);
    await test.api.get(`/allocations/${test.consumer}`).expect(200);
    disk.relieve();
    await test.recovers(url);
    await until('the end is in the log', async () => {
      await test.askEverything();
      return test.troubles().length > 0 && test.troubles().length % 2 === 0;
    });
    // A claim that finds room in a page that is there ends it, and the next one begins it again.
    assertByTurns(
      test.troubles(),
      /^database short of resources: could not extend file .*No space left on device/,
      /^database has resources again after .* rejected$/,
    );

    await test.close();
  });

  it('of the log: the server gives up and comes back; 503 meanwhile, and nothing acknowledged is lost', async function () {
    const disk = await smallDisk(160);
    if (typeof disk === 'string') {
      this.test!.title += ` [${disk}]`;
      return this.skip();
    }
    const cluster = await startCluster({ max_wal_size: '32MB', wal_recycle: 'off' }, path.join(disk.folder, 'data'));
    await migrateDatabase(defaultConfig(), cluster.url);
    const test = await startPatient(cluster.url);
    let acknowledged = 1;
    const claimAll = async (): Promise<number[]> => {
      const responses = await Promise.all(
        Array.from({ length: 50 }, () => claim(test.api, { [test.host]: { VCPU: 1 } }).then(({ status }) => status)),
      );
      acknowledged += responses.filter((status) => status === 204).length;
      assert.ok(responses.every((status) => status === 204 || status === 503));
      return responses;
    };
    disk.fill();
    await until('claims are rejected', async () => (await claimAll()).includes(503), 30_000);
    const responses = await test.askEverything();
    for (const [what, { ms, status }] of Object.entries(responses)) {
      assert.ok(status < 300 || status === 503, what);
      assert.ok(ms < LONGEST_RESPONSE, what);
    }
    disk.relieve();
    // A server whose crash recovery found no room either stays down until an operator starts it.
    await until(
      'the server is back',
      async () => {
        try {
          await sql(cluster.url, 'select 1');
          return true;
        } catch {
          await cluster.start().catch(() => undefined);
          return false;
        }
      },
      30_000,
    );
    await test.recovers(cluster.url, 20_000);
    const [{ count } = {}] = await sql<{ count: number }>(
      cluster.url,
      'select count(*)::int from allocations join resource_providers p on p.id = resource_provider_id where p.uuid = $1',
      [test.host],
    );
    assert.ok((count ?? 0) >= acknowledged, `${acknowledged} were acknowledged, ${count} are there`);
    await test.close();
  });
});

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { defaultConfig } from '../../src/config.js';
import { migrateDatabase } from '../../src/db/migrate.js';
import { connectClient } from '../../src/db/pool.js';
import { makeCertificates } from '../support/certificates.js';
import { clusterFolder, removeClusters, startCluster, type Cluster } from '../support/cluster.js';
import { createEmptyDatabase, createTestDatabase, dropTestDatabase, sql } from '../support/database.js';
import { createPlacementSource } from '../support/placement-source.js';
import { cleanUp, runToEnd } from '../support/process.js';
import { startTestService } from '../support/service.js';
import { until } from '../support/until.js';

const OPTIONS = { maxConnections: 1, connectTimeout: 5000, statementTimeout: 30_000 };

/** One URL with the hosts of all. */
function several(clusters: readonly Cluster[], query: string): string {
  const urls = clusters.map(({ url }) => new URL(url));
  const { username, password, pathname } = urls[0] ?? assert.fail();
  return `postgresql://${username}:${password}@${urls.map(({ host }) => host).join(',')}${pathname}?${query}`;
}

/** A command on a connection that cannot be used: it ends by itself, with one sentence. */
async function rejected(connection: string, args: readonly string[] = ['--port', '0']): Promise<string> {
  const { code, output, errors } = await runToEnd(args, { OS_PLACEMENT_DATABASE__CONNECTION: connection });
  assert.notEqual(code, 0, output);
  const said = errors.split('\n').filter((line) => line !== '' && line !== 'Error:' && !line.startsWith('{'));
  assert.equal(said.length, 1, errors);
  assert.doesNotMatch(errors, /\n *at |hunter2|create table/);
  return said[0] ?? '';
}

describe('the connection that an operator has', () => {
  after(async () => {
    await cleanUp();
    await removeClusters();
  });

  it('works in every form, over a socket and with several hosts', async () => {
    const folder = await clusterFolder();
    if (process.getuid?.() === 0) fs.chmodSync(folder, 0o777);
    const cluster = await startCluster({ unix_socket_directories: folder });
    const { hostname, port, username, password, pathname } = new URL(cluster.url);
    const login = `${username}:${password}@`;
    await migrateDatabase(defaultConfig(), cluster.url);
    for (const connection of [
      `postgresql+psycopg2://${login}${pathname}?host=${folder}&port=${port}`,
      `postgresql://${login}${encodeURIComponent(folder)}:${port}${pathname}`,
      `postgresql+psycopg2://${login}${pathname}?host=${hostname}&port=${port}`,
      `postgresql+psycopg2://${login}${pathname}?host=${hostname}:1&host=${hostname}:${port}&target_session_attrs=read-write`,
      `postgresql://${login}${hostname}:1,${hostname}:${port}${pathname}?target_session_attrs=read-write`,
      `postgresql://${login}${hostname}:${port}${pathname}?sslmode=prefer`,
      `postgresql://${login}${hostname}:${port}${pathname}?sslmode=allow`,
      `postgresql://${login}unknown.invalid:${port}${pathname}?hostaddr=127.0.0.1`,
    ]) {
      const { code, output, errors } = await runToEnd(['db', 'version'], {
        OS_PLACEMENT_DATABASE__CONNECTION: connection,
      });
      assert.equal(code, 0, `${connection}: ${errors}`);
      assert.match(output, /^\d{14}_\w+\n$/, connection);
    }
  });

  it('leads to the host that can be written to, also after a fail-over', async () => {
    const primary = await startCluster();
    await migrateDatabase(defaultConfig(), primary.url);
    const standby = await primary.standby();
    const url = several([standby, primary], 'target_session_attrs=read-write');
    const test = await startTestService({ databaseUrl: url });
    try {
      // As a service does before it listens.
      await test.service.topology.current();
      await test.api.post('/resource_providers', { name: 'before' }).expect(200);
      await primary.followedBy(standby);
      await primary.stop('kill');
      await standby.promote();
      await until(
        'the service writes to the new primary',
        async () => {
          const { status } = await test.api.post('/resource_providers', { name: `after-${Date.now()}` });
          return status === 200;
        },
        30_000,
      );
      const { body } = await test.api.get('/resource_providers').expect(200);
      const names = (body as { resource_providers: { name: string }[] }).resource_providers.map(({ name }) => name);
      assert.ok(names.includes('before') && names.some((name) => name.startsWith('after-')), names.join());
    } finally {
      await test.close();
    }
  });

  it('passes a server by whose sessions only read, when it has to be read-write, and names all when none will do', async () => {
    const [reading, writing] = [await createTestDatabase(), await createTestDatabase()];
    const name = (url: string): string => new URL(url).pathname.slice(1);
    try {
      await sql(reading, `alter database ${name(reading)} set default_transaction_read_only = on`);
      const { host, username, password } = new URL(reading);
      const twice = `postgresql://${username}:${password}@${host},${host}/${name(reading)}?target_session_attrs=read-write`;
      await assert.rejects(connectClient({ ...OPTIONS, connectionString: twice }), (error: Error) => {
        assert.match(error.message, /^127\.0\.0\.1:\d+: its sessions are read-only .*; 127\.0\.0\.1:\d+: its sessions/);
        return true;
      });
    } finally {
      await Promise.all([reading, writing].map(dropTestDatabase));
    }
  });

  describe('with TLS', () => {
    let cluster: Cluster;
    let authority: string;
    const url = (query: string, host = 'localhost'): string => {
      const { port, username, password, pathname } = new URL(cluster.url);
      return `postgresql://${username}:${password}@${host}:${port}${pathname}?${query}`;
    };
    before(async () => {
      const folder = await clusterFolder();
      const { certificate, key, authority: signer } = makeCertificates(folder);
      authority = signer;
      cluster = await startCluster({ ssl: 'on', ssl_cert_file: certificate, ssl_key_file: key });
    });

    it('is encrypted and checked as sslmode says', async () => {
      const encrypted = async (connection: string): Promise<boolean | undefined> => {
        const client = await connectClient({ ...OPTIONS, connectionString: connection });
        const { rows } = await client.query<{ ssl: boolean }>(
          'select ssl from pg_stat_ssl where pid = pg_backend_pid()',
        );
        await client.end();
        return rows[0]?.ssl;
      };
      for (const query of [
        'sslmode=require',
        'sslmode=prefer',
        `sslmode=verify-ca&sslrootcert=${authority}`,
        `sslmode=verify-full&sslrootcert=${authority}`,
      ]) {
        assert.equal(await encrypted(url(query)), true, query);
      }
      assert.equal(await encrypted(url(`sslmode=verify-ca&sslrootcert=${authority}`, '127.0.0.1')), true);
      for (const query of ['sslmode=disable', 'sslmode=allow']) assert.equal(await encrypted(url(query)), false, query);
    });

    it('that cannot be trusted is rejected once, in a sentence', async () => {
      const cases: [connection: string, message: RegExp][] = [
        [url('sslmode=verify-full'), /certificate of localhost:\d+ is not trusted \(\w+\): .*sslrootcert\.$/],
        [
          url(`sslmode=verify-full&sslrootcert=${authority}`, '127.0.0.1'),
          /certificate of 127\.0\.0\.1:\d+ is for another name: .*verify-ca\.$/,
        ],
        [
          url('sslmode=verify-ca&sslrootcert=/nowhere/ca.pem'),
          /sslrootcert: \/nowhere\/ca\.pem cannot be read \(ENOENT\)\.$/,
        ],
        [
          url(`sslmode=require&sslcert=${authority}&sslkey=${path.dirname(authority)}/ca.pem&sslpassword=hunter2`),
          /TLS with localhost:\d+ fails/,
        ],
      ];
      const said = await Promise.all(cases.map(([connection]) => rejected(connection)));
      for (const [index, text] of said.entries()) assert.match(text, cases[index]?.[1] ?? /^$/);
    });

    it('that the server does not offer is named', async () => {
      const plain = await createEmptyDatabase();
      try {
        assert.match(
          await rejected(`${plain}?sslmode=require`),
          /127\.0\.0\.1:\d+ does not offer TLS, and sslmode=require asks for it: /,
        );
      } finally {
        await dropTestDatabase(plain);
      }
    });
  });

  it('with arguments of libpq that have no effect is used, with a warning for each', async () => {
    const url = await createTestDatabase();
    try {
      const { code, output, errors } = await runToEnd(['doctor'], {
        OS_PLACEMENT_DATABASE__CONNECTION: `${url}?passfile=/p&tcp_user_timeout=3&aplication_name=x`,
        STOCKROOM_PORT: '0',
      });
      assert.equal(code, 0, errors);
      assert.match(output + errors, /passfile .*PGPASSFILE/);
      assert.match(output + errors, /tcp_user_timeout .*dead connections/);
      assert.match(output + errors, /"aplication_name" .*Did you mean application_name\?/);
    } finally {
      await dropTestDatabase(url);
    }
  });
});

describe('a database that is not ours', () => {
  after(cleanUp);
  const tables = async (url: string): Promise<string> => {
    const rows = await sql<{ name: string }>(
      url,
      "select tablename as name from pg_tables where schemaname = 'public' order by 1",
    );
    return rows.map(({ name }) => name).join();
  };
  const commands = [
    ['--port', '0'],
    ['db', 'sync'],
    ['db', 'version'],
    ['status', 'upgrade', 'check'],
  ];

  it('of an OpenStack Placement is rejected in a sentence that says what to do, and stays as it is', async () => {
    const url = await createPlacementSource();
    try {
      const before = await tables(url);
      const other = await createPlacementSource();
      for (const command of [...commands, ['import', '--from', other, '--dry-run'], ['import', '--from', other]]) {
        const said = await rejected(url, command);
        assert.match(
          said,
          /belongs to an OpenStack Placement\. Give Stockroom an empty database .*`stockroom import --from`/,
          command.join(' '),
        );
      }
      assert.equal(await tables(url), before);
      // As an older Stockroom left it behind.
      await sql(url, 'create table knex_migrations (id serial, name text, batch integer)');
      assert.match(await rejected(url), /belongs to an OpenStack Placement/);
      await Promise.all([url, other].map(dropTestDatabase));
    } catch (error) {
      await dropTestDatabase(url);
      throw error;
    }
  });

  it('of another program with a table of our name is rejected, and the table is named', async () => {
    const url = await createEmptyDatabase();
    try {
      await sql(url, 'create table users (name text)');
      const before = await tables(url);
      const other = await createPlacementSource();
      for (const command of [...commands, ['import', '--from', other, '--dry-run']]) {
        assert.match(
          await rejected(url, command),
          /tables of another program .*: users\. Give Stockroom an empty database/,
          command.join(' '),
        );
      }
      assert.equal(await tables(url), before);
      await dropTestDatabase(other);
    } finally {
      await dropTestDatabase(url);
    }
  });

  it('of a newer Stockroom is rejected by every command that works with it', async () => {
    const url = await createTestDatabase();
    try {
      await sql(url, "insert into knex_migrations (name, batch) values ('20991231000001_future.js', 9)");
      const other = await createPlacementSource();
      for (const command of [
        ['--port', '0'],
        ['status', 'upgrade', 'check'],
        ['import', '--from', other, '--dry-run'],
      ]) {
        assert.match(
          await rejected(url, command),
          /newer than this program: it has 20991231000001_future\.js/,
          command.join(' '),
        );
      }
      await dropTestDatabase(other);
    } finally {
      await dropTestDatabase(url);
    }
  });
});

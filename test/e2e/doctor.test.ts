import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { createEmptyDatabase, createTestDatabase, sql } from '../support/database.js';
import { SERVICE_PASSWORD, startKeystone, type FakeKeystone } from '../support/keystone.js';
import { cleanUp, runToEnd, startProcess, temporaryFolder } from '../support/process.js';
import { freePorts } from '../support/free-ports.js';

interface Check {
  readonly name: string;
  readonly result: string;
  readonly message: string;
}

describe('stockroom doctor', () => {
  let connection: string;
  let keystone: FakeKeystone;
  before(async () => {
    connection = await createTestDatabase();
    keystone = await startKeystone();
  });
  after(async () => {
    await keystone.stop();
    await cleanUp();
  });

  /** A port that is free, so that the default one of this machine does not matter. */
  const always = { OS_STOCKROOM__PORT: '0' };

  async function doctor(env: Record<string, string>, args: string[] = []): Promise<{ code: unknown; checks: Check[] }> {
    const all = { OS_PLACEMENT_DATABASE__CONNECTION: connection, ...always, ...env };
    const { code, output } = await runToEnd(['doctor', '--json', ...args], all);
    return { code, checks: (JSON.parse(output) as { checks: Check[] }).checks };
  }
  // The servers of the tests run without fsync, which is one warning everywhere.
  const isOfTests = (message: string) => message.startsWith('fsync = off: ');
  const bad = (checks: readonly Check[]) =>
    checks
      .filter(({ result, message }) => result !== 'ok' && !isOfTests(message))
      .map(({ name, result, message }) => `${result}: ${name}: ${message}`);

  it('finds nothing wrong with a service that can work, and says what it looked at', async () => {
    const { code, output } = await runToEnd(['doctor'], { OS_PLACEMENT_DATABASE__CONNECTION: connection, ...always });
    assert.equal(code, 0);
    for (const name of ['database', 'version', 'primary', 'rights', 'isolation', 'schema', 'policy', 'port'])
      assert.match(output, new RegExp(`^ok {7}${name} `, 'm'));
    assert.match(output, /\nwarning {2}durability +fsync = off: when the database server crashes/);
    assert.match(output, /\nok {7}clock of the database +agrees/);
    assert.match(output, /\nThe service can work; failures: 0, warnings: 1\n$/);
    assert.ok(!output.includes(new URL(connection).password), 'shows no password');
  });

  it('knows whether the log and the audit log can be written, and writes nothing there', async () => {
    const folder = await temporaryFolder();
    const files = (log: string, audit: string) => ({
      OS_DEFAULT__LOG_FILE: path.join(folder, log),
      OS_STOCKROOM__AUDIT_LOG: 'all',
      OS_STOCKROOM__AUDIT_LOG_FILE: path.join(folder, audit),
    });
    const good = await doctor(files('a.log', 'b.log'));
    assert.deepEqual([good.code, bad(good.checks)], [0, []]);
    assert.deepEqual(readdirSync(folder), []);
    // A folder in the place of the file, which no account can write to, root neither.
    mkdirSync(path.join(folder, 'a.log'));
    const wrong = await doctor(files('a.log', 'none/b.log'));
    assert.equal(wrong.code, 1);
    const [log = '', audit = ''] = bad(wrong.checks);
    assert.match(log, /^failure: log: .*a\.log is no file$/);
    assert.match(audit, /^warning: audit log: .*none does not exist\./);
    const service = await runToEnd(['--port', '0'], {
      OS_PLACEMENT_DATABASE__CONNECTION: connection,
      ...files('a.log', 'b.log'),
    });
    assert.equal(service.code, 1, 'the service does not start either');
  });

  it('knows the port for clients of object stores, free and in use by the service', async () => {
    const port = await freePorts(1);
    const lists = { OS_STOCKROOM__LISTS_S3_PORT: String(port) };
    const message = async (): Promise<string> =>
      (await doctor(lists)).checks.find(({ name }) => name === 'lists S3 port')?.message ?? '';
    assert.equal(await message(), `${port} of 127.0.0.1 is free`);
    const service = startProcess(['--port', '0'], { OS_PLACEMENT_DATABASE__CONNECTION: connection, ...lists });
    await service.listening();
    assert.equal(await message(), `a Placement listens on ${port} of 127.0.0.1 already`);
    service.signal('SIGTERM');
    await service.ended();
  });

  it('changes nothing: an empty database stays empty', async () => {
    const empty = await createEmptyDatabase();
    const { code, checks } = await doctor({ OS_PLACEMENT_DATABASE__CONNECTION: empty });
    assert.deepEqual([code, bad(checks)], [0, []]);
    assert.match(checks.find(({ name }) => name === 'schema')?.message ?? '', /^\d+ migrations are to come/);
    assert.deepEqual(await sql(empty, "select from pg_tables where schemaname = 'public'"), []);
    const manual = { OS_PLACEMENT_DATABASE__SYNC_ON_STARTUP: 'false' };
    const rejected = await doctor({ OS_PLACEMENT_DATABASE__CONNECTION: empty, ...manual });
    assert.equal(rejected.code, 1);
    assert.match(bad(rejected.checks).join('\n'), /^failure: schema: .*Run `stockroom db sync`/);
  });

  it('names what keeps the database from being used', async () => {
    const away = await doctor({ OS_PLACEMENT_DATABASE__CONNECTION: 'postgresql://u:hunter2@127.0.0.1:1/d' });
    assert.equal(away.code, 1);
    assert.match(bad(away.checks).join('\n'), /^failure: database: The database at postgresql:\/\/u@.*ECONNREFUSED/);
    const newer = await createTestDatabase();
    await sql(newer, "insert into knex_migrations (name, batch) values ('20991231000001_future.js', 9)");
    const { checks } = await doctor({ OS_PLACEMENT_DATABASE__CONNECTION: newer });
    assert.match(bad(checks).join('\n'), /^failure: schema: newer than this program: it has 20991231000001_future\.js/);
  });

  it('sees settings of the database that the service sets itself, and rights that are missing', async () => {
    const other = await createTestDatabase();
    const { pathname } = new URL(other);
    await sql(other, `alter database ${pathname.slice(1)} set synchronous_commit = off`);
    await sql(other, `alter database ${pathname.slice(1)} set default_transaction_isolation = serializable`);
    const first = await doctor({ OS_PLACEMENT_DATABASE__CONNECTION: other });
    assert.equal(first.code, 0);
    assert.deepEqual(bad(first.checks), []);
    assert.match(
      first.checks.find(({ name }) => name === 'isolation')?.message ?? '',
      /^serializable; the service sets/,
    );

    const role = `reader_${process.pid}`;
    await sql(other, `create role ${role} login password 'x'`);
    try {
      const url = new URL(other);
      Object.assign(url, { username: role, password: 'x' });
      const { code, checks } = await doctor({ OS_PLACEMENT_DATABASE__CONNECTION: url.toString() });
      assert.equal(code, 1);
      assert.match(
        bad(checks).join('\n'),
        /failure: rights: reader_\d+ may not read and write allocations, .* and \d+ more/,
      );
    } finally {
      await sql(other, `drop role ${role}`);
    }
  });

  it('logs in to Keystone as the service does', async () => {
    const env = {
      OS_KEYSTONE_AUTHTOKEN__AUTH_URL: keystone.url,
      OS_KEYSTONE_AUTHTOKEN__USERNAME: 'placement',
      OS_KEYSTONE_AUTHTOKEN__PASSWORD: SERVICE_PASSWORD,
      OS_KEYSTONE_AUTHTOKEN__PROJECT_NAME: 'service',
      OS_KEYSTONE_AUTHTOKEN__USER_DOMAIN_NAME: 'Default',
      OS_KEYSTONE_AUTHTOKEN__PROJECT_DOMAIN_NAME: 'Default',
    };
    const good = await doctor(env);
    assert.deepEqual([good.code, bad(good.checks)], [0, []]);
    assert.ok(good.checks.some(({ name }) => name === 'login of the service'));
    assert.ok(good.checks.some(({ name }) => name === 'clock of Keystone'));
    const wrong = await doctor({ ...env, OS_KEYSTONE_AUTHTOKEN__PASSWORD: 'hunter2' });
    assert.equal(wrong.code, 1);
    assert.match(bad(wrong.checks).join('\n'), /^failure: login of the service: Keystone rejects it with 401/);
    assert.doesNotMatch(JSON.stringify(wrong), /hunter2/);
    const away = await doctor({ ...env, OS_KEYSTONE_AUTHTOKEN__AUTH_URL: 'http://127.0.0.1:1' });
    assert.match(
      bad(away.checks).join('\n'),
      /^failure: Keystone: http:\/\/127\.0\.0\.1:1\/v3 cannot be reached: .*ECONNREFUSED/,
    );
  });

  it('tells a Keystone whose clock is wrong, and none that is slow', async () => {
    const keystone = async (clockMs: number, delayMs: number): Promise<http.Server> => {
      const server = http.createServer((_req, res) => {
        const date = new Date(Date.now() + clockMs).toUTCString();
        setTimeout(() => {
          res.writeHead(201, { 'x-subject-token': 't', date }).end('{"token": {"roles": [{"name": "service"}]}}');
        }, delayMs);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    };
    const servers = [await keystone(-3_600_000, 0), await keystone(0, 6500)];
    const [hourAgo, slow] = await Promise.all(
      servers.map((server) =>
        doctor({
          OS_KEYSTONE_AUTHTOKEN__AUTH_URL: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
          OS_KEYSTONE_AUTHTOKEN__USERNAME: 'u',
          OS_KEYSTONE_AUTHTOKEN__PASSWORD: 'p',
          OS_KEYSTONE_AUTHTOKEN__PROJECT_NAME: 'service',
          OS_KEYSTONE_AUTHTOKEN__USER_DOMAIN_NAME: 'Default',
          OS_KEYSTONE_AUTHTOKEN__PROJECT_DOMAIN_NAME: 'Default',
        }),
      ),
    );
    for (const server of servers) server.close();
    assert.equal(hourAgo?.code, 0);
    assert.match(
      bad(hourAgo.checks).join('\n'),
      /^warning: clock of Keystone: is 3\d{3} s behind the clock of this machine/,
    );
    assert.doesNotMatch(bad(slow?.checks ?? []).join('\n'), /clock of Keystone/);
    assert.ok(slow?.checks.some(({ name }) => name === 'clock of Keystone'));
  });

  it('looks at ports, policy files and unknown options', async () => {
    const other = net.createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as net.AddressInfo;
    const folder = await temporaryFolder();
    const file = path.join(folder, 'placement.conf');
    writeFileSync(file, '[placement_database]\nmax_pool_sise = 3\n');
    writeFileSync(path.join(folder, 'policy.yaml'), '"placement:usages": "role:admin or"\n');
    const { code, checks } = await doctor({ OS_STOCKROOM__PORT: String(port) }, ['--config-file', file]);
    other.close();
    assert.equal(code, 1);
    const [options, policy, busy, ...more] = bad(checks);
    assert.match(options ?? '', /^warning: configuration: .*:2: .*max_pool_sise.*did you mean max_pool_size/);
    assert.match(policy ?? '', /^failure: policy: .*policy\.yaml:1:\d+: error/);
    assert.match(busy ?? '', new RegExp(`^failure: port: ${port} of 127\\.0\\.0\\.1 is in use by another program`));
    assert.deepEqual(more, []);
  });
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { createEmptyDatabase, createTestDatabase, sql } from '../support/database.js';
import { OPTIONS } from '../../src/config/options.js';
import { cleanUp, runToEnd, startProcess, temporaryFolder } from '../support/process.js';
import { createProvider } from '../support/service.js';

describe('the process with a database of its own', () => {
  let folder: string;
  const start = (...args: string[]) => startProcess(['--port', '0', '--data-dir', folder, ...args]);
  const postmaster = (): number =>
    Number(readFileSync(path.join(folder, 'postgresql/postmaster.pid'), 'utf8').split('\n')[0]);
  before(async () => {
    folder = await temporaryFolder();
  });
  after(cleanUp);

  let uuid: string;

  it('starts in an empty folder, says where it listens and where the data is, and how to try it', async () => {
    const run = start();
    const { url, api } = await run.listening();
    assert.match(run.output(), new RegExp(`^Data: ${folder} \\(embedded PostgreSQL\\)$`, 'm'));
    assert.match(run.output(), /^Authentication: noauth2/m);
    const [, command] = await run.printed(/^Try: (curl .*)$/m);
    assert.deepEqual(JSON.parse(execFileSync('bash', ['-c', command ?? ''], { encoding: 'utf8', stdio: 'pipe' })), {
      resource_providers: [],
    });
    assert.ok(command?.includes(url));
    uuid = await createProvider(api, 'kept');
    run.signal('SIGTERM');
    assert.equal(await run.ended(), 0);
    assert.equal(existsSync(path.join(folder, 'postgresql/postmaster.pid')), false, 'the database is stopped too');
  });

  it('finds its data again after a restart', async () => {
    const run = start();
    const { api } = await run.listening();
    assert.equal((await api.get(`/resource_providers/${uuid}`).expect(200)).body.name, 'kept');
    run.signal('SIGINT');
    assert.equal(await run.ended(), 0);
  });

  it('takes over the database that a killed process left running', async () => {
    const killed = start();
    const { api } = await killed.listening();
    const late = await createProvider(api, 'written just before the end');
    killed.signal('SIGKILL');
    assert.equal(await killed.ended(), 'SIGKILL');
    const orphan = postmaster();
    process.kill(orphan, 0);

    const next = start();
    const { api: again } = await next.listening();
    assert.equal(postmaster(), orphan);
    await again.get(`/resource_providers/${late}`).expect(200);
    next.signal('SIGTERM');
    assert.equal(await next.ended(), 0);
    assert.throws(() => process.kill(orphan, 0), 'the database was stopped by its new owner');
  });

  it('starts although the lock file of a database that is gone names a process that lives', async () => {
    writeFileSync(
      path.join(folder, 'postgresql/postmaster.pid'),
      `${process.pid}\n${folder}/postgresql\n0\n1\n\n\n\nready\n`,
    );
    writeFileSync(path.join(folder, 'starting.pid'), '999999999');
    const run = start();
    const { api } = await run.listening();
    await api.get(`/resource_providers/${uuid}`).expect(200);
    run.signal('SIGTERM');
    assert.equal(await run.ended(), 0);
  });

  it('comes up twice on one empty folder', async () => {
    folder = await temporaryFolder();
    const both = [start(), start()];
    const [one, two] = await Promise.all(both.map((run) => run.listening()));
    const shared = await createProvider(one!.api, 'shared');
    await two!.api.get(`/resource_providers/${shared}`).expect(200);
    for (const run of both) run.signal('SIGTERM');
    assert.deepEqual(await Promise.all(both.map((run) => run.ended())), [0, 0]);
    assert.equal(existsSync(path.join(folder, 'postgresql/postmaster.pid')), false);
  });
});

describe('the process with a database that is given', () => {
  after(cleanUp);

  it('never touches a data folder', async () => {
    const folder = path.join(await temporaryFolder(), 'data');
    const connection = await createTestDatabase();
    const run = startProcess(['--port', '0', '--data-dir', folder], { OS_PLACEMENT_DATABASE__CONNECTION: connection });
    await run.listening();
    assert.equal(existsSync(folder), false);
    assert.match(run.output(), /^Data: postgresql:\/\/stockroom@127/m);
    assert.ok(!run.output().includes(new URL(connection).password), 'no password on the screen');
    run.signal('SIGTERM');
    assert.equal(await run.ended(), 0);
  });

  it('takes it from a configuration file, which the environment overrides', async () => {
    const file = path.join(await temporaryFolder(), 'placement.conf');
    const connection = (await createTestDatabase()).replace('postgresql:', 'postgresql+psycopg2:');
    writeFileSync(
      file,
      `[DEFAULT]\ndebug = true\n\n[placement_database]\nconnection = ${connection}\n\n[stockroom]\nport = 1\n`,
    );
    const run = startProcess(['--config-file', file], { STOCKROOM_PORT: '0' });
    const { api } = await run.listening();
    await api.get('/resource_providers').expect(200);
    run.signal('SIGTERM');
    assert.equal(await run.ended(), 0);
  });

  it('comes up twice on one empty database', async () => {
    const connection = await createEmptyDatabase();
    const both = [1, 2].map(() => startProcess(['--port', '0'], { OS_PLACEMENT_DATABASE__CONNECTION: connection }));
    for (const { api } of await Promise.all(both.map((run) => run.listening()))) {
      assert.equal((await api.get('/resource_classes').expect(200)).body.resource_classes.length, 21);
    }
    for (const run of both) run.signal('SIGTERM');
    assert.deepEqual(await Promise.all(both.map((run) => run.ended())), [0, 0]);
  });

  it('rejects a schema that is newer than the program', async () => {
    const connection = await createTestDatabase();
    await sql(connection, "insert into knex_migrations (name, batch) values ('29990101000000_later.js', 9)");
    const { code, errors } = await runToEnd(['--port', '0'], { OS_PLACEMENT_DATABASE__CONNECTION: connection });
    assert.equal(code, 1);
    assert.match(errors, /newer than this program: it has 29990101000000_later\.js/);
    assert.doesNotMatch(errors, /\n\s+at /);
  });

  it('gives up, with the reason, when the database does not let it in', async () => {
    const url = new URL(await createEmptyDatabase());
    url.password = 'wrong';
    const { code, errors } = await runToEnd(['--port', '0'], { OS_PLACEMENT_DATABASE__CONNECTION: url.toString() });
    assert.equal(code, 1);
    assert.match(errors, /cannot be used: password authentication failed/);
    assert.doesNotMatch(errors, /\n\s+at |wrong/);
  });
});

describe('the command line', () => {
  after(cleanUp);

  it('explains itself with --help: five options to begin with, the others by section, in 100 columns', async () => {
    const { code, output, errors } = await runToEnd(['--help']);
    assert.deepEqual([code, errors], [0, '']);
    const [, first = ''] = /\nOptions to begin with:\n([^]*?)\n\n/.exec(output) ?? [];
    assert.deepEqual(
      first.match(/^ {2}\S.*/gm)?.map((line) => line.trim()),
      [
        '--config-file FILE',
        'OS_PLACEMENT_DATABASE__CONNECTION=URL',
        '--host ADDRESS',
        '--port PORT',
        '--data-dir FOLDER',
      ],
    );
    assert.match(
      output,
      /\n\[stockroom\]\n {2}The service and its process\.\n\n {2}--host ADDRESS, host = ADDRESS {2}\(STOCKROOM_HOST, OS_STOCKROOM__HOST\)\n/,
    );
    for (const { group, name } of Object.values(OPTIONS)) {
      assert.match(output, new RegExp(`\\n\\[${group}\\]\\n[^]*[ ,]${name} = `), `[${group}] ${name}`);
    }
    const tooLong = output.split('\n').filter((line) => line.length > 100 && !/^ {2}[a-z-]/.test(line));
    assert.deepEqual(tooLong, []);
  });

  it('rejects what it does not know or cannot use, naming source, option, expectation and value', async () => {
    const file = path.join(await temporaryFolder(), 'placement.conf');
    writeFileSync(file, '[placement_database]\nmax_pool_size = many\n');
    const cases: [string[], Record<string, string>, RegExp][] = [
      [['--prot', '1'], {}, /^Unknown option '--prot'\. Did you mean --port\?\nSee --help for the options\.\n$/],
      [['policy', 'check', '--al'], {}, /^Unknown option '--al'\. Did you mean --all\?\n/],
      [['policy', 'check', '--all'], {}, /^Unknown option '--all' of policy check\.\n/],
      [['--port'], {}, /^--port needs a value: --port VALUE or --port=VALUE\.\nSee --help/],
      [['--json=3', 'config', 'show'], {}, /^--json takes no value, got '3'\.\nSee --help/],
      [['extra'], {}, /^Unknown command 'extra'\.\nSee --help for the commands\.\n$/],
      [['servee'], {}, /^Unknown command 'servee'\. Did you mean serve\?\n/],
      [
        ['--port', '70000'],
        {},
        /^--port: option port of \[stockroom\]: expected a whole number from 0 to 65535, got "70000"/,
      ],
      [[], { STOCKROOM_PORT: 'http' }, /^STOCKROOM_PORT: option port .*got "http"/],
      [
        [],
        { OS_API__AUTH_STRATEGY: 'keyston' },
        /^OS_API__AUTH_STRATEGY: option auth_strategy of \[api\]: expected one of keystone, noauth2/,
      ],
      [
        [],
        { OS_PLACEMENT_DATABASE__CONNECTION: 'mysql://u:secret@h/d' },
        /^OS_PLACEMENT_DATABASE__CONNECTION: .*not shown.*create an empty PostgreSQL/,
      ],
      [['--config-file', file], {}, new RegExp(`^${file}:2: option max_pool_size of \\[placement_database\\].*"many"`)],
      [['--config-file', `${file}.old`], {}, /placement\.conf\.old cannot be read/],
      [['--log-file', '/nowhere/a.log'], {}, /^The log cannot be written .*log_file.*ENOENT/],
    ];
    for (const [args, env, message] of cases) {
      const { code, output, errors } = await runToEnd(args, env);
      assert.deepEqual([code, output], [/See --help/.test(errors) ? 2 : 1, ''], String(message));
      assert.match(errors, message);
      assert.doesNotMatch(errors, /\n\s+at |secret/);
    }
  });

  it('asks for an authentication strategy before it listens where others can reach it', async () => {
    const rejected = await runToEnd(['--port', '0', '--host', '0.0.0.0']);
    assert.equal(rejected.code, 1);
    assert.match(rejected.errors, /OS_API__AUTH_STRATEGY=noauth2/);
    const run = startProcess(['--port', '0', '--host', '0.0.0.0'], {
      OS_API__AUTH_STRATEGY: 'noauth2',
      OS_PLACEMENT_DATABASE__CONNECTION: await createTestDatabase(),
    });
    await run.listening();
    run.signal('SIGTERM');
    assert.equal(await run.ended(), 0);
  });

  it('says in one sentence that the data folder cannot be used', async () => {
    const file = path.join(await temporaryFolder(), 'file');
    writeFileSync(file, '');
    const { code, output, errors } = await runToEnd(['--port', '0', '--data-dir', path.join(file, 'data')]);
    assert.deepEqual([code, output], [1, '']);
    assert.match(
      errors,
      /^The data folder \S+\/file\/data cannot be used: ENOTDIR.*Choose another with --data-dir.*\.\n$/,
    );
  });

  it('says so when the port is in use', async () => {
    const other = net.createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as net.AddressInfo;
    const connection = await createEmptyDatabase();
    const { code, errors } = await runToEnd(['--port', String(port)], {
      OS_PLACEMENT_DATABASE__CONNECTION: connection,
    });
    other.close();
    assert.equal(code, 1);
    assert.match(errors, new RegExp(`port ${port} of 127.0.0.1 is in use; choose another with --port`));
    assert.deepEqual(
      await sql(connection, "select from pg_tables where schemaname = 'public'"),
      [],
      'nothing was migrated',
    );
    assert.doesNotMatch(errors, /\n\s+at /);
  });
});

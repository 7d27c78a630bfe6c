import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { defaultConfig, OPTIONS } from '../../src/config/options.js';
import { loadConfig } from '../../src/config/load.js';
import { createEmptyDatabase, createTestDatabase, sql } from '../support/database.js';
import { cleanUp, ROOT, runToEnd, startProcess, temporaryFolder } from '../support/process.js';

const at = (connection: string) => ({ OS_PLACEMENT_DATABASE__CONNECTION: connection });

describe('the commands of operators', () => {
  after(cleanUp);

  it('db sync makes the schema, silently and as often as one likes; db version says which it is', async () => {
    const env = at(await createEmptyDatabase());
    assert.deepEqual(await runToEnd(['db', 'version'], env), { code: 0, output: 'None\n', errors: '' });
    for (let i = 0; i < 2; i++) {
      assert.deepEqual(await runToEnd(['db', 'sync'], env), { code: 0, output: '', errors: '' });
    }
    const { code, output } = await runToEnd(['db', 'version'], env);
    assert.equal(code, 0);
    assert.match(output, /^\d{14}_\w+\n$/);
  });

  it('sync_on_startup = false leaves the schema alone and says what to do', async () => {
    const connection = await createEmptyDatabase();
    const env = { ...at(connection), OS_PLACEMENT_DATABASE__SYNC_ON_STARTUP: 'false' };
    const { code, errors } = await runToEnd(['--port', '0'], env);
    assert.equal(code, 1);
    assert.match(errors, /not up to date .*sync_on_startup is false\. Run `stockroom db sync`/);
    assert.deepEqual(await sql(connection, "select from pg_tables where schemaname = 'public'"), []);
    assert.equal((await runToEnd(['db', 'sync'], env)).code, 0);
    await sql(connection, "delete from traits where name = 'HW_CPU_X86_AVX2'");
    const run = startProcess(['--port', '0'], env);
    const { api } = await run.listening();
    await api.get('/traits/HW_CPU_X86_AVX2').expect(204);
    run.signal('SIGTERM');
    assert.equal(await run.ended(), 0);
  });

  it('gives up on a database that is away after max_retries', async () => {
    const env = {
      ...at('postgresql://u:hunter2@127.0.0.1:1/d'),
      OS_PLACEMENT_DATABASE__MAX_RETRIES: '1',
      OS_PLACEMENT_DATABASE__RETRY_INTERVAL: '1',
    };
    const served = await runToEnd(['serve', '--port', '0'], env);
    assert.deepEqual([served.code, served.output.match(/Trying again in 1 s/g)?.length], [1, 1]);
    assert.match(served.errors, /Given up after 1 more attempts/);
    const synced = await runToEnd(['db', 'sync'], env);
    assert.equal(synced.code, 1);
    assert.match(synced.errors, /^The database at postgresql:\/\/u@127\.0\.0\.1:1\/d cannot be used: .*ECONNREFUSED/);
    assert.equal((await runToEnd(['status', 'upgrade', 'check'], env)).code, 255);
  });

  it('says that the connection is missing instead of making a database', async () => {
    const folder = path.join(await temporaryFolder(), 'data');
    const { code, errors } = await runToEnd(['db', 'sync', '--data-dir', folder]);
    assert.equal(code, 1);
    assert.match(errors, /connection is missing/);
  });

  it('db online_data_migrations finds nothing to do, in the words of upstream', async () => {
    const env = at(await createTestDatabase());
    const table = `+-----------------------------+-------------+-----------+
|          Migration          | Total Found | Completed |
+-----------------------------+-------------+-----------+
|    set_root_provider_ids    |      0      |     0     |
| create_incomplete_consumers |      0      |     0     |
+-----------------------------+-------------+-----------+
`;
    const command = ['db', 'online_data_migrations'];
    assert.deepEqual(await runToEnd(command, env), {
      code: 0,
      output: `Running batches of 50 until complete\n${table}`,
      errors: '',
    });
    assert.equal((await runToEnd([...command, '--max-count', '5'], env)).output, table);
    for (const count of ['0', '-1', 'x']) {
      const { code, output } = await runToEnd([...command, '--max-count', count], env);
      assert.deepEqual([code, output], [127, 'Must supply a positive value for max_count\n'], count);
    }
  });

  it('status upgrade check responds with a table or JSON, and the worst result', async () => {
    const folder = await temporaryFolder();
    const env = at(await createTestDatabase());
    const { code, output } = await runToEnd(['status', 'upgrade', 'check'], env);
    assert.equal(code, 0);
    const rule = `+${'-'.repeat(43)}+`;
    assert.ok(
      output.startsWith(
        `${rule}\n| Upgrade Check Results                     |\n${rule}\n| Check: Missing Root Provider IDs `,
      ),
    );
    assert.equal(output.match(/Result: Success/g)?.length, 3);
    writeFileSync(path.join(folder, 'policy.yaml'), '{}');
    writeFileSync(path.join(folder, 'placement.conf'), '');
    const config = ['--config-file', path.join(folder, 'placement.conf')];
    const json = await runToEnd([...config, 'status', 'upgrade', 'check', '--json'], env);
    const report = JSON.parse(json.output) as {
      name: string;
      checks: { check: string; result: number; details: string }[];
    };
    assert.deepEqual(
      [json.code, report.name, report.checks.map(({ result }) => result)],
      [2, 'Upgrade Check Results', [0, 0, 2]],
    );
    assert.match(
      (await runToEnd([...config, 'status', 'upgrade', 'check'], env)).output,
      /Result: Failure[^]*\n\| {3}\S/,
    );
    assert.equal((await runToEnd(['status', 'upgrade', 'check'], at(await createEmptyDatabase()))).code, 255);
  });

  it('policy check validates the files, policy sample prints one', async () => {
    const folder = await temporaryFolder();
    writeFileSync(
      path.join(folder, 'placement.conf'),
      `[oslo_policy]\npolicy_file = rules.yaml\npolicy_dirs = ${folder}/policy.d\n`,
    );
    const check = ['policy', 'check', '--config-file', path.join(folder, 'placement.conf')];
    assert.equal((await runToEnd(check)).code, 0);
    const sample = await runToEnd(['policy', 'sample']);
    assert.equal(sample.code, 0);
    writeFileSync(path.join(folder, 'rules.yaml'), sample.output.replaceAll(/^#"/gm, '"'));
    const { output } = await runToEnd(check);
    assert.match(output, /rules\.yaml; errors: 0/);
    const shown = await runToEnd(['config', 'show', ...check.slice(2)]);
    assert.ok(shown.output.endsWith(`\n# ${output.split(';')[0]}\n`), 'config show names the same files');
    writeFileSync(path.join(folder, 'rules.yaml'), '"placement:usages": "role:admin or"\n');
    const { code, errors } = await runToEnd(check);
    assert.equal(code, 1);
    assert.match(errors, /rules\.yaml:1:\d+: error: rule placement:usages/);
  });

  it('config sample has every option with its default, and is a configuration file', async () => {
    const { code, output } = await runToEnd(['config', 'sample']);
    assert.equal(code, 0);
    const file = path.join(await temporaryFolder(), 'placement.conf');
    // What has no value in it keeps its default: an empty value of the environment or a file is another.
    const [fixed = '', named = ''] = output.split(/(?=^#\[list_bucket:NAME\])/m);
    assert.match(named, /^#endpoint =\n/m);
    writeFileSync(file, fixed.replaceAll(/^#(\w+ = )/gm, '$1'));
    const { config, origins, warnings } = loadConfig(
      { flags: new Map(), given: [{ kind: 'file', path: file }] },
      { env: {} },
    );
    const { configFiles, ...defaults } = defaultConfig();
    assert.deepEqual([warnings, configFiles], [[], []]);
    assert.deepEqual({ ...config, configFiles: undefined }, { ...defaults, configFiles: undefined });
    assert.ok(origins.size > 40, String(origins.size));
    for (const { name } of Object.values(OPTIONS)) assert.match(output, new RegExp(`^#${name} =`, 'm'));
  });

  it('go on to their end when their reader has gone', async () => {
    const child = spawn(process.execPath, [path.join(ROOT, 'dist/main.js'), 'config', 'sample']);
    child.stdout.destroy();
    let errors = '';
    child.stderr.on('data', (bytes: Buffer) => (errors += bytes.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    assert.deepEqual({ code, errors }, { code: 0, errors: '' });
  });

  it('lists work says of a failure that no code handles what it is: a rejection does not end it, an exception does', async () => {
    const run = startProcess(['lists', 'work'], {
      ...at(await createTestDatabase()),
      NODE_OPTIONS: `--require=${path.join(ROOT, 'test/support/cause-accidents.cjs')}`,
      ACCIDENTS: 'rejection,exception',
    });
    await run.printed(/Doing the runs/);
    process.kill(run.pid, 'SIGUSR2');
    await run.logged(/the rejection of a test.*the process goes on"/);
    process.kill(run.pid, 'SIGUSR2');
    assert.equal(await run.ended(), 1);
    assert.match(run.errors(), /"level":"fatal".*the exception of a test/);
  });

  it('takes --help everywhere and --version, and returns 2 for what makes no sense', async () => {
    const help = await runToEnd(['--help']);
    for (const verb of [
      'serve',
      'db sync',
      'db version',
      'db online_data_migrations',
      'status upgrade check',
      'import',
      'config show',
      'config sample',
      'doctor',
      'policy check',
      'policy sample',
    ]) {
      assert.ok(help.output.includes(`\n  ${verb} `), verb);
      const { code, output } = await runToEnd([...verb.split(' '), '-h']);
      assert.equal(code, 0);
      assert.ok(output.startsWith(`Usage: stockroom ${verb} `), verb);
    }
    assert.match((await runToEnd(['--version'])).output, /^\d+\.\d+\.\d+\n$/);
    const codes: [string[], number][] = [
      [['db'], 0],
      [['db', 'drop'], 2],
      [['status', 'upgrade'], 2],
      [['db', 'sync', '--json'], 2],
      [['--nonsense'], 2],
    ];
    for (const [args, expected] of codes) assert.equal((await runToEnd(args)).code, expected, args.join(' '));
  });

  it('goes by the names of the tools of upstream', async () => {
    const folder = await temporaryFolder();
    const env = { PATH: process.env['PATH'], ...at(await createTestDatabase()) };
    const run = (name: string, ...args: string[]) =>
      new Promise<[number, string]>((resolve) => {
        execFile(process.execPath, [path.join(folder, name), ...args], { env, cwd: os.tmpdir() }, (error, output) => {
          resolve([typeof error?.code === 'number' ? error.code : 0, output]);
        });
      });
    const { bin } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
      bin: Record<string, string>;
    };
    for (const [name, file] of Object.entries(bin)) symlinkSync(path.join(ROOT, file), path.join(folder, name));
    assert.equal((await run('placement-manage'))[0], 1);
    assert.equal((await run('placement-manage', 'db'))[0], 0);
    assert.match((await run('placement-manage', '--debug', 'db', 'version'))[1], /^\d{14}_\w+\n$/);
    assert.equal((await run('placement-manage', 'serve'))[0], 2);
    assert.equal((await run('placement-status'))[0], 2);
    assert.equal((await run('placement-status', 'upgrade'))[0], 2);
    assert.match((await run('placement-status', 'upgrade', 'check'))[1], /Upgrade Check Results/);
  });
});

describe('the placement.conf of an existing cloud', () => {
  after(cleanUp);

  async function files(connection: string): Promise<{ main: string; more: string }> {
    const folder = await temporaryFolder();
    const [main, more] = [path.join(folder, 'placement.conf'), path.join(folder, 'override.conf')];
    writeFileSync(
      main,
      `[DEFAULT]
# Managed by the deployment tool
debug = True
log_dir = ${folder}/log
state_path = /var/lib/placement
default_log_levels = routes=INFO,
    sqlalchemy=WARN,
    keystonemiddleware=WARN
internal_ip = 127.0.0.1

[api]
auth_strategy = keystone

[keystone_authtoken]
www_authenticate_uri = http://$internal_ip:5000
auth_url = http://\${DEFAULT.internal_ip}:5000
memcached_servers = 127.0.0.1:11211
memcache_security_strategy = ENCRYPT
memcache_secret_key = hunter2
auth_type = password
project_domain_name = Default
user_domain_name = Default
project_name = service
username = placement
password = "hunter2=:#x"

[placement_database]
connection : ${connection.replace('postgresql:', 'postgresql+psycopg2:')}?charset=utf8
max_pool_size = 5
max_overflow = 5
connection_recycle_time = 280
mysql_sql_mode = TRADITIONAL

[placement]
randomise_allocation_candidates = true

[oslo_policy]
policy_dirs = policy.d
policy_dirs = more.d

[oslo_messaging_rabbit]
rabbit_ha_queues = true
`,
    );
    writeFileSync(more, '[api]\nauth_strategy = noauth2\n[stockroom]\nport = 0\n');
    return { main, more };
  }

  it('is read as it is', async () => {
    const connection = await createTestDatabase();
    const { main, more } = await files(connection);
    const args = ['--config-file', main, '--config-file', more];
    const shown = await runToEnd([...args, 'config', 'show', '--all']);
    assert.equal(shown.code, 0);
    assert.equal(
      shown.errors,
      `Warning: ${main}:35: [placement] has no option randomise_allocation_candidates, so it has no effect; did you mean randomize_allocation_candidates?\n`,
    );
    assert.doesNotMatch(shown.output, /hunter2/);
    assert.ok(!shown.output.includes(new URL(connection).password), 'the password of the database is masked');
    for (const line of [
      /^password = \*\*\* +# .*placement\.conf:25$/m,
      /^auth_url = http:\/\/127\.0\.0\.1:5000 +# .*placement\.conf:16$/m,
      /^auth_strategy = noauth2 +# .*override\.conf:2$/m,
      /^connection = postgresql:\/\/stockroom:\*\*\*@127.* {2}# .*placement\.conf:28$/m,
      /^policy_dirs = policy\.d, more\.d +# /m,
      /^interface = internal +# default$/m,
      /^# \[placement\] allocation_conflict_retry_count\n# {5}claims wait/m,
    ]) {
      assert.match(shown.output, line);
    }
  });

  it('serves, and says which files it has read', async () => {
    const { main, more } = await files(await createTestDatabase());
    const folder = path.dirname(main);
    const run = startProcess(['--config-file', main, '--config-file', more, '--log-dir', folder]);
    const { api } = await run.listening();
    await api.get('/resource_providers').expect(200);
    assert.ok(run.output().includes(`\nConfiguration: ${main}, ${more}\n`));
    assert.match(run.errors(), /^Warning: .*randomise/);
    run.signal('SIGTERM');
    assert.equal(await run.ended(), 0);
    const log = readFileSync(path.join(folder, 'placement.log'), 'utf8');
    assert.match(log, /"keystone_authtoken\.password":"\*\*\*"/);
    assert.doesNotMatch(log, /hunter2/);
  });
});

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { ConfigError } from '../../../src/config/error.js';
import { loadConfig, readConfig } from '../../../src/config/load.js';
import { readArguments } from '../../../src/config/arguments.js';
import { substitute } from '../../../src/config/substitute.js';

describe('where an option is said', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'stockroom-config-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });
  function write(name: string, text: string): string {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }
  const load = (argv: string[], env: Record<string, string> = {}) =>
    loadConfig(readArguments(argv), { env: { HOME: folder, ...env } });
  const search = (argv: string[]) => loadConfig(readArguments(argv), { env: { HOME: folder }, search: true });

  it('matters: flag, environment, later file, earlier file, default', () => {
    const one = write('1.conf', '[stockroom]\nport = 1\nhost = a\naudit_interval = 7\n');
    const two = write('2.conf', '[stockroom]\nport = 2\nhost = b\n');
    const files = ['--config-file', one, '--config-file', two];
    const loaded = load([...files, '--port', '4'], { STOCKROOM_PORT: '3', OS_STOCKROOM__HOST: 'c' });
    const { port, host, auditInterval, journalRetention } = loaded.config;
    assert.deepEqual([port, host, auditInterval, journalRetention], [4, 'c', 7, 600]);
    assert.deepEqual(
      ['port', 'host', 'auditInterval', 'journalRetention'].map((key) => loaded.origins.get(key)),
      ['--port', 'OS_STOCKROOM__HOST', `${one}:4`, undefined],
    );
    assert.equal(load(files).config.port, 2);
  });

  it('of the log may be taken back by a later file', () => {
    const handedOver = write('1.conf', '[DEFAULT]\nlog_dir = /var/log/placement\nlog_file = placement.log\n');
    const ours = write('2.conf', '[DEFAULT]\nlog_dir =\nlog_file =\n');
    const { logDir, logFile } = load(['--config-file', handedOver, '--config-file', ours]).config;
    assert.deepEqual([logDir, logFile], [null, null]);
  });

  it('may be a number or a boolean on an indented line below its name, as oslo.config reads it', () => {
    const file = write('1.conf', '[stockroom]\nport =\n    8123\ndocs =\n  False\n');
    const { port, docs } = load(['--config-file', file]).config;
    assert.deepEqual([port, docs], [8123, false]);
  });

  it('matters in the order of --config-file and --config-dir, each folder sorted', () => {
    write('d/20.conf', '[stockroom]\nport = 20\n');
    write('d/10.conf', '[stockroom]\nport = 10\n');
    write('d/30.txt', 'no configuration');
    const file = write('1.conf', '[stockroom]\nport = 1\n');
    const inFolder = ['--config-dir', path.join(folder, 'd')];
    assert.equal(load(['--config-file', file, ...inFolder]).config.port, 20);
    assert.equal(load([...inFolder, '--config-file', file]).config.port, 1);
    assert.deepEqual(load(inFolder).config.configDirs, [path.join(folder, 'd')]);
  });

  it('is the usual places when none is named, for those programs that search', () => {
    const inHome = write('placement.conf', '[stockroom]\nport = 2\n');
    assert.deepEqual(search([]).config.configFiles.slice(0, 1), [inHome]);
    const file = write('.placement/placement.conf', '[stockroom]\nport = 1\n');
    const more = write('.placement/placement.conf.d/9.conf', '[stockroom]\nhost = h\n');
    assert.deepEqual(search([]).config.configFiles, [file, more]);
    assert.deepEqual(load([]).config.configFiles, []);
    const chosen = write('chosen/placement.conf', '');
    assert.deepEqual(load([], { OS_PLACEMENT_CONFIG_DIR: path.dirname(chosen) }).config.configFiles, [chosen]);
    assert.throws(
      () => load([], { OS_PLACEMENT_CONFIG_DIR: path.join(folder, 'none') }),
      /placement\.conf cannot be read/,
    );
    assert.deepEqual(load(['--config-file', chosen]).config.configFiles, [chosen]);
  });

  it('may be an older name, and several lines for an option that is repeated', () => {
    const file = write(
      'a.conf',
      '[DEFAULT]\nauth_strategy = noauth2\n[Oslo_Policy]\npolicy_dirs = a\npolicy_dirs = b\n[oslo_middleware]\nmax_request_body_size = 2048\n',
    );
    const { config, warnings } = load(['--config-file', file]);
    assert.deepEqual(
      [config.authStrategy, config.policyDirs, config.maxRequestBody, warnings],
      ['noauth2', ['a', 'b'], 2048, []],
    );
  });

  it('is named when the value cannot be used, with what was expected and what came', () => {
    const file = write('a.conf', '[DEFAULT]\n\n[placement]\nrandomize_allocation_candidates = perhaps\n');
    assert.throws(
      () => load(['--config-file', file]),
      (error: Error) =>
        error instanceof ConfigError &&
        error.message ===
          `${file}:4: option randomize_allocation_candidates of [placement]: expected true or false, got "perhaps".`,
    );
    for (const url of ['mysql+pymysql://u:hunter2@h/d', 'sqlite:////x/hunter2.db']) {
      assert.throws(
        () => load([], { OS_PLACEMENT_DATABASE__CONNECTION: url }),
        (error: Error) =>
          /in PostgreSQL and cannot use (mysql|sqlite)/.test(error.message) && !error.message.includes('hunter2'),
      );
    }
  });

  it('is named, with the nearest name, when the option is unknown', () => {
    const file = write(
      'a.conf',
      '[placement]\nrandomise_allocation_candidates = true\nconnection = x\n[plaecment]\na = 1\n' +
        '[oslo_messaging_notifications]\ndriver = noop\n[placement_database]\nslave_connection = x\nmysql_sql_mode = X\n' +
        '[DEFAULT]\nmy_host = h\n[stockroom]\nhost = $my_host\n',
    );
    const { warnings, config } = load(['--config-file', file], {
      OS_PLACEMENT_DATABASE__MAX_POOL_SIEZ: '1',
      OS_TOKEN: 'x',
    });
    assert.deepEqual(warnings, [
      `${file}:2: [placement] has no option randomise_allocation_candidates, so it has no effect; did you mean randomize_allocation_candidates?`,
      `${file}:3: [placement] has no option connection, so it has no effect; it belongs to [placement_database]`,
      `${file}:5: there is no section [plaecment], so a has no effect; did you mean [placement]?`,
      'OS_PLACEMENT_DATABASE__MAX_POOL_SIEZ: [placement_database] has no option max_pool_siez, so it has no effect; did you mean max_pool_size?',
    ]);
    assert.equal(config.host, 'h');
  });

  it('may refer to other options, in files and the environment, but not in a cycle', () => {
    const file = write(
      'a.conf',
      '[DEFAULT]\nhost = 10.0.0.1\nsecret = p\n[placement_database]\nuser = me\nconnection = postgresql://$user:${secret}\\$$$@${DEFAULT.host}/${stockroom.data_dir}\n' +
        '[stockroom]\nhost = $host\n',
    );
    const read = (env: Record<string, string>) =>
      readConfig({ argv: ['--config-file', file], env: { HOME: folder, ...env } });
    assert.equal(
      read({ OS_STOCKROOM__DATA_DIR: 'x', OS_STOCKROOM__HOST: 'h' }).connection,
      'postgresql://me:p$$@10.0.0.1/x',
    );
    assert.throws(() => read({}), /a\.conf:8: option host of \[stockroom\]: the options .* refer to each other/);
    assert.throws(
      () => read({ OS_KEYSTONE_AUTHTOKEN__PASSWORD: 'hunter$two', OS_STOCKROOM__HOST: 'h' }),
      (error: Error) =>
        /^OS_KEYSTONE_AUTHTOKEN__PASSWORD: .*write \$\$/.test(error.message) && !/hunter|two/.test(error.message),
    );
  });

  it('understands the URLs and arguments of SQLAlchemy', () => {
    const connection = (url: string, parameters = '') =>
      load([], { OS_PLACEMENT_DATABASE__CONNECTION: url, OS_PLACEMENT_DATABASE__CONNECTION_PARAMETERS: parameters })
        .config.connection;
    assert.equal(connection('postgresql+psycopg2://u:p%40@h/d?charset=utf8'), 'postgresql://u:p%40@h/d');
    assert.equal(
      connection('postgresql+psycopg://u@h:5433/d?sslmode=prefer'),
      'postgresql://u@h:5433/d?sslmode=prefer',
    );
    assert.equal(
      connection('postgresql://u@h/d', 'sslmode=require&application_name=x'),
      'postgresql://u@h/d?sslmode=require&application_name=x',
    );
  });
});

describe('references with a dollar sign', () => {
  const values: Record<string, string> = { a: '1', 'g.a': '2' };
  const lookup = (section: string | null, name: string) => values[section === null ? name : `${section}.${name}`];

  it('are replaced as oslo.config replaces them', () => {
    const cases = [
      ['$a ${a} $g.a ${g.a}', '1 1 2 2'],
      ['$$a \\$a $', '$a $a $'],
      ['$1 $% $-a', '$1 $% $-a'],
      ['$a.example', '1.example'],
    ];
    for (const [text = '', expected] of cases) assert.equal(substitute(text, lookup), expected);
  });

  it('throw nothing but the clear error, whatever the text', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.constantFrom('$', '{', '}', '\\', 'a', '.', 'g'))), (pieces) => {
        try {
          substitute(pieces.join(''), lookup);
        } catch (error) {
          assert.ok(error instanceof ConfigError);
        }
      }),
    );
  });
});

import assert from 'node:assert/strict';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { blocksOf } from '../../scripts/check-install/page.js';
import { INSTALL } from '../../scripts/check-install/steps.js';
import { createEmptyDatabase, sql } from '../support/database.js';
import { sectionOf } from '../support/documents.js';
import { SERVICE_PASSWORD, startKeystone, type FakeKeystone } from '../support/keystone.js';
import { createPlacementSource } from '../support/placement-source.js';
import { cleanUp, ROOT, temporaryFolder } from '../support/process.js';
import { until } from '../support/until.js';

const run = promisify(execFile);

/**
 * docs/how-to/replace-placement.md, followed word by word; folders, ports and the database are ours, and programs that need a
 * Debian of its own have stand-ins. `npm run test:install` follows it without them.
 */
describe('the page on replacing a Placement', () => {
  const read = (name: string) => readFileSync(path.join(ROOT, 'docs/how-to', name), 'utf8');
  const page = read('replace-placement.md');
  const OLD_URL = 'http://controller.example:8778';
  let keystone: FakeKeystone;
  let folder: string;
  let old: string;
  let database: string;
  let token: string;
  let service: ChildProcess | null = null;
  let url = '';
  let [output, errors] = ['', ''];

  before(async () => {
    keystone = await startKeystone();
    token = keystone.issue();
    folder = await temporaryFolder();
    old = await createPlacementSource();
    await addProvider(1);
    database = await createEmptyDatabase();
    mkdirSync(path.join(folder, 'placement'));
    writeFileSync(
      path.join(folder, 'placement/placement.conf'),
      placementConf(keystone.url, old, path.join(folder, 'placement-log')),
    );
    mkdirSync(path.join(folder, 'placement-log'));
    writeFileSync(path.join(folder, 'placement/policy.yaml'), '"placement:traits:list": "role:admin"\n');
    mkdirSync(path.join(folder, 'placement/policy.d'));
    writeFileSync(path.join(folder, 'placement/policy.d/10.yaml'), '"placement:traits:show": "role:admin"\n');
    mkdirSync(path.join(folder, 'bin'));
    for (const [name, script] of Object.entries(STAND_INS))
      writeFileSync(path.join(folder, 'bin', name), `#!/bin/bash\n${script}`, { mode: 0o755 });
    for (const name of ['systemd', 'stockroom', 'lib/node_modules'])
      mkdirSync(path.join(folder, name), { recursive: true });
    symlinkSync(ROOT, path.join(folder, 'lib/node_modules/stockroom'));
    writeFileSync(path.join(folder, 'admin-openrc'), 'ADDRESS=controller.example\n');
    // The page on installing, up to where this one begins.
    const before = blocksOf(read('install.md'), INSTALL).find(({ commands }) =>
      commands.includes('> /etc/stockroom/stockroom.conf'),
    );
    await run('bash', ['-euc', ours(before?.commands ?? '')], { env: env() });
    writeFileSync(path.join(folder, 'endpoints'), ['e1', 'e2', 'e3'].map((id) => `${id} ${OLD_URL}\n`).join(''));
  });
  after(async () => {
    service?.kill('SIGKILL');
    await keystone.stop();
    await cleanUp();
  });

  const addProvider = (id: number) =>
    sql(
      old,
      `insert into resource_providers (id, uuid, name, generation, root_provider_id)
       values (${id}, '00000000-0000-4000-8000-00000000000${id}', 'compute-${id}', 1, ${id})`,
    );
  const providers = async () =>
    (await sql<{ name: string }>(database, 'select name from resource_providers order by id')).map(({ name }) => name);
  const endpoints = () => readFileSync(path.join(folder, 'endpoints'), 'utf8');
  const env = () => ({
    PATH: `${path.join(folder, 'bin')}:${process.env['PATH'] ?? ''}`,
    HOME: folder,
    npm_config_prefix: folder,
    STOCKROOM: path.join(ROOT, 'dist/main.js'),
    FAKE_SYSTEMD: path.join(folder, 'systemctl'),
    FAKE_TOKEN: token,
    FAKE_ENDPOINTS: path.join(folder, 'endpoints'),
  });

  /** The commands below a heading, with our folders and addresses in the place of the page's. */
  function commands(heading: string): string {
    const blocks = [...sectionOf(page, heading).matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, block]) => block ?? '');
    assert.ok(blocks.length > 0, `there are commands below ${heading}`);
    return ours(blocks.join('echo next\n'));
  }

  function ours(text: string): string {
    return text
      .replaceAll('/etc/stockroom', path.join(folder, 'stockroom'))
      .replaceAll('/etc/placement', path.join(folder, 'placement'))
      .replaceAll('/etc/systemd/system', path.join(folder, 'systemd'))
      .replaceAll('/root/admin-openrc', path.join(folder, 'admin-openrc'))
      .replaceAll('root:stockroom', `${String(process.getuid?.())}:${String(process.getgid?.())}`)
      .replaceAll('postgresql://stockroom:$DB_PASSWORD@127.0.0.1:5432/stockroom', database)
      .replaceAll('port = 8779', 'port = 0')
      .replaceAll('http://127.0.0.1:8779', url);
  }

  async function follow(heading: string): Promise<string> {
    // One shell, as the reader has one: it has the variables of earlier commands.
    const variables = commands('Hand over the configuration')
      .split('\n')
      .filter((line) => /^[A-Z]+=/.test(line));
    const script = `. ${path.join(folder, 'admin-openrc')}\n${variables.join('\n')}\n${commands(heading)}`;
    const { stdout } = await run('bash', ['-euc', script], { cwd: folder, env: env() });
    return stdout;
  }

  it('hands over the configuration, which then only root and the service can read', async () => {
    const doctor = await follow('Hand over the configuration');
    for (const name of ['placement.conf', 'policy.yaml', 'policy.d/10.yaml', 'stockroom.conf']) {
      assert.equal(statSync(path.join(folder, 'stockroom', name)).mode & 0o777, 0o640, name);
    }
    assert.match(doctor, /\nThe service can work; failures: 0, /);
    const policy = ['policy.yaml', 'policy.d/10.yaml'].map((name) => path.join(folder, 'stockroom', name));
    assert.ok(doctor.includes(policy.join(', ')), doctor);
  });

  it('imports the data, after a look at it', async function () {
    const [look = '', done = ''] = (await follow('Import the data')).split('\nnext\n');
    assert.match(look, /^Read postgresql:.*; nothing was written to postgresql:/);
    assert.match(done, /^Imported postgresql:/);
    assert.deepEqual(await providers(), ['compute-1']);
  });

  it('starts with them, on that database', async () => {
    await follow('Start it beside the old one');
    // The first line of the unit that systemd would run.
    const unit = ours(readFileSync(path.join(folder, 'systemd/stockroom.service'), 'utf8'));
    const start = /^ExecStart=(.*)$/m.exec(unit)?.[1] ?? assert.fail(unit);
    const started = spawn('bash', ['-euc', `exec ${start}`], { cwd: folder, env: env() });
    service = started;
    started.stdout.on('data', (text: Buffer) => (output += text.toString()));
    started.stderr.on('data', (text: Buffer) => (errors += text.toString()));
    const hasStarted = () => {
      assert.equal(started.exitCode, null, output + errors);
      return output.includes('\nAuthentication:');
    };
    await until('the service listens', hasStarted, 25_000);
    url = `http://127.0.0.1:${/listens on http:\/\/0\.0\.0\.0:(\d+)$/m.exec(output)?.[1] ?? ''}`;
    assert.ok(output.includes(`\nAuthentication: Keystone at ${keystone.url}`), output);
    const { protocol, username, host, pathname } = new URL(database);
    assert.ok(output.includes(`\nData: ${protocol}//${username}@${host}${pathname}\n`), output);
    assert.ok(!(output + errors).includes(SERVICE_PASSWORD));
  });

  it('lets in the users that Keystone knows, and no others', async () => {
    const [root = '', ...codes] = (await follow('Check before clients use it')).trim().split('\n');
    const { versions } = JSON.parse(root) as { versions: [{ max_version: string }] };
    assert.equal(versions[0].max_version, '1.39');
    assert.deepEqual(codes, ['200', '401', '401']);
    assert.ok(keystone.calls.logins >= 1);
    const logged = () => errors;
    // The line of a request comes after its response.
    await until('each request is in the log', () => logged().match(/"msg":"request"/g)?.length === codes.length + 1);
    const log = logged();
    const statuses = log
      .split('\n')
      .filter((line) => line.includes('"msg":"request"'))
      .map((line) => (JSON.parse(line) as { status: number }).status);
    assert.deepEqual(statuses, [200, 200, 401, 401], 'each request has a line in the log');
    assert.ok(!log.includes(token));
  });

  it('imports what was written meanwhile, while it runs', async function () {
    await addProvider(2);
    assert.match(await follow('Switch over'), /\nRemoved from the target: 1 resource providers\n[^]*\nNo differences /);
    const response = await fetch(`${url}/resource_providers?name=compute-2`, { headers: { 'x-auth-token': token } });
    const { resource_providers: found } = (await response.json()) as { resource_providers: object[] };
    assert.equal(found.length, 1);
  });

  it('points the endpoints here, and back again', async () => {
    const before = endpoints();
    const listed = await follow('Point the endpoints here');
    const now = ['e1', 'e2', 'e3'].map((id) => `${id} http://controller.example:8779\n`).join('');
    assert.equal(endpoints(), now);
    assert.equal(listed, `${now}from http://controller.example:8779\n`);
    assert.equal(await follow('Go back'), `${before}from ${OLD_URL}\n`);
    assert.equal(endpoints(), before);
    assert.deepEqual(readFileSync(path.join(folder, 'systemctl'), 'utf8').trim().split('\n'), [
      'daemon-reload',
      'enable --now stockroom',
      '--no-pager status stockroom',
      'disable --now placement-api',
      'disable --now stockroom',
      'enable --now placement-api',
    ]);
  });

  it('ends well', async () => {
    const started = service;
    assert.ok(started !== null);
    const ended = once(started, 'close');
    started.kill('SIGTERM');
    await ended;
    service = null;
    assert.match(errors, /finishing the requests that have begun/);
    assert.deepEqual(
      readdirSync(path.join(folder, 'placement-log')),
      [],
      'the log is not where the old service has its own',
    );
  });
});

/** As an operator's deployment tool wrote it, with the old database and options that mean nothing here. */
function placementConf(authUrl: string, database: string, logs: string): string {
  return `[DEFAULT]
debug = false
log_dir = ${logs}

[api]
auth_strategy = keystone

[keystone_authtoken]
www_authenticate_uri = http://controller.example:5000/
auth_url = ${authUrl}
memcached_servers = controller.example:11211
auth_type = password
project_domain_name = Default
user_domain_name = Default
project_name = service
username = placement
password = ${SERVICE_PASSWORD}
service_token_roles_required = true

[placement]
randomize_allocation_candidates = true

[placement_database]
connection = ${database.replace('postgresql:', 'postgresql+psycopg2:')}?client_encoding=utf8

[oslo_policy]
policy_file = policy.yaml
`;
}

/** What the page needs of programs that change the system or ask OpenStack. */
const STAND_INS = {
  openstack: `case "$*" in
  'token issue -f value -c id') echo "$FAKE_TOKEN" ;;
  'endpoint list --service placement -f value -c ID -c URL') cat "$FAKE_ENDPOINTS" ;;
  'endpoint set --url '*) sed -i "s#^$5 .*#$5 $4#" "$FAKE_ENDPOINTS" ;;
  'resource provider list') sed -n '1s/^[^ ]*/from/p' "$FAKE_ENDPOINTS" ;;
  *) echo "not the command I stand in for: $*" >&2; exit 2 ;;
esac
`,
  systemctl: 'echo "$*" >> "$FAKE_SYSTEMD"\n',
  runuser: '[[ "$1 $2 $3" == "-u stockroom --" ]] && exec "${@:4}"\n',
  stockroom: 'exec node "$STOCKROOM" "$@"\n',
};

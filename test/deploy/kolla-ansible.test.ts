import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { createTestDatabase, dropTestDatabase } from '../support/database.js';
import { freePorts } from '../support/free-ports.js';
import { cleanUp, ROOT, runToEnd, startProcess, temporaryFolder } from '../support/process.js';
import { until } from '../support/until.js';

const FOLDER = path.join(ROOT, 'deploy/kolla-ansible');
const PROGRAM = ['haproxy', '/usr/sbin/haproxy'].find((name) => spawnSync(name, ['-v']).status === 0);
const HAS_JINJA = spawnSync('python3', ['-c', 'import jinja2']).status === 0;
const WITHOUT = PROGRAM !== undefined && HAS_JINJA ? '' : ' (haproxy or jinja2 of Python is not installed here)';

/** Renders a template as Ansible does, with the filters of Kolla-Ansible that it uses. */
const RENDER = `
import jinja2, json, sys
variables = json.load(sys.stdin)
environment = jinja2.Environment(trim_blocks=True, undefined=jinja2.StrictUndefined)
environment.filters['bool'] = lambda value: str(value).lower() in ('yes', 'true', '1')
environment.filters['kolla_address'] = lambda network, host: variables['addresses'][host]
print(environment.from_string(open(sys.argv[1]).read()).render(variables))
`;

/** What Kolla-Ansible writes for its Placement, in part. */
const KOLLA_PLACEMENT = `[DEFAULT]
debug = False
log_file = /var/log/kolla/placement/placement-api.log
state_path = /var/lib/placement
[oslo_middleware]
enable_proxy_headers_parsing = true
[placement_database]
connection = mysql+pymysql://placement:secret@192.0.2.10:3306/placement
connection_recycle_time = 10
max_overflow = 1000
max_pool_size = 1
max_retries = -1
[cache]
backend = oslo_cache.memcache_pool
enabled = true
[keystone_authtoken]
service_type = placement
www_authenticate_uri = https://192.0.2.9:5000
auth_url = http://192.0.2.10:5000
auth_type = password
project_domain_id = default
user_domain_id = default
project_name = service
username = placement
password = secret
region_name = RegionOne
memcached_servers = 192.0.2.11:11211
`;

describe('the files for Kolla-Ansible', () => {
  after(cleanUp);

  it(`take the port of Placement for a load balancer that believes nothing of what clients claim to be forwarded${WITHOUT}`, async function () {
    if (PROGRAM === undefined || !HAS_JINJA) this.skip();
    const databaseUrl = await createTestDatabase();
    const config = path.join(await temporaryFolder(), 'stockroom.conf');
    fs.writeFileSync(config, '[oslo_middleware]\nenable_proxy_headers_parsing = true\n');
    const env = { OS_PLACEMENT_DATABASE__CONNECTION: databaseUrl };
    const { url } = await startProcess(['--port', '0', '--config-file', config], env).listening();
    const ports = [await freePorts(2)].flatMap((first) => [first, first + 1]);
    assert.equal(
      (parse(fs.readFileSync(path.join(FOLDER, 'globals.yml'), 'utf8')) as object)['enable_placement' as never],
      'no',
    );
    const variables = {
      node_custom_config: '/etc/kolla/config',
      kolla_internal_vip_address: '127.0.0.1',
      kolla_external_vip_address: '127.0.0.1',
      haproxy_enable_external_vip: 'yes',
      kolla_enable_tls_internal: 'no',
      kolla_enable_tls_external: 'no',
      placement_api_port: String(ports[0]),
      placement_api_public_port: String(ports[1]),
      placement_api_listen_port: new URL(url).port,
      groups: { control: ['one', 'two'] },
      hostvars: { one: { ansible_facts: { hostname: 'one' } }, two: { ansible_facts: { hostname: 'two' } } },
      addresses: { one: '127.0.0.1', two: '127.0.0.1' },
    };
    const template = path.join(FOLDER, 'config/haproxy/services.d/stockroom.cfg');
    const rendered = spawnSync('python3', ['-c', RENDER, template], {
      input: JSON.stringify(variables),
      encoding: 'utf8',
    });
    assert.equal(rendered.status, 0, rendered.stderr);
    assert.match(rendered.stdout, /^ {4}server two 127\.0\.0\.1:\d+ check/m);
    const file = path.join(await temporaryFolder(), 'haproxy.cfg');
    fs.writeFileSync(
      file,
      `defaults\n  timeout connect 1s\n  timeout client 1m\n  timeout server 1m\n${rendered.stdout}`,
    );
    const { status, stderr } = spawnSync(PROGRAM, ['-c', '-f', file], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const proxy = spawn(PROGRAM, ['-db', '-f', file], { stdio: 'ignore' });
    const ended = once(proxy, 'exit');
    try {
      for (const port of ports) {
        const at = `http://127.0.0.1:${port}`;
        await until('HAProxy responds', async () => (await fetch(`${at}/readyz`).catch(() => null))?.status === 200);
        const claims = [
          { forwarded: 'proto=https;host=elsewhere.example;for=192.0.2.66' },
          { 'x-forwarded-host': 'elsewhere.example' },
          { 'x-forwarded-proto': 'https' },
          { 'x-forwarded-prefix': '/elsewhere' },
        ];
        for (const [i, claim] of claims.entries()) {
          const response = await fetch(`${at}/resource_providers`, {
            method: 'POST',
            headers: { 'x-auth-token': 'admin', 'content-type': 'application/json', ...claim },
            body: JSON.stringify({ name: `${port}-${i}` }),
          });
          assert.equal(response.status, 201);
          const location = response.headers.get('location') ?? '';
          assert.ok(location.startsWith(`${at}/resource_providers/`), `${JSON.stringify(claim)}: ${location}`);
        }
      }
    } finally {
      proxy.kill('SIGKILL');
      await ended;
      await cleanUp();
      await dropTestDatabase(databaseUrl);
    }
  });

  it("are laid over the placement.conf that Kolla-Ansible wrote: Keystone is Kolla's, the database is not", async () => {
    const file = path.join(await temporaryFolder(), 'placement.conf');
    fs.writeFileSync(file, KOLLA_PLACEMENT);
    const own = path.join(FOLDER, 'hosts/stockroom.conf');
    const { code, output, errors } = await runToEnd(['config', 'show', '--config-file', file, '--config-file', own]);
    assert.equal(code, 0, errors);
    const line = (name: string): string => output.split('\n').find((text) => text.includes(name)) ?? '';
    assert.match(line('connection'), /postgresql:\/\/stockroom:\*+@192\.0\.2\.21/);
    assert.match(line('auth_url'), /http:\/\/192\.0\.2\.10:5000/);
    assert.match(output, /192\.0\.2\.11[^]*8780/);
  });
});

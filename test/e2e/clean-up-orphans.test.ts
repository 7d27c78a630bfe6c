import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { createTestDatabase, dropTestDatabase } from '../support/database.js';
import { age, buildWorld, consumerUuid, hostUuid, occupy } from '../support/orphans.js';
import { cleanUp, ROOT, runToEnd, startProcess, temporaryFolder } from '../support/process.js';
import type { Api } from '../support/service.js';

const CONNECTION = 'OS_PLACEMENT_DATABASE__CONNECTION';
const [ORPHAN, LIVE] = [consumerUuid(1), consumerUuid(3)] as const;

/** docs/how-to/clean-up-orphans.md, and the rest of the command. */
describe('stockroom audit orphans', () => {
  const page = fs.readFileSync(path.join(ROOT, 'docs/how-to/clean-up-orphans.md'), 'utf8');
  const blocks = Array.from(
    page.matchAll(/^```console\n\$ stockroom (.+)\n([^]*?)^```$/gm),
    ([, command = '', output = '']) => ({
      args: command.split(' '),
      output,
    }),
  );
  let connection: string;
  let url: string;
  let api: Api;
  let folder: string;
  const inFolder = (name: string): string => path.join(folder, name);
  /** Names of files are those of the page. */
  const FILES = /^(live|migrations|short|\w+\.jsonl)$/;
  const run = async (args: readonly string[], env: Record<string, string> = { [CONNECTION]: connection }) => {
    const { code, output, errors } = await runToEnd(
      args.map((one) => (FILES.test(one) ? inFolder(one) : one)),
      env,
    );
    const plain = (text: string): string => text.replaceAll(`${folder}/`, '');
    return { code, output: plain(output), errors: plain(errors) };
  };
  const audit = (...args: string[]) => run(['audit', 'orphans', ...args]);
  const had = async () => (await api.get(`/allocations/${ORPHAN}`).expect(200)).body as { allocations: object };

  before(async () => {
    folder = await temporaryFolder();
    connection = await createTestDatabase();
    ({ url, api } = await startProcess(['--port', '0'], { [CONNECTION]: connection }).listening());
    await buildWorld(api, connection);
  });
  after(async () => {
    await cleanUp();
    await dropTestDatabase(connection);
  });

  it('has the commands of the page that make the lists: the real client asks a stand-in for Nova', async function () {
    if (spawnSync('openstack', ['--version']).error !== undefined) {
      this.test!.title += ' [openstack is not installed]';
      fs.writeFileSync(inFolder('live'), `${LIVE}\n${consumerUuid(7)}\n`);
      fs.writeFileSync(inFolder('migrations'), `${consumerUuid(8)}\n`);
      this.skip();
    }
    const commands = /^```sh\n([^]*?)^```$/m.exec(page)?.[1]?.trim().split('\n') ?? [];
    assert.equal(commands.length, 2);
    const nova = await startNova([LIVE, consumerUuid(7)], [consumerUuid(8)]);
    try {
      const env = { PATH: process.env['PATH'], OS_AUTH_TYPE: 'none', OS_ENDPOINT: nova.url };
      // At the same time: the client takes seconds to start.
      await Promise.all(
        commands.map(async (command) => {
          const child = spawn('/bin/sh', ['-c', command], { cwd: folder, env, stdio: 'inherit' });
          assert.deepEqual(await once(child, 'exit'), [0, null], command);
        }),
      );
    } finally {
      nova.close();
    }
    assert.equal(fs.readFileSync(inFolder('live'), 'utf8'), `${LIVE}\n${consumerUuid(7)}\n`);
    assert.equal(fs.readFileSync(inFolder('migrations'), 'utf8'), `${consumerUuid(8)}\n`);
  });

  it('prints what the page says: the report, the deletion, the undo', async () => {
    assert.equal(blocks.length, 4);
    const before = await had();
    const expected = [
      [3, before.allocations],
      [4, {}],
      [0, before.allocations],
    ] as const;
    for (const [i, [code, allocations]] of expected.entries()) {
      const { args, output } = blocks[i]!;
      assert.deepEqual(await run(args), { code, output, errors: '' }, args.join(' '));
      const now = await had();
      assert.deepEqual(resourcesIn(now.allocations), resourcesIn(allocations));
      if (i === 2) assert.deepEqual({ ...now, allocations: {} }, { ...before, allocations: {} });
    }
    await age(connection, '2026-11-20T10:00:00Z');
  });

  it('puts back a consumer without a type, and says which it cannot put back', async () => {
    const old = {
      allocations: { [hostUuid(2)]: { resources: { VCPU: 1 } } },
      project_id: 'p',
      user_id: 'u',
      consumer_generation: null,
    };
    await api.put(`/allocations/${consumerUuid(5)}`, old, '1.36').expect(204);
    await age(connection, '2026-11-20T10:00:00Z');
    const deleted = await audit('--live', 'live', '--save', 'both.jsonl', '--delete', '--yes', '--url', url);
    // The configuration has no token.
    assert.deepEqual([deleted.code, deleted.output], [127, '']);
    const args = ['audit', 'orphans', '--live', 'live', '--save', 'both.jsonl', '--delete', '--yes', '--url', url];
    const again = await run(args, { OS_TOKEN: 'admin' });
    assert.deepEqual([again.code, /Deleted 2 orphans;/.test(again.output), again.errors], [4, true, '']);
    assert.equal(fs.statSync(inFolder('both.jsonl')).mode & 0o077, 0);
    await occupy(api, 1, { [hostUuid(2)]: { VCPU: 2 } });
    const undone = await run(['audit', 'orphans', '--undo', 'both.jsonl', '--url', url], { OS_TOKEN: 'admin' });
    assert.deepEqual([undone.code, undone.output], [1, 'Put back 1 consumer; 1 could not be put back.\n']);
    assert.match(undone.errors, new RegExp(`^${ORPHAN}: .*generation`));
    const { body } = await api.get(`/allocations/${consumerUuid(5)}`).expect(200);
    assert.equal((body as { consumer_type: string }).consumer_type, 'unknown');
    await api.delete(`/allocations/${consumerUuid(5)}`).expect(204);
  });

  it('rejects what looks like a list that was cut off, as the page says', async () => {
    for (const n of [2, 4, 5, 6, 7, 8, 9]) await occupy(api, n, { [hostUuid(2)]: { VCPU: 1 } });
    for (const n of ['a', 'b', 'c'])
      await api
        .put(`/allocations/${ORPHAN.slice(0, -1)}${n}`, {
          allocations: { [hostUuid(2)]: { resources: { VCPU: 1 } } },
          project_id: 'p',
          user_id: 'u',
          consumer_generation: null,
          consumer_type: 'INSTANCE',
        })
        .expect(204);
    await age(connection, '2026-11-20T10:00:00Z');
    fs.writeFileSync(inFolder('short'), `${LIVE}\n`);
    const { args, output } = blocks[3]!;
    assert.deepEqual(await run(args), { code: 1, output: '', errors: output });
    const { code, output: json } = await audit('--live', 'short', '--expect-at-most', '11', '--json');
    assert.deepEqual([code, (JSON.parse(json) as { counts: { orphans: number } }).counts.orphans], [3, 11]);
  });

  it('says with 127 that it was used wrongly, with 1 that it failed, and leaves no file behind', async () => {
    fs.writeFileSync(inFolder('live'), `ID\n${LIVE}\n`);
    const WRONG: [args: string[], code: number, says: RegExp][] = [
      [['--nonsense'], 127, /Unknown option '--nonsense'/],
      [['--live', 'short', '--delete', '--save', 'x.jsonl'], 127, /--delete needs --yes/],
      [['--live', 'live'], 1, /--live live, line 1: expected a UUID, .* got "ID"\./],
      [['--live', 'short', '--save', 'both.jsonl'], 1, /--save both\.jsonl: the file exists/],
      [['--live', 'short', '--save', 'x.jsonl'], 1, /Implausible/],
    ];
    for (const [args, code, says] of WRONG) {
      const ended = await audit(...args);
      assert.deepEqual([ended.code, ended.output], [code, ''], `${args.join(' ')}: ${ended.errors}`);
      assert.match(ended.errors, says, args.join(' '));
    }
    assert.ok(!fs.existsSync(inFolder('x.jsonl')));
  });

  it('reads homes, and lists what is elsewhere', async () => {
    fs.writeFileSync(inFolder('live'), `"${LIVE}","h1"\n\n`);
    const { output } = await audit('--live', 'live', '--expect-at-most', '99');
    assert.match(
      output,
      /Elsewhere, not where the list has them:\n\n {2}consumer +home +last written +holds\n {2}90000003-\S+ +h1 +2026-11-20 10:00 +h3: 4 VCPU/,
    );
  });
});

/** The generations of providers are those of now. */
function resourcesIn(allocations: object): unknown {
  return JSON.parse(JSON.stringify(allocations, (key, value: unknown) => (key === 'generation' ? undefined : value)));
}

/** As much of the compute API as the two commands ask. A page has one server, so a client that asks for one page misses some. */
async function startNova(
  servers: readonly string[],
  migrations: readonly string[],
): Promise<{ url: string; close(): void }> {
  const server = http.createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://nova');
    const path = pathname.replace('/v2.1', '');
    const at = servers.indexOf(searchParams.get('marker') ?? '') + 1;
    const links = [{ rel: 'self', href: `${url}/` }];
    const documents: Record<string, object> = {
      '': { version: { id: 'v2.1', status: 'CURRENT', version: '2.95', min_version: '2.1', links } },
      '/servers/detail': {
        servers: servers
          .slice(at, at + 1)
          .map((id) => ({ id, name: id, addresses: {}, image: { id }, flavor: { id }, links: [] })),
      },
      '/os-migrations': {
        migrations:
          request.headers['openstack-api-version'] === 'compute 2.59'
            ? migrations.map((uuid) => ({ uuid, links: [] }))
            : [],
      },
      '/flavors/detail': { flavors: [] },
      '/images': { images: [] },
    };
    const document = documents[path];
    response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(document ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2.1`;
  return {
    url,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

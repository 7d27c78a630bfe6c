import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createDistributor } from '../../src/process/distributor.js';
import { rejectUnread } from '../../src/process/reject-connection.js';
import { createTestDatabase, dropTestDatabase } from '../support/database.js';
import { lockedBy, sessionsWaiting } from '../support/outside-locks.js';
import {
  cleanUp,
  killThose,
  startProcess,
  temporaryFolder,
  untilServed,
  type RunningProcess,
} from '../support/process.js';
import { until } from '../support/until.js';

describe('workers that die one after the other', () => {
  let databaseUrl: string;
  let folder: string;
  before(async () => {
    databaseUrl = await createTestDatabase();
    folder = await temporaryFolder();
  });
  after(async () => {
    await cleanUp();
    await dropTestDatabase(databaseUrl);
  });

  /** A service whose workers exit with 3 at their start while there is a file. */
  function startMortal(...args: string[]) {
    const [flag, program] = [path.join(folder, 'die'), path.join(folder, 'dying.mjs')];
    writeFileSync(
      program,
      `import fs from 'node:fs';\nif (process.argv[1]?.endsWith('worker.js') && fs.existsSync('${flag}')) process.exit(3);\n`,
    );
    const env = { OS_PLACEMENT_DATABASE__CONNECTION: databaseUrl, NODE_OPTIONS: `--import=${program}` };
    return {
      run: startProcess(['--port', '0', '--workers', '2', ...args], env),
      die: () => {
        writeFileSync(flag, '');
      },
      live: () => {
        rmSync(flag, { force: true });
      },
    };
  }

  const killAll = (run: RunningProcess): void => {
    killThose(run.workers());
  };

  it('end the service with 1 when none has served: the port is closed and the log is complete', async () => {
    const log = path.join(folder, 'stockroom.log');
    const { run, die, live } = startMortal('--log-file', log);
    const { url, api } = await run.listening();
    await api.get('/').expect(200);
    die();
    killAll(run);
    assert.equal(await run.ended(), 1);
    live();
    assert.match(run.errors(), /^The workers do not start; given up\. It ended with exit code 3/m);
    const last = readFileSync(log, 'utf8').trimEnd().split('\n').at(-1) ?? '';
    assert.match(last, /"level":"fatal".*given up.*"the service ends because of a failure"/);
    await assert.rejects(connectTo(url), /ECONNREFUSED/);
  });

  it('are replaced, and SIGTERM is obeyed, after five SIGKILLs in 1.5 s', async () => {
    const { run } = startMortal();
    const { api } = await run.listening();
    for (let kill = 0; kill < 5; kill++) {
      killThose(run.workers().slice(0, 1));
      // The pace is what is tested: some of the workers die before they serve.
      await setTimeout(300);
    }
    await untilServed(api);
    await until('both places are filled', () => run.workers().length === 2);
    killAll(run);
    run.signal('SIGTERM');
    assert.equal(await run.ended(), 0);
  });

  it('are replaced forever when each has served', async () => {
    const { run } = startMortal();
    const { api } = await run.listening();
    for (let round = 0; round < 6; round++) {
      await untilServed(api);
      await until('both places are filled', () => run.workers().length === 2);
      for (let i = 0; i < 4; i++) await api.get('/').expect(200);
      killAll(run);
    }
    await untilServed(api);
    run.signal('SIGTERM');
    assert.equal(await run.ended(), 0);
  });

  it('are replaced later when no file descriptor is left for a new process', async () => {
    const run = startProcess(['--port', '0', '--workers', '2'], { OS_PLACEMENT_DATABASE__CONNECTION: databaseUrl });
    const { api } = await run.listening();
    const limit = (files: number | string): void => {
      execFileSync('prlimit', [`--pid=${run.pid}`, `--nofile=${files}:`]);
    };
    const before = execFileSync('prlimit', [`--pid=${run.pid}`, '--nofile', '--output=SOFT', '--noheadings']);
    limit(3);
    process.kill(run.workers()[0] ?? 0, 'SIGKILL');
    await run.logged(/EMFILE.*"a worker did not start"/);
    limit(before.toString().trim());
    await until('both places are filled', () => run.workers().length === 2);
    await api.get('/').expect(200);
    run.signal('SIGTERM');
    assert.equal(await run.ended(), 0);
  });

  it('during a reload: it is tried again, and puts the configuration in force', async () => {
    const { run } = startMortal();
    const { api } = await run.listening();
    const before = run.workers();
    // A new worker is not ready before this ends.
    const outsider = await lockedBy(databaseUrl, 'lock table resource_providers in access exclusive mode');
    try {
      run.signal('SIGHUP');
      await until('a new worker waits', async () => (await sessionsWaiting(databaseUrl)) > 0);
      // Others that have loaded the program wait for their configuration.
      killThose(
        run
          .workers()
          .filter((pid) => !before.includes(pid))
          .slice(0, 1),
      );
      await run.logged(/"a worker did not start; trying again"/);
    } finally {
      await outsider.release();
    }
    await run.logged(/read again and is in force"/);
    assert.match(run.errors(), /ended with SIGKILL before it was ready.*"a worker did not start; trying again"/);
    assert.doesNotMatch(run.errors(), /cannot be used/);
    await api.get('/').expect(200);
    run.signal('SIGTERM');
    assert.equal(await run.ended(), 0);
  });

  it('during a reload, every time: the log says that a worker died, and the old workers go on', async () => {
    const { run, die, live } = startMortal();
    const { api } = await run.listening();
    const before = run.workers();
    die();
    run.signal('SIGHUP');
    await run.logged(/exit code 3.*"a worker died during the reload; the old configuration stays in force"/);
    live();
    assert.doesNotMatch(run.errors(), /configuration cannot be used/);
    assert.deepEqual(run.workers(), before);
    await api.get('/').expect(200);
    run.signal('SIGTERM');
    assert.equal(await run.ended(), 0);
  });

  it('during a reload to a configuration that cannot be used: the replacement has the old one', async () => {
    const [file, policy] = [path.join(folder, 'placement.conf'), path.join(folder, 'broken.yaml')];
    writeFileSync(policy, 'a: [b\n');
    writeFileSync(file, '');
    const { run } = startMortal('--config-file', file);
    const { api } = await run.listening();
    const before = run.workers();
    writeFileSync(file, '[oslo_policy]\npolicy_file = broken.yaml\n');
    run.signal('SIGHUP');
    await until('a new worker', () => run.workers().some((pid) => !before.includes(pid)));
    killThose(before.slice(0, 1));
    await run.logged(/"the configuration cannot be used; the old one stays in force"/);
    // The reload is over: another one begins.
    const { length } = run.errors();
    run.signal('SIGHUP');
    await until('another reload', () => /cannot be used; the old one/.test(run.errors().slice(length)));
    await until('both places are filled', () => run.workers().length === 2);
    await api.get('/').expect(200);
    run.signal('SIGTERM');
    assert.equal(await run.ended(), 0);
  });

  it('leave no connection waiting for long: it gets 503 with retry-after', async () => {
    const distributor = createDistributor(rejectUnread, 100);
    const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
      distributor.give(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as net.AddressInfo;
    const client = await connectTo(`http://127.0.0.1:${port}`);
    client.write(`GET / HTTP/1.1\r\nhost: x\r\n\r\n${'x'.repeat(100_000)}`);
    let text = '';
    client.on('data', (bytes) => (text += bytes.toString()));
    await new Promise((resolve) => client.once('end', resolve));
    client.destroy();
    server.close();
    distributor.close();
    assert.match(text, /^HTTP\/1\.1 503 Service Unavailable\r\n[^]*retry-after: 5\r\n[^]*No process is free/);
  });
});

function connectTo(url: string): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(new URL(url).port), '127.0.0.1', () => {
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createTestDatabase, dropTestDatabase } from '../support/database.js';
import { cleanUp, startProcess, temporaryFolder } from '../support/process.js';
import { until } from '../support/until.js';

/** Prints each datagram as a line: what systemd does with NOTIFY_SOCKET. Node has no datagram sockets of this kind. */
const LISTENER = `
import socket, sys
listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listening.bind(sys.argv[1])
while True:
    print(listening.recv(4096).decode().replace("\\n", " "), flush=True)
`;

describe('systemd', () => {
  let databaseUrl: string;
  let socket: string;
  let listener: ChildProcess;
  let heard = '';
  const count = (message: string): number => heard.split('\n').filter((line) => line.startsWith(message)).length;
  /** Tells as the service does. */
  const tell = (message: string): void => {
    const env = { PATH: process.env['PATH'], NOTIFY_SOCKET: socket };
    execFileSync('systemd-notify', [message], { env, stdio: 'inherit' });
  };
  const start = (env: Record<string, string>, ...args: string[]) =>
    startProcess(['--port', '0', ...args], { OS_PLACEMENT_DATABASE__CONNECTION: databaseUrl, ...env });

  before(async function () {
    for (const program of ['systemd-notify', 'python3']) {
      try {
        execFileSync(program, ['--version'], { stdio: 'ignore' });
      } catch {
        this.test!.title += ` (${program} is not installed)`;
        this.skip();
      }
    }
    databaseUrl = await createTestDatabase();
  });
  beforeEach(async () => {
    socket = path.join(await temporaryFolder(), 'notify');
    heard = '';
    listener = spawn('python3', ['-c', LISTENER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    listener.stdout?.on('data', (text: Buffer) => (heard += text.toString()));
    await until('the listener', () => existsSync(socket));
  });
  afterEach(async () => {
    listener.kill();
    await cleanUp();
  });
  after(() => dropTestDatabase(databaseUrl));

  it('is told that the service is ready, reloads and stops, and again and again that it lives', async () => {
    const run = start({ NOTIFY_SOCKET: socket, WATCHDOG_USEC: '800000' });
    const { url } = await run.listening();
    await until('READY', () => count('READY=1') === 1);
    assert.match(heard, new RegExp(`^READY=1 STATUS=Listens on ${url}$`, 'm'));
    await until('the watchdog is fed', () => count('WATCHDOG=1') >= 3);
    run.signal('SIGHUP');
    await until('the reload', () => count('READY=1') === 2);
    run.signal('SIGTERM');
    assert.equal(await run.ended(), 0);
    await until('STOPPING', () => count('STOPPING=1') === 1);
    const states = heard.match(/^(READY|RELOADING|STOPPING)/gm);
    assert.deepEqual(states, ['READY', 'RELOADING', 'READY', 'STOPPING']);
    assert.match(heard, /^RELOADING=1 MONOTONIC_USEC=\d+ /m);
  });

  it('is not told that a service lives whose event loop stands still', async () => {
    const run = start({ NOTIFY_SOCKET: socket, WATCHDOG_USEC: '400000' });
    await run.listening();
    await until('the watchdog is fed', () => count('WATCHDOG=1') >= 2);
    run.signal('SIGSTOP');
    // After what was sent before. One more may be under way.
    tell('STATUS=stopped');
    await until('all that was sent before', () => count('STATUS=stopped') === 1);
    const before = count('WATCHDOG=1');
    // What does not come has no condition to wait for: a second is ten times the interval.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    tell('STATUS=after a second');
    await until('all that was sent meanwhile', () => count('STATUS=after a second') === 1);
    assert.ok(count('WATCHDOG=1') <= before + 1, 'a service that lives says so ten times');
    run.signal('SIGCONT');
    run.signal('SIGTERM');
    assert.equal(await run.ended(), 0);
  });

  it('is told that a service lives of which one worker is stuck; that worker is killed and replaced', async () => {
    // The other worker may stand still for as long as a quarter of this takes.
    const run = start({ NOTIFY_SOCKET: socket, WATCHDOG_USEC: '8000000' }, '--workers', '2');
    const { api } = await run.listening();
    const [stuck = 0, other = 0] = run.workers();
    process.kill(stuck, 'SIGSTOP');
    await run.logged(new RegExp(`"pid":${stuck},.*"a worker does not respond; it is killed"`));
    const before = count('WATCHDOG=1');
    await until('the replacement', () => {
      const now = run.workers();
      return now.length === 2 && !now.includes(stuck);
    });
    await until('the watchdog is fed', () => count('WATCHDOG=1') > before);
    assert.ok(run.workers().includes(other));
    for (let i = 0; i < 4; i++) await api.get('/').expect(200);
    run.signal('SIGTERM');
    assert.equal(await run.ended(), 0);
  });

  it('is left alone when the watchdog is for another process, or there is no socket', async () => {
    const run = start({ NOTIFY_SOCKET: socket, WATCHDOG_USEC: '100000', WATCHDOG_PID: '1' });
    await run.listening();
    await until('READY', () => count('READY=1') === 1);
    run.signal('SIGTERM');
    assert.equal(await run.ended(), 0);
    await until('STOPPING', () => count('STOPPING=1') === 1);
    assert.equal(count('WATCHDOG=1'), 0);
  });

  it('that cannot be told anything does not keep the service from serving', async () => {
    const run = start({ NOTIFY_SOCKET: `${socket}-gone`, WATCHDOG_USEC: '400000' });
    const { api } = await run.listening();
    await run.logged(/"systemd could not be notified"/);
    await api.get('/').expect(200);
    run.signal('SIGTERM');
    assert.equal(await run.ended(), 0);
    assert.equal(run.errors().match(/could not be notified/g)?.length, 1);
  });
});

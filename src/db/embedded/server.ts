import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { CHILD_ENVIRONMENT } from '../../ops/child-environment.js';
import { openToAppend, readText } from './files.js';
import { liveProcess } from './lock.js';
import { EmbeddedError } from './error.js';
import { run, type Account } from './run.js';

/** Who owns the cluster. */
export const USER = 'stockroom';
const START_DEADLINE_MS = 30_000;

export interface RunningServer {
  readonly pid: number;
  readonly port: number;
}

/** Finds, starts and stops a server. */
export interface ServerContext {
  readonly cluster: string;
  readonly password: string;
  /** As whom it runs; null: as the service itself. */
  readonly account: Account | null;
  /** Aborts the waiting. */
  readonly stop: AbortSignal | undefined;
}

/**
 * The server that already runs on a cluster, by its lock file. It waits for a server that is about to end. The account owns
 * the cluster, so the code trusts its files only as far as the account's own privileges go.
 */
export async function runningServer({
  cluster,
  password,
  account,
  stop,
}: ServerContext): Promise<RunningServer | null> {
  const lockFile = path.join(cluster, 'postmaster.pid');
  const deadline = performance.now() + START_DEADLINE_MS;
  for (let silent = 0; ;) {
    stop?.throwIfAborted();
    const text = readText(lockFile);
    if (text === null) return null;
    const lines = text.split('\n');
    const pid = liveProcess(Number(lines[0]));
    const port = Number(lines[3]);
    if (pid === null) return null;
    const result = await probe(port, password);
    if (result === 'ready') return { pid, port };
    if (result === 'not it') silent++;
    // After a reboot or in a new container, another program may have the process number, and the server would believe that
    // it runs already. Such a program does not accept our password on the port.
    if (silent > 20) {
      if (account === null) fs.rmSync(lockFile, { force: true });
      else run('rm', ['-f', lockFile], account);
      return null;
    }
    if (performance.now() > deadline) {
      throw new EmbeddedError(
        `The database in ${cluster} (process ${pid}) neither starts nor stops; please look at it.`,
      );
    }
    await setTimeout(25);
  }
}

export async function launch(
  postgres: string,
  folder: string,
  settings: Readonly<Record<string, string>>,
  context: ServerContext,
): Promise<RunningServer> {
  const { cluster, account } = context;
  const port = Number(settings['port'] ?? (await freePort()));
  const all = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '200',
    log_timezone: 'UTC',
    ...settings,
  };
  const logPath = path.join(folder, 'postgresql.log');
  const log = openToAppend(logPath, account !== null);
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  // A process group of its own: Ctrl-C in the terminal reaches the service, which stops the database last.
  const child = spawn(postgres, ['-D', cluster, ...flags], {
    ...(account === null ? {} : { uid: account.uid, gid: account.gid }),
    env: CHILD_ENVIRONMENT,
    cwd: cluster,
    detached: true,
    stdio: ['ignore', log, log],
  });
  child.unref();
  fs.closeSync(log);
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', () => {
      reject(new EmbeddedError(`The embedded PostgreSQL did not start; ${logPath} says why:\n${lastLines(logPath)}`));
    });
  });
  failed.catch(() => undefined);
  const server = { pid: child.pid ?? 0, port };
  try {
    await Promise.race([failed, accepting(port, logPath, context)]);
  } catch (error) {
    await stopServer(server.pid, account);
    throw error;
  }
  // Its later end is no failed start.
  child.removeAllListeners('exit');
  return server;
}

/**
 * SIGINT is PostgreSQL's "fast" shutdown: it ends sessions and writes everything. The account sends it, because the process
 * number comes from a file that the account can change.
 */
export async function stopServer(pid: number, account: Account | null): Promise<void> {
  if (!(pid > 1)) return;
  try {
    if (account === null) process.kill(pid, 'SIGINT');
    else run('sh', ['-c', 'kill -INT "$0"', String(pid)], account);
  } catch {
    return;
  }
  for (let waited = 0; liveProcess(pid) !== null && waited < START_DEADLINE_MS; waited += 20) await setTimeout(20);
}

async function accepting(port: number, logPath: string, { password, stop }: ServerContext): Promise<void> {
  const deadline = performance.now() + START_DEADLINE_MS;
  while (performance.now() < deadline) {
    stop?.throwIfAborted();
    if ((await probe(port, password)) === 'ready') return;
    await setTimeout(25);
  }
  throw new EmbeddedError(
    `The embedded PostgreSQL did not accept connections within ${START_DEADLINE_MS / 1000} s; see ${logPath}`,
  );
}

async function probe(port: number, password: string): Promise<'ready' | 'busy' | 'not it'> {
  const client = new pg.Client({
    ...{ host: '127.0.0.1', port, user: USER, password, database: 'postgres' },
    connectionTimeoutMillis: 2000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return 'ready';
  } catch (error) {
    // cannot_connect_now: the server starts, recovers or stops. too_many_connections: it runs.
    const { code = '' } = error as { code?: string };
    return code === '53300' ? 'ready' : code === '57P03' ? 'busy' : 'not it';
  } finally {
    await client.end().catch(() => undefined);
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as net.AddressInfo;
      probe.close(() => {
        resolve(port);
      });
    });
  });
}

/** Of a log, which may be larger than a text can be. Never throws: its caller is an event, where an exception ends the process. */
function lastLines(file: string): string {
  try {
    const handle = fs.openSync(file, 'r');
    try {
      const bytes = Buffer.alloc(LAST_BYTES);
      const read = fs.readSync(handle, bytes, 0, LAST_BYTES, Math.max(0, fs.fstatSync(handle).size - LAST_BYTES));
      return bytes.toString('utf8', 0, read).trim().split('\n').slice(-8).join('\n');
    } finally {
      fs.closeSync(handle);
    }
  } catch (error) {
    return (error as Error).message;
  }
}

const LAST_BYTES = 4096;

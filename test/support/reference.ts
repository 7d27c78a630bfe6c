import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { freePorts } from './free-ports.js';
import { ROOT } from './process.js';
import { patience } from './patience.js';

/** A server that a test starts: the real Placement, or the database below it. */
export interface Running {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts the real Placement beside the project, if it is there and can run. */
const SERVE = path.join(ROOT, '../shared/reference/serve');

export const hasReference = fs.existsSync(SERVE);

/**
 * The real Placement on a database.
 *
 * @param connection in the form of SQLAlchemy
 * @returns null with the reason when its packages are missing
 */
export async function startReference(connection: string, folder: string): Promise<Running | { missing: string }> {
  const port = await freePorts(1);
  const conf = path.join(folder, 'reference.conf');
  fs.writeFileSync(conf, `[placement_database]\nconnection = ${connection}\n`);
  // It knows PostgreSQL and SQLite; further lines of its configuration lead it to any other.
  const database = connection.startsWith('postgresql') ? ['--db', connection] : ['--conf', conf];
  const args = ['--port', String(port), '--dir', path.join(folder, 'reference'), ...database];
  return started(spawn(SERVE, args, { stdio: ['ignore', 'pipe', 'pipe'] }), `http://127.0.0.1:${port}`, 3);
}

/** A MariaDB of its own with an empty database; the URL is as Placement's configuration has it. */
export async function startMariadb(folder: string): Promise<Running | { missing: string }> {
  if (!fs.existsSync('/usr/sbin/mariadbd')) return { missing: 'no MariaDB is installed (Debian: mariadb-server)' };
  const data = path.join(folder, 'mariadb');
  const user = process.getuid?.() === 0 ? ['--user=mysql'] : [];
  fs.chmodSync(folder, 0o755);
  const install = spawn(
    'mariadb-install-db',
    ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db', ...user],
    { stdio: 'ignore' },
  );
  const [code] = (await once(install, 'close')) as [number];
  if (code !== 0) throw new Error(`mariadb-install-db ended with ${code}`);
  const port = await freePorts(1);
  const socket = path.join(data, 'socket');
  const init = path.join(folder, 'init.sql');
  fs.writeFileSync(
    init,
    "create database placement character set utf8mb3;\ncreate user placement@'127.0.0.1' identified by 'p@ss/word';\n" +
      "grant all on placement.* to placement@'127.0.0.1';\n",
  );
  const server = spawn(
    '/usr/sbin/mariadbd',
    [
      ...['--no-defaults', `--datadir=${data}`, `--socket=${socket}`, `--port=${port}`, '--bind-address=127.0.0.1'],
      ...[`--init-file=${init}`, '--innodb-flush-log-at-trx-commit=0', '--innodb-buffer-pool-size=64M', ...user],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  return started(server, `mysql+pymysql://placement:p%40ss%2Fword@127.0.0.1:${port}/placement?charset=utf8`, null);
}

/** @param lacking the exit code that means that something has to be installed */
async function started(
  child: ChildProcess,
  url: string,
  lacking: number | null,
): Promise<Running | { missing: string }> {
  let output = '';
  child.stdout?.on('data', (text: Buffer) => (output += text.toString()));
  child.stderr?.on('data', (text: Buffer) => (output += text.toString()));
  const closed = once(child, 'close');
  for (const deadline = performance.now() + patience(30_000); !(await responses(Number(new URL(url).port)));) {
    if (lacking !== null && child.exitCode === lacking) return { missing: output.trim() };
    if (child.exitCode !== null || performance.now() > deadline) throw new Error(`it did not start:\n${output}`);
    await setTimeout(50);
  }
  return {
    url,
    async stop() {
      child.kill('SIGTERM');
      await closed;
    },
  };
}

function responses(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    const end = (good: boolean) => {
      socket.destroy();
      resolve(good);
    };
    socket.once('connect', () => {
      end(true);
    });
    socket.once('error', () => {
      end(false);
    });
  });
}

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { clusterFolder } from './cluster.js';
import { freePorts } from './free-ports.js';
import { until } from './until.js';

export interface PgBouncer {
  /** The URL of a database through the pooler. */
  url(databaseUrl: string): string;
  readonly version: string;
  stop(): Promise<void>;
}

/** Why there is none here, or null. */
export function missingPgBouncer(): string | null {
  try {
    execFileSync('pgbouncer', ['--version'], { stdio: 'pipe' });
    return null;
  } catch {
    return 'pgbouncer is not installed';
  }
}

/** A pgbouncer that gives each transaction another session, with few sessions, in front of a server. */
export async function startPgBouncer(databaseUrl: string, givenPort?: number): Promise<PgBouncer> {
  const { hostname, port, username, password } = new URL(databaseUrl);
  const folder = await clusterFolder();
  const listenPort = givenPort ?? (await freePorts(1));
  const config = path.join(folder, 'pgbouncer.ini');
  const all = {
    listen_addr: '127.0.0.1',
    listen_port: String(listenPort),
    unix_socket_dir: '',
    auth_type: 'plain',
    auth_file: path.join(folder, 'users'),
    pool_mode: 'transaction',
    default_pool_size: '4',
    ignore_startup_parameters: 'statement_timeout,idle_in_transaction_session_timeout,options',
    server_round_robin: '1',
  };
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`);
  fs.writeFileSync(config, `[databases]\n* = host=${hostname} port=${port}\n[pgbouncer]\n${lines.join('\n')}\n`);
  fs.writeFileSync(path.join(folder, 'users'), `"${username}" "${password}"\n`);
  const asRoot = process.getuid?.() === 0;
  if (asRoot) execFileSync('chown', ['-R', 'postgres:', folder]);
  // pgbouncer does not run as root.
  const child: ChildProcess = spawn('pgbouncer', ['-q', ...(asRoot ? ['-u', 'postgres'] : []), config], {
    stdio: 'ignore',
  });
  await until('pgbouncer listens', () => accepts(listenPort));
  return {
    version: execFileSync('pgbouncer', ['--version'], { encoding: 'utf8' }).split('\n')[0] ?? '',
    url(one) {
      const url = new URL(one);
      url.host = `127.0.0.1:${listenPort}`;
      return url.toString();
    },
    async stop() {
      child.kill('SIGKILL');
      await until('pgbouncer has ended', () => child.exitCode !== null || child.signalCode !== null);
    },
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}

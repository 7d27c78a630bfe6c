import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { startEmbedded } from '../../src/db/embedded.js';
import { connect, sql } from './database.js';
import { freePorts } from './free-ports.js';
import { until } from './until.js';

/** A PostgreSQL server of one test's own, to be stopped, broken and replaced. */
export interface Cluster {
  readonly url: string;
  /** Of the postmaster. */
  readonly pid: number;
  /** smart is not here: it waits for clients. immediate is a crash without the core. */
  stop(how: 'fast' | 'immediate' | 'kill'): Promise<void>;
  /** Again on the same port. */
  start(): Promise<void>;
  /** SIGSTOP: it is there, and does not respond. */
  freeze(): void;
  thaw(): void;
  /** A server that follows this one by streaming replication. */
  standby(): Promise<Cluster>;
  /** A copy of the present data, which is restored later by {@link Backup.restoreTo}. */
  backup(): Promise<Backup>;
  promote(): Promise<void>;
  /** A standby receives no more from now on. */
  stopReceiving(): Promise<void>;
  /** Waits until a standby has replayed everything that was committed on this one. */
  followedBy(standby: Cluster): Promise<void>;
}

export interface Backup {
  /** Recovery to a point in time of the server that the backup is of, by the WAL that it has written since. `point` is made by `pg_create_restore_point`. */
  restoreTo(point: string): Promise<Cluster>;
}

const folders: string[] = [];
const running = new Set<Cluster>();

/** A folder that the server's user can enter, for root too; removed by {@link removeClusters}. */
export async function clusterFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'stockroom-test-'));
  folders.push(folder);
  fs.chmodSync(folder, 0o755);
  return folder;
}

export async function startCluster(settings: Record<string, string> = {}, where?: string): Promise<Cluster> {
  return clusterIn(where ?? path.join(await clusterFolder(), 'data'), settings);
}

async function clusterIn(dataDir: string, given: Record<string, string>): Promise<Cluster> {
  const data = path.join(dataDir, 'postgresql');
  const settings: Record<string, string> = {
    ...{ fsync: 'off', wal_retrieve_retry_interval: '200ms', port: String(await freePorts(1)) },
    ...given,
  };
  let pid = 0;
  let url = '';
  let copies = 0;

  async function start(): Promise<void> {
    url = (await startEmbedded({ dataDir, settings })).connectionString;
    settings['port'] = new URL(url).port;
    pid = Number(fs.readFileSync(path.join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
    running.add(cluster);
  }

  /** What pg_basebackup does, which the embedded binaries have not. Returns the folder. */
  async function copyOfRunning(signalFile: string): Promise<string> {
    const copy = path.join(path.dirname(dataDir), `${path.basename(dataDir)}-${++copies}`);
    const session = await connect(url);
    await session.query("select pg_backup_start('copy', true)");
    copyLiveFolder(dataDir, copy);
    const { rows } = await session.query<{ labelfile: string }>('select labelfile from pg_backup_stop(false)');
    await session.end();
    const copied = path.join(copy, 'postgresql');
    fs.rmSync(path.join(copied, 'postmaster.pid'), { force: true });
    fs.rmSync(path.join(copy, 'service.pid'), { force: true });
    for (const [name, text] of [
      ['backup_label', rows[0]?.labelfile ?? ''],
      [signalFile, ''],
    ] as const) {
      fs.writeFileSync(path.join(copied, name), text, { mode: 0o600 });
      execFileSync('chown', ['--reference', path.join(copied, 'PG_VERSION'), path.join(copied, name)]);
    }
    return copy;
  }

  const cluster: Cluster = {
    get url() {
      return url;
    },
    get pid() {
      return pid;
    },
    start,
    async stop(how) {
      running.delete(cluster);
      if (how === 'kill') {
        // The postmaster alone would leave its children, and has no new ones while it is stopped.
        signal(pid, 'SIGSTOP');
        signalAll(pid, 'SIGKILL');
      } else signal(pid, how === 'fast' ? 'SIGINT' : 'SIGQUIT');
      await until('the server ends', () => !signal(pid, 0), 30_000);
    },
    freeze() {
      // No new children come while it lists them.
      signal(pid, 'SIGSTOP');
      signalAll(pid, 'SIGSTOP');
    },
    thaw() {
      signalAll(pid, 'SIGCONT');
    },
    async standby() {
      const copy = await copyOfRunning('standby.signal');
      const { hostname, port, username, password } = new URL(url);
      const primary = `host=${hostname} port=${port} user=${username} password=${password}`;
      // In the file, where ALTER SYSTEM can change it.
      configure(copy, `primary_conninfo = '${primary}'`);
      return clusterIn(copy, given);
    },
    async backup() {
      const copy = await copyOfRunning('recovery.signal');
      return {
        async restoreTo(point) {
          // The file that has the point is complete then.
          await sql(url, 'select pg_switch_wal()');
          configure(
            copy,
            `restore_command = 'cp ${path.join(data, 'pg_wal')}/%f %p'`,
            `recovery_target_name = '${point}'`,
            "recovery_target_action = 'promote'",
          );
          const restored = await clusterIn(copy, given);
          await until('the recovery ends', async () => {
            const [{ recovering } = {}] = await sql<{ recovering: boolean }>(
              restored.url,
              'select pg_is_in_recovery() as recovering',
            );
            return recovering === false;
          });
          return restored;
        },
      };
    },
    async promote() {
      await sql(url, 'select pg_promote()');
    },
    async stopReceiving() {
      await sql(url, "alter system set primary_conninfo = ''");
      await sql(url, 'select pg_reload_conf()');
      await until('the receiver has ended', async () => {
        const rows = await sql(url, 'select pid from pg_stat_wal_receiver');
        return rows.length === 0;
      });
    },
    async followedBy(standby) {
      const [{ lsn } = {}] = await sql<{ lsn: string }>(url, 'select pg_current_wal_flush_lsn()::text as lsn');
      await until('the standby follows', async () => {
        const rows = await sql<{ done: boolean }>(
          standby.url,
          'select pg_last_wal_replay_lsn() >= $1::pg_lsn as done',
          [lsn],
        );
        return rows[0]?.done === true;
      });
    },
  };
  await start();
  return cluster;
}

function configure(folder: string, ...settings: string[]): void {
  fs.appendFileSync(path.join(folder, 'postgresql', 'postgresql.auto.conf'), `${settings.join('\n')}\n`);
}

/** For `after`. */
export async function removeClusters(): Promise<void> {
  for (const cluster of [...running]) {
    cluster.thaw();
    await cluster.stop('immediate');
  }
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
}

function signalAll(pid: number, name: NodeJS.Signals): void {
  const children = execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
  for (const one of [pid, ...children.trim().split(/\s+/).map(Number)]) signal(one, name);
}

/** As a backup of a running server is: files that it removes meanwhile are not missed. */
function copyLiveFolder(from: string, to: string): void {
  const { status, stderr } = spawnSync('cp', ['-a', from, to], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  const complaints = stderr.split('\n').filter((line) => line !== '' && !line.endsWith('No such file or directory'));
  if (status !== 0 && complaints.length > 0) throw new Error(`cp ended with ${status}: ${complaints.join('\n')}`);
}

/** Whether there was such a process. */
function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}

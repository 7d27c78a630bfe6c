import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { killThose, ROOT } from '../support/process.js';
import { until } from '../support/until.js';

/** The network of the run: a bridge, and behind each of three cables a node in a network namespace of its own. */
const NET = '10.77.0.';
const BRIDGE = `${NET}254`;
export const PASSWORD = 'change-this';

export interface Node {
  readonly name: string;
  readonly address: string;
  /** kill -9 of Patroni and PostgreSQL; etcd goes on. */
  kill(): void;
  /** kill -9 of PostgreSQL alone. */
  killPostgres(): void;
  /** Patroni, which starts PostgreSQL. */
  startPatroni(): void;
  /** Its cable is pulled. */
  unplug(): void;
  plug(): void;
  /** It and the other nodes do not reach each other; the services reach all. */
  isolateFromNodes(): void;
  unite(): void;
  /** Takes all room of its file system. */
  fillDisk(): void;
  freeDisk(): void;
}

export interface Member {
  readonly name: string;
  readonly role: string;
  readonly state: string;
}

export interface PatroniCluster {
  readonly nodes: readonly Node[];
  /** Where HAProxy leads to the leader. */
  readonly haproxy: string;
  /** What Patroni says of its members; null while no node responds. */
  members(): Promise<readonly Member[] | null>;
  leader(): Promise<Node>;
  /** Waits for a leader, a synchronous standby and another standby that follow it. */
  whole(): Promise<void>;
  switchover(from: Node, to: Node): Promise<void>;
  /** What Patroni and PostgreSQL printed on a node. */
  logOf(node: Node): string;
}

const run = (command: string, ...args: string[]): string => execFileSync(command, args, { encoding: 'utf8' });

/**
 * Three nodes with etcd, Patroni and PostgreSQL, and HAProxy beside the services, with the files of deploy/patroni. To be called as root
 * in a network, mount and process namespace of its own: everything ends with it.
 */
export function startPatroni(folder: string): PatroniCluster {
  run('ip', 'link', 'set', 'lo', 'up');
  run('ip', 'link', 'add', 'br0', 'type', 'bridge');
  run('ip', 'addr', 'add', `${BRIDGE}/24`, 'dev', 'br0');
  run('ip', 'link', 'set', 'br0', 'up');
  const nodes = [1, 2, 3].map((number) => makeNode(folder, number));
  const haproxy = path.join(folder, 'haproxy.cfg');
  fs.writeFileSync(haproxy, readConfig('haproxy.cfg').replaceAll('127.0.0.1:15432', `${BRIDGE}:15432`));
  start(path.join(folder, 'haproxy.log'), 'haproxy', '-db', '-f', haproxy);
  for (const node of nodes) node.startPatroni();

  async function members(): Promise<readonly Member[] | null> {
    for (const { address } of nodes) {
      try {
        const response = await fetch(`http://${address}:8008/cluster`, { signal: AbortSignal.timeout(1000) });
        return ((await response.json()) as { members: Member[] }).members;
      } catch {
        // The next one.
      }
    }
    return null;
  }

  const cluster: PatroniCluster = {
    nodes,
    haproxy: `${BRIDGE}:15432`,
    members,
    leader: () =>
      until(
        'there is a leader',
        async () => {
          const name = (await members())?.find(({ role }) => role === 'leader')?.name;
          return nodes.find((node) => node.name === name) ?? false;
        },
        60_000,
      ),
    async whole() {
      await until(
        'the cluster is whole',
        async () => {
          const roles = ((await members()) ?? [])
            .filter(({ state }) => state === 'running' || state === 'streaming')
            .map(({ role }) => role);
          return roles.sort().join() === 'leader,replica,sync_standby';
        },
        60_000,
      );
    },
    async switchover(from, to) {
      const response = await fetch(`http://${from.address}:8008/switchover`, {
        method: 'POST',
        body: JSON.stringify({ leader: from.name, candidate: to.name }),
      });
      if (response.status !== 200) throw new Error(`switchover: ${response.status} ${await response.text()}`);
    },
    logOf: ({ name }) => fs.readFileSync(path.join(folder, `${name}.log`), 'utf8'),
  };
  return cluster;
}

/** A file of deploy/patroni with the addresses of the run. */
function readConfig(name: string): string {
  return fs.readFileSync(path.join(ROOT, 'deploy/patroni', name), 'utf8').replaceAll('192.0.2.', NET);
}

/** The same for a node: of the first node's name and address its own are made. */
function configOf(file: string, number: number, disk: string): string {
  return readConfig(file)
    .replace(/^(name: |ETCD_NAME=)node1$/m, `$1node${number}`)
    .replace(
      /^(.*(?:listen|connect_address|LISTEN\w*|ADVERTISE\w*)[:=] ?\S*?)10\.77\.0\.1(?=:)/gm,
      (_, before: string) => `${before}${NET}${number}`,
    )
    .replaceAll(/\/var\/(?:lib|run)\/(postgresql|etcd)/g, `${disk}/$1`);
}

function makeNode(folder: string, number: number): Node {
  const [name, address] = [`node${number}`, `${NET}${number}`];
  const disk = path.join(folder, name);
  const log = path.join(folder, `${name}.log`);
  fs.mkdirSync(path.join(disk, 'etcd'), { recursive: true });
  fs.mkdirSync(path.join(disk, 'postgresql'));
  // Twice max_wal_size, which PostgreSQL keeps of its log. A smaller disk gets full by itself within minutes on a fast machine.
  run('mount', '-t', 'tmpfs', '-o', 'size=2g', name, path.join(disk, 'postgresql'));
  fs.mkdirSync(path.join(disk, 'postgresql/15'));
  run('chown', '-R', 'postgres:', path.join(disk, 'postgresql'));

  // The network namespace of the node lives as long as this process.
  const keeper = start(log, 'unshare', '--net', 'sleep', 'infinity');
  const pid = String(keeper.pid);
  const own = fs.readlinkSync('/proc/self/ns/net');
  while (fs.readlinkSync(`/proc/${pid}/ns/net`) === own) run('sleep', '0.01');
  const inside = (...command: string[]): string[] => [`--net=/proc/${pid}/ns/net`, '--', ...command];
  run('ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', pid);
  run('ip', 'link', 'set', name, 'master', 'br0', 'up');
  run('nsenter', ...inside('ip', 'link', 'set', 'lo', 'up'));
  run('nsenter', ...inside('ip', 'addr', 'add', `${address}/24`, 'dev', 'eth0'));
  run('nsenter', ...inside('ip', 'link', 'set', 'eth0', 'up'));

  const variables = configOf('etcd', number, disk)
    .split('\n')
    .filter((line) => /^ETCD_/.test(line));
  start(path.join(folder, `${name}-etcd.log`), 'nsenter', ...inside('env', ...variables, 'etcd'));
  const config = path.join(folder, `${name}.yml`);
  fs.writeFileSync(config, configOf('patroni.yml', number, disk));
  const filler = path.join(disk, 'postgresql/filler');
  const others = [1, 2, 3].filter((other) => other !== number).map((other) => `${NET}${other}`);

  return {
    name,
    address,
    startPatroni() {
      const user = ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'];
      start(log, 'nsenter', ...inside(...user, 'patroni', config));
    },
    kill() {
      killThose(processesOf(pid, /patroni|postgres/));
    },
    killPostgres() {
      killThose(processesOf(pid, /^postgres|bin\/postgres/));
    },
    unplug() {
      run('ip', 'link', 'set', name, 'down');
    },
    plug() {
      run('ip', 'link', 'set', name, 'up');
    },
    isolateFromNodes() {
      for (const other of others) run('nsenter', ...inside('ip', 'route', 'add', 'blackhole', `${other}/32`));
    },
    unite() {
      for (const other of others) run('nsenter', ...inside('ip', 'route', 'del', 'blackhole', `${other}/32`));
    },
    fillDisk() {
      // Until nothing more fits. To allocate what is free fails when PostgreSQL writes at the same moment.
      const { status } = spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=64k'], { stdio: 'ignore' });
      if (status !== 1) throw new Error('dd did not fill the disk');
    },
    freeDisk() {
      fs.rmSync(filler, { force: true });
    },
  };
}

/** Processes in the network namespace of another whose command line matches. */
function processesOf(keeper: string, what: RegExp): number[] {
  const net = fs.readlinkSync(`/proc/${keeper}/ns/net`);
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return (
          fs.readlinkSync(`/proc/${name}/ns/net`) === net &&
          what.test(fs.readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' '))
        );
      } catch {
        return false; // it has ended
      }
    })
    .map(Number);
}

function start(log: string, command: string, ...args: string[]): ChildProcess {
  const file = fs.openSync(log, 'a');
  // Not in the folder of the repository: Patroni does not start in one that the account postgres cannot enter.
  const child = spawn(command, args, { stdio: ['ignore', file, file], cwd: path.dirname(log) });
  fs.closeSync(file);
  child.on('error', (error) => {
    throw error;
  });
  return child;
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startClients, type Clients } from '../linearizable/clients.js';
import { createRecorder, type Recorder } from '../linearizable/recorder.js';
import type { Book } from '../soak/book.js';
import { startNova } from '../soak/clients.js';
import { buildCloud } from '../soak/cloud.js';
import { startMember } from '../soak/havoc.js';
import { checkInvariants, reportTalk } from '../soak/check-invariants.js';
import { createTalk, type Journal } from '../soak/talk.js';
import { sql } from '../support/database.js';
import { forbidShrinkingGenerations } from '../support/ledger.js';
import { cleanUp } from '../support/process.js';
import { until } from '../support/until.js';
import { faultsOf } from './faults.js';
import { PASSWORD, startPatroni, type PatroniCluster } from './nodes.js';
import { watchWrites, type Watch } from './watch.js';

const HELP = `usage: npm run soak:patroni -- [--rounds N] [--services N] [--workers N] [--history FILE] [--logs FOLDER]

Three nodes with Patroni, etcd and PostgreSQL in synchronous mode, each in a network namespace of its own; services that find the leader by
themselves and services behind HAProxy; clients at all of them. In each round the leader is switched over, killed, cut off and given
a full disk. What clients saw is checked (docs/reference/history-of-clients.md), and recovery is timed: from the first write that a new
leader accepts to the first one that each service acknowledges.
Beside them is traffic as of Nova (npm run soak): candidates, claims, moves, deletions, reports of compute nodes. In the end the database and every
service are compared with what it was told.
Exit code 0 when nothing was found wrong. Root, and Debian's patroni, python3-etcd, etcd-server, haproxy and postgresql.

  --rounds N      how often each fault is made (1)
  --services N    service processes; every second one behind HAProxy (2)
  --workers N     workers of each (2)
  --readers N     clients that read only (6)
  --writers N     clients that write, and read what they wrote (6)
  --schedulers N  clients as of Nova that claim, move and delete (4); with them come half as many compute nodes, and an operator
  --hosts N       compute nodes of theirs (40)
  --history FILE  the history is written there
  --logs FOLDER   where Patroni's and the services' logs are kept`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '1' },
    services: { type: 'string', default: '2' },
    workers: { type: 'string', default: '2' },
    readers: { type: 'string', default: '6' },
    writers: { type: 'string', default: '6' },
    schedulers: { type: 'string', default: '4' },
    hosts: { type: 'string', default: '40' },
    history: { type: 'string' },
    logs: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
/** Where the process inside finds the folder of the run. */
const INSIDE = 'STOCKROOM_SOAK_INSIDE';

/** The same in namespaces of its own, so that all of it ends with it: processes, cables and file systems. */
async function again(): Promise<number> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'stockroom-patroni-'));
  fs.chmodSync(folder, 0o755);
  const own = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  // The first process of the namespace is the parent of all whose own has ended: a shell waits for them, node does not.
  const init = ['bash', '-c', '"$@"; exit $?', 'init'];
  const self = [process.execPath, '--import', 'tsx', fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const child = spawn('unshare', [...own, '--', ...init, ...self], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: folder },
  });
  const [code] = (await once(child, 'close')) as [number | null];
  await rm(folder, { recursive: true, force: true });
  return code ?? 1;
}

interface Recovery {
  readonly fault: string;
  /** Milliseconds from the fault to the first write that a leader accepted. */
  readonly failover: number;
  /** Milliseconds from there to the first write that each service acknowledged. */
  readonly services: readonly number[];
}

async function soak(folder: string): Promise<boolean> {
  const recorder = createRecorder(values.history ?? null);
  try {
    const cluster = startPatroni(folder);
    await cluster.whole();
    await makeDatabases(cluster);
    const watch = watchWrites(cluster.nodes);
    const members = await Promise.all(
      Array.from({ length: Number(values.services) }, (_, at) =>
        startMember(['--workers', values.workers], {
          OS_PLACEMENT_DATABASE__CONNECTION: connectionOf(cluster, at),
          OS_OSLO_POLICY__ENFORCE_NEW_DEFAULTS: 'false',
          STOCKROOM_LOG_LEVEL: 'error',
        }),
      ),
    );
    await forbidShrinkingGenerations(urlOf((await cluster.leader()).address, 'placement'));
    const crowd = { readers: Number(values.readers), writers: Number(values.writers) };
    const urls = members.map(({ url }) => url);
    const clients = await startClients(urls, recorder, crowd);
    const journal: Journal = { kinds: new Map(), violations: [] };
    const book: Book = { known: new Map(), unknown: [] };
    const talk = createTalk(urls, journal);
    const hosts = await buildCloud(talk, Number(values.hosts));
    const nova = startNova({ talk, journal, book, hosts }, Number(values.schedulers));
    const recoveries = await makeFaults(cluster, watch, recorder);
    await nova.stop();
    await clients.stop();
    await watch.stop();
    await checkInvariants(urlOf((await cluster.leader()).address, 'placement'), urls, book, journal);
    if (values.logs !== undefined) {
      for (const node of cluster.nodes) fs.writeFileSync(`${values.logs}/${node.name}.log`, cluster.logOf(node));
      for (const [at, { process }] of members.entries())
        fs.writeFileSync(`${values.logs}/service${at}.log`, process.errors());
    }
    reportTalk(journal, book);
    return report(recoveries, recorder, clients) && journal.violations.length === 0;
  } catch (error) {
    console.log(error);
    for (const { kind, why, event } of recorder.anomalies.slice(0, 50))
      console.log(`ANOMALY ${kind}: ${why} ${JSON.stringify(event)}`);
    for (const file of fs.readdirSync(folder).filter((name) => name.endsWith('.log')))
      console.log(`${file}\n${fs.readFileSync(path.join(folder, file), 'utf8').slice(-2000)}`);
    return false;
  } finally {
    recorder.close();
    await cleanUp();
  }
}

const urlOf = (host: string, database: string): string => `postgresql://postgres:${PASSWORD}@${host}:5432/${database}`;

function connectionOf({ nodes, haproxy }: PatroniCluster, at: number): string {
  const hosts = nodes.map(({ address }) => `${address}:5432`).join(',');
  return at % 2 === 0
    ? `postgresql://stockroom:${PASSWORD}@${hosts}/placement?target_session_attrs=read-write`
    : `postgresql://stockroom:${PASSWORD}@${haproxy}/placement`;
}

async function makeDatabases(cluster: PatroniCluster): Promise<void> {
  const { address } = await cluster.leader();
  await sql(urlOf(address, 'postgres'), `create role stockroom login password '${PASSWORD}'`);
  await sql(urlOf(address, 'postgres'), 'create database placement owner stockroom');
  await sql(urlOf(address, 'postgres'), 'create database probe');
  await sql(urlOf(address, 'probe'), 'create table probe as select 0 as n');
}

/** Each fault in turn, with load before, during and after it. */
async function makeFaults(cluster: PatroniCluster, watch: Watch, recorder: Recorder): Promise<Recovery[]> {
  const recoveries: Recovery[] = [];
  const services = Array.from({ length: Number(values.services) }, (_, at) => at);
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const fault of faultsOf(cluster)) {
      await cluster.whole();
      const more = recorder.acknowledged.length + 300;
      await until('there is load', () => recorder.acknowledged.length > more, 60_000);
      const leader = await cluster.leader();
      const start = performance.now();
      console.log(
        `${recorder.counts.read + recorder.counts.usage} reads, ${recorder.anomalies.length} anomalies; ${fault.name}`,
      );
      await fault.strike(leader);
      const firstAfter = (time: number, service: number): number | undefined =>
        recorder.acknowledged.find((one) => one.time > time && one.service === service)?.time;
      const promoted = () => watch.promotions.find(({ node, time }) => time > start && node !== leader.name)?.time;
      if (fault.moves) await until('another node accepts writes', () => promoted() !== undefined, 40_000);
      // Where the leader may stay, nothing is written until it has room again.
      if (!fault.moves) fault.heal(leader);
      const accepted = promoted();
      await until(
        'every service acknowledges writes',
        () => services.every((service) => firstAfter(accepted ?? performance.now() - 2000, service) !== undefined),
        30_000,
      );
      if (fault.moves) fault.heal(leader);
      if (accepted === undefined) {
        console.log('  no failover');
        continue;
      }
      const recovery = {
        fault: fault.name,
        failover: accepted - start,
        services: services.map((service) => firstAfter(accepted, service)! - accepted),
      };
      recoveries.push(recovery);
      console.log(
        `  a leader accepts writes after ${seconds(recovery.failover)}; services: ${recovery.services.map(seconds).join(', ')}`,
      );
    }
  }
  await cluster.whole();
  return recoveries;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;

function report(recoveries: readonly Recovery[], { anomalies, counts }: Recorder, clients: Clients): boolean {
  const times = recoveries.flatMap(({ services }) => services).sort((a, b) => a - b);
  const at = (share: number): string => seconds(times[Math.floor((times.length - 1) * share)] ?? NaN);
  console.log(`recovery after a new leader accepts writes: median ${at(0.5)}, worst ${at(1)}, of ${times.length}`);
  console.log(`responses by status (0: none): ${JSON.stringify(Object.fromEntries([...clients.statuses].sort()))}`);
  for (const surprise of clients.surprises.slice(0, 50)) console.log(`UNEXPECTED ${surprise}`);
  for (const { kind, why, event } of anomalies.slice(0, 50))
    console.log(`ANOMALY ${kind}: ${why} ${JSON.stringify(event)}`);
  const parts = Object.entries(counts).map(([op, count]) => `${count} ${op}`);
  console.log(`ended well: ${parts.join(', ')}; ${anomalies.length} anomalies`);
  return anomalies.length === 0 && clients.surprises.length === 0;
}

const inside = process.env[INSIDE];
if (values.help) console.log(HELP);
else if (inside === undefined) process.exitCode = await again();
else process.exit((await soak(inside)) ? 0 : 1);

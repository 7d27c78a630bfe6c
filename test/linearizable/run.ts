import { setTimeout } from 'node:timers/promises';
import { startMember, type Member } from '../soak/havoc.js';
import { startCluster, removeClusters } from '../support/cluster.js';
import { cleanUp } from '../support/process.js';
import { until } from '../support/until.js';
import { checkLedger } from '../support/ledger.js';
import type { Anomaly } from './checker.js';
import { startClients, type Crowd } from './clients.js';
import { killsOf } from './kills.js';
import { createRecorder, type Recorder } from './recorder.js';

export interface RunOptions {
  readonly services: number;
  /** Of each service. */
  readonly workers: number;
  readonly crowd: Crowd;
  /** The run ends after so many reads that succeeded, each register and counter of a response, and a round of kills. */
  readonly reads: number;
  /** Milliseconds between two kills. */
  readonly pause: number;
  /** Where the history goes; null: nowhere. */
  readonly file: string | null;
  readonly say: (line: string) => void;
}

export interface RunResult {
  readonly counts: Recorder['counts'];
  readonly anomalies: readonly Anomaly[];
  readonly surprises: readonly string[];
  readonly statuses: ReadonlyMap<number, number>;
  /** How often each was killed. */
  readonly kills: ReadonlyMap<string, number>;
}

/** Several services on one PostgreSQL, clients at all of them, and `kill -9` of one thing after the other. */
export async function runWithKills(options: RunOptions): Promise<RunResult> {
  const cluster = await startCluster();
  const recorder = createRecorder(options.file);
  try {
    const env = {
      OS_PLACEMENT_DATABASE__CONNECTION: cluster.url,
      OS_OSLO_POLICY__ENFORCE_NEW_DEFAULTS: 'false',
      STOCKROOM_LOG_LEVEL: 'silent',
    };
    const members: Member[] = await Promise.all(
      Array.from({ length: options.services }, () => startMember(['--workers', String(options.workers)], env)),
    );
    const clients = await startClients(
      members.map(({ url }) => url),
      recorder,
      options.crowd,
    );
    const all = killsOf(members, cluster);
    const kills = new Map<string, number>();
    const reads = (): number => recorder.counts.read + recorder.counts.usage;
    const start = performance.now();
    const progress = (): string => {
      const seconds = (performance.now() - start) / 1000;
      const { write, claim, snapshot } = recorder.counts;
      return (
        `${Math.round(seconds)} s: ${reads()} reads (${Math.round(reads() / seconds)} a second), ${snapshot} snapshots, ` +
        `${write + claim} writes, ${recorder.anomalies.length} anomalies`
      );
    };
    for (let turn = 0; turn < all.length || reads() < options.reads; turn++) {
      const one = all[turn % all.length]!;
      await setTimeout(options.pause);
      options.say(`${progress()}; kill ${turn + 1}: ${one.name}`);
      const before = recorder.acknowledged.length;
      await one.strike();
      kills.set(one.name, (kills.get(one.name) ?? 0) + 1);
      await until('writes are acknowledged again', () => recorder.acknowledged.length > before + 10, 60_000);
    }
    await clients.stop();
    options.say(progress());
    await checkLedger(cluster.url);
    const { counts, anomalies } = recorder;
    return { counts, anomalies, kills, surprises: clients.surprises, statuses: clients.statuses };
  } finally {
    recorder.close();
    await cleanUp();
    await removeClusters();
  }
}

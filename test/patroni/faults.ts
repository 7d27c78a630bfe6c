import { setTimeout } from 'node:timers/promises';
import { until } from '../support/until.js';
import type { Node, PatroniCluster } from './nodes.js';

/** A failure of the leader. `strike` returns when another node leads, or the same again; `heal` brings the old leader back. */
export interface Fault {
  readonly name: string;
  /** Another node has to take over. */
  readonly moves: boolean;
  strike(leader: Node): Promise<void>;
  heal(leader: Node): void;
}

/** Longer than the lease of a leader. */
const LEASE_MS = 40_000;

export function faultsOf(cluster: PatroniCluster): Fault[] {
  const replaced = (old: Node): Promise<unknown> =>
    until(
      'another node leads',
      async () => {
        const others = (await cluster.members())?.filter(({ name }) => name !== old.name) ?? [];
        return others.some(({ role, state }) => role === 'leader' && state === 'running');
      },
      LEASE_MS,
    );
  const nothing = (): void => undefined;
  return [
    {
      name: 'switchover',
      moves: true,
      async strike(leader) {
        const standby = (await cluster.members())?.find(({ role }) => role === 'sync_standby');
        const to = cluster.nodes.find(({ name }) => name === standby?.name);
        if (to === undefined) throw new Error('there is no synchronous standby');
        await cluster.switchover(leader, to);
        await replaced(leader);
      },
      heal: nothing,
    },
    {
      name: "kill -9 of the leader's PostgreSQL",
      moves: true,
      async strike(leader) {
        leader.killPostgres();
        await replaced(leader);
      },
      heal: nothing,
    },
    {
      name: "kill -9 of the leader's PostgreSQL and Patroni",
      moves: true,
      async strike(leader) {
        leader.kill();
        await replaced(leader);
      },
      heal(leader) {
        leader.startPatroni();
      },
    },
    {
      name: 'the leader is cut off from everything',
      moves: true,
      async strike(leader) {
        leader.unplug();
        await replaced(leader);
        await setTimeout(5000);
      },
      heal(leader) {
        leader.plug();
      },
    },
    {
      name: 'the leader is cut off from the other nodes, not from the services',
      moves: true,
      async strike(leader) {
        leader.isolateFromNodes();
        await until(
          'another node leads',
          async () => {
            for (const { address, name } of cluster.nodes) {
              if (name === leader.name) continue;
              const response = await fetch(`http://${address}:8008/primary`, {
                signal: AbortSignal.timeout(1000),
              }).catch(() => null);
              if (response?.status === 200) return true;
            }
            return false;
          },
          LEASE_MS,
        );
        await setTimeout(5000);
      },
      heal(leader) {
        leader.unite();
      },
    },
    {
      name: "the leader's disk is full",
      moves: false,
      async strike(leader) {
        leader.fillDisk();
        await setTimeout(10_000);
      },
      heal(leader) {
        leader.freeDisk();
      },
    },
  ];
}

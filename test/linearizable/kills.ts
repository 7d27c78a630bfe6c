import { execFileSync } from 'node:child_process';
import type { Member } from '../soak/havoc.js';
import type { Cluster } from '../support/cluster.js';
import { sql } from '../support/database.js';
import { killThose } from '../support/process.js';

export interface Kill {
  readonly name: string;
  /** Kills, and has it run again. */
  strike(): Promise<void>;
}

/** `kill -9` of everything that a service on one PostgreSQL is made of. */
export function killsOf(members: readonly Member[], cluster: Cluster): Kill[] {
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(Math.random() * list.length)];
  return [
    {
      name: 'a worker',
      strike() {
        const worker = pick(pick(members)?.process.workers() ?? []);
        if (worker !== undefined) killThose([worker]);
        return Promise.resolve();
      },
    },
    {
      name: 'a service with its workers',
      async strike() {
        const member = pick(members)!;
        const workers = member.process.workers();
        member.process.signal('SIGKILL');
        killThose(workers);
        await member.restart();
      },
    },
    {
      name: 'a session of PostgreSQL, so that it recovers',
      async strike() {
        const found = await sql<{ pid: number }>(
          cluster.url,
          `select pid from pg_stat_activity where application_name = 'stockroom' order by random() limit 1`,
        );
        killThose(found.map(({ pid }) => pid));
      },
    },
    {
      name: 'PostgreSQL',
      async strike() {
        await cluster.stop('kill');
        await cluster.start();
      },
    },
    {
      name: "PostgreSQL's checkpointer",
      strike() {
        // It has no session.
        const found = execFileSync('pgrep', ['-P', String(cluster.pid), '-f', 'checkpointer'], { encoding: 'utf8' });
        killThose(found.trim().split('\n').map(Number));
        return Promise.resolve();
      },
    },
  ];
}

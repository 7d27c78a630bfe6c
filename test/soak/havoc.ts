import { execFileSync } from 'node:child_process';
import { sql } from '../support/database.js';
import { startProcess, type RunningProcess } from '../support/process.js';

/** A service on a port of its own, which a new one gets again after it was killed. */
export interface Member {
  readonly url: string;
  process: RunningProcess;
  restart(): Promise<void>;
}

export async function startMember(args: readonly string[], env: Record<string, string>): Promise<Member> {
  const first = startProcess(['--port', '0', ...args], env);
  const { url } = await first.listening();
  const member: Member = {
    url,
    process: first,
    async restart() {
      await member.process.ended();
      member.process = startProcess(['--port', new URL(url).port, ...args], env);
      await member.process.listening();
    },
  };
  return member;
}

export interface Havoc {
  readonly name: string;
  wreak(): Promise<void>;
}

/** What happens to services and their database, each ending with everything running again. */
export function havocOf(members: readonly Member[], databaseUrl: string): Havoc[] {
  const someone = (): Member => members[Math.floor(Math.random() * members.length)]!;
  return [
    {
      name: 'a service is killed and started again',
      async wreak() {
        const member = someone();
        member.process.signal('SIGKILL');
        await member.restart();
      },
    },
    {
      name: 'a service is told to end and started again',
      async wreak() {
        const member = someone();
        member.process.signal('SIGTERM');
        const code = await member.process.ended();
        if (code !== 0) throw new Error(`a service that was told to end ended with ${code}`);
        await member.restart();
      },
    },
    {
      name: 'a worker is killed',
      wreak() {
        const workers = childrenOf(someone().process.pid);
        if (workers[0] !== undefined) process.kill(workers[0], 'SIGKILL');
        return Promise.resolve();
      },
    },
    {
      name: 'a service is told to reload',
      wreak() {
        someone().process.signal('SIGHUP');
        return Promise.resolve();
      },
    },
    {
      name: 'all database sessions are ended',
      async wreak() {
        await sql(
          databaseUrl,
          `select pg_terminate_backend(pid) from pg_stat_activity
           where datname = current_database() and pid <> pg_backend_pid()`,
        );
      },
    },
  ];
}

function childrenOf(pid: number): number[] {
  try {
    return execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map(Number);
  } catch {
    return []; // none
  }
}

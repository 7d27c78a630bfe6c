import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** How a client that behaves well was served since it was last asked, in milliseconds. */
export interface Served {
  readonly requests: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Responses that were not what it expected, by status; 0: no response. */
  readonly failures: Readonly<Record<string, number>>;
}

/** A client that behaves well, in a process of its own: what it measures is not the attack's own work. */
export interface Neighbour {
  served(): Promise<Served>;
  /** It gives back what it has claimed first. */
  stop(): Promise<void>;
}

export function startNeighbour(url: string, token: string, host: string): Neighbour {
  const file = fileURLToPath(new URL('neighbour-process.ts', import.meta.url));
  const child: ChildProcess = fork(file, [url, token, host], { execArgv: ['--import', 'tsx'] });
  return {
    async served() {
      child.send('served');
      const [served] = (await once(child, 'message')) as [Served];
      return served;
    },
    async stop() {
      child.send('stop');
      await once(child, 'exit');
    },
  };
}

import { existsSync, readFileSync } from 'node:fs';
import { createTestDatabase, sql, startTestServers, stopTestServers } from '../support/database.js';
import { cleanUp, startProcess } from '../support/process.js';

/** A service that is started to be attacked. */
export interface OwnService {
  readonly url: string;
  readonly pid: number;
  hasEnded(): boolean;
  /** What it wrote to standard error. */
  readonly errors: () => string;
  stop(): Promise<void>;
}

export async function startOwnService(): Promise<OwnService> {
  await startTestServers(1);
  const databaseUrl = await createTestDatabase();
  const run = startProcess(['--port', '0'], {
    OS_PLACEMENT_DATABASE__CONNECTION: databaseUrl,
    STOCKROOM_LOG_LEVEL: 'warn',
  });
  const { url } = await run.listening();
  // A listing of 2 MB, for clients that do not read it.
  await sql(
    databaseUrl,
    `insert into resource_providers (id, uuid, name, root_provider_id)
     select n, gen_random_uuid(), 'many-' || n, n from generate_series(10001, 13000) n`,
  );
  return {
    url,
    pid: run.pid,
    // `run.ended()` waits for minutes at most, and an attack may take longer.
    hasEnded: () => !existsSync(`/proc/${run.pid}`),
    errors: () => run.errors(),
    async stop() {
      await cleanUp();
      await stopTestServers();
    },
  };
}

/** The resident memory of a process, at its largest so far, in MB. */
export function largestMemory(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024);
}

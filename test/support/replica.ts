import { pino } from 'pino';
import { createDatabase } from '../../src/db/database.js';
import { connectClient } from '../../src/db/pool.js';
import { load } from '../../src/topology/journal.js';
import { createTopologyReader, type TopologyReader } from '../../src/topology/catch-up.js';
import type { Topology } from '../../src/topology/topology.js';
import { connect } from './database.js';
import { patience } from './patience.js';

/** A topology reader as the service has one, without the service, and what it logs. */
export interface Replica extends TopologyReader {
  readonly log: LogLine[];
}

export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly err?: { readonly message: string };
  readonly reason?: string;
}

export interface ReplicaOptions {
  /** Milliseconds. */
  readonly statementTimeout?: number;
  readonly connectTimeout?: number;
  /** Seconds. */
  readonly journalRetention?: number;
  /** A statement that each session begins with. */
  readonly afterConnect?: string;
}

export function startReplica(connectionString: string, options: ReplicaOptions = {}): Replica {
  // Long: a machine that stands still for seconds is no outage, unless a test is about deadlines.
  const {
    statementTimeout = patience(10_000),
    connectTimeout = patience(5000),
    journalRetention = 600,
    afterConnect = '',
  } = options;
  const log: LogLine[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => log.push(JSON.parse(line) as LogLine) });
  const database = createDatabase(
    { connectionString, maxConnections: 1, statementTimeout, connectTimeout },
    logger,
    async (options) => {
      const client = await connectClient(options);
      await client.query(afterConnect);
      return client;
    },
  );
  const reader = createTopologyReader({ database, log: logger, journalRetention });
  return {
    ...reader,
    log,
    async close() {
      await reader.close();
      // Tests close it, and so does what comes after each.
      if (!database.pool.ending) await database.pool.close();
    },
  };
}

/** What a process that starts now would hold. */
export async function freshTopology(connectionString: string): Promise<Topology> {
  const client = await connect(connectionString);
  try {
    return (await load(client)).topology;
  } finally {
    await client.end();
  }
}

/** Hand-typed SQL that inserts root providers of these names. */
export function insertProviders(...names: string[]): string {
  const rows = names.map((name) => `(gen_random_uuid()::text, '${name}')`);
  // The root of a new provider is itself, so its id is taken first.
  return `
    insert into resource_providers (id, uuid, name, root_provider_id)
    select id, uuid, name, id
    from (select nextval('resource_providers_id_seq') as id, * from (values ${rows.join()}) given (uuid, name)) new`;
}

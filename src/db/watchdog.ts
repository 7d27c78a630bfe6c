import type pg from 'pg';
import { isOutOfConnections } from './failures.js';
import { closeClient, destroyClient } from './close-client.js';

/**
 * Finds half-open connections (after a broken cable, a firewall, a fail-over), long before the deadline of their statements.
 * When a caller has waited longer than `patience`, the watchdog opens a new connection. If that fails, the database is away;
 * otherwise the database says which of our sessions still exist.
 *
 * It sends no statement while responses come in time.
 */
export interface Watchdog {
  /** Watches a connection until it ends. */
  watch(client: pg.ClientBase): void;
  /** A caller begins to wait for responses of the connection. */
  busy(client: pg.ClientBase): void;
  /** The caller waits no more. */
  idle(client: pg.ClientBase): void;
  /** Closes the connections that no caller waits for: after an outage they may be half-open. */
  readonly dropIdle: () => void;
  /** Closes all connections. */
  stop(): void;
}

export interface WatchdogOptions {
  /** Makes a client with short deadlines for connecting and for statements. */
  readonly connect: () => Promise<pg.Client>;
  /** Milliseconds. */
  readonly patience: number;
  /** No connection could be made, by an attempt that began at a time of `performance.now()`. */
  readonly onUnreachable: (error: unknown, since: number) => void;
}

export function createWatchdog({ connect, patience, onUnreachable }: WatchdogOptions): Watchdog {
  const watched = new Set<pg.ClientBase>();
  const busySince = new Map<pg.ClientBase, number>();
  let looking = false;

  function overdue(): pg.ClientBase[] {
    const before = performance.now() - patience;
    return [...busySince].filter(([, since]) => since < before).map(([client]) => client);
  }

  async function look(): Promise<void> {
    if (looking || overdue().length === 0) return;
    looking = true;
    const since = performance.now();
    try {
      const dead = await strangersAmong([...watched]);
      dead.forEach(destroyClient);
    } catch (error) {
      // A server without free connections is not away: existing connections work.
      if (!isOutOfConnections(error)) {
        onUnreachable(error, since);
        overdue().forEach(destroyClient);
      }
    } finally {
      looking = false;
    }
  }

  /** The connections whose sessions have ended on the server. */
  async function strangersAmong(clients: readonly pg.ClientBase[]): Promise<pg.ClientBase[]> {
    const asking = await connect();
    try {
      const { rows } = await asking.query<{ own: number; alive: number[] }>(
        `select pg_backend_pid() as own,
                array(select pid from pg_stat_activity where pid = any($1::int[]) or pid = pg_backend_pid()) as alive`,
        [clients.map(numberOf)],
      );
      const { own, alive = [] } = rows[0] ?? {};
      // Behind a pooler the process numbers are the pooler's own.
      if (own !== numberOf(asking)) return [];
      return clients.filter((client) => numberOf(client) !== null && !alive.includes(numberOf(client) as number));
    } finally {
      void closeClient(asking);
    }
  }

  const rounds = setInterval(() => void look(), Math.min(patience / 2, 1000)).unref();

  return {
    watch(client) {
      watched.add(client);
      client.once('end', () => {
        watched.delete(client);
        busySince.delete(client);
      });
    },
    busy: (client) => void busySince.set(client, performance.now()),
    idle: (client) => void busySince.delete(client),
    dropIdle() {
      for (const client of watched) if (!busySince.has(client)) destroyClient(client);
    },
    stop() {
      clearInterval(rounds);
      watched.forEach(destroyClient);
    },
  };
}

/** The process number that the server sent with the connection; the driver's types lack it. */
export function numberOf(client: pg.ClientBase): number | null {
  return (client as pg.ClientBase & { readonly processID: number | null }).processID;
}

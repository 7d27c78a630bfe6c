import type pg from 'pg';
import { isOutOfConnections } from './failures.js';
import { closeClient, destroyClient } from './close-client.js';

/**
 * Finds connections on which no response will ever come (half-open: a cable, a firewall, a fail-over in between), long before
 * the deadline of their statements. Whatever has been waited for longer than `patience` is looked into, on a new connection:
 * when there is none to be had the database is away; when there is, it tells which of our sessions it knows.
 *
 * It costs requests nothing: no statement of its own while responses come in time.
 */
export interface Watchdog {
  /** Have an eye on a connection until it ends. */
  watch(client: pg.ClientBase): void;
  /** A caller waits for its responses from now on, */
  busy(client: pg.ClientBase): void;
  /** and no more. */
  idle(client: pg.ClientBase): void;
  /** Closes the connections that no caller waits for: after an outage they may be dead without knowing. */
  readonly dropIdle: () => void;
  /** Closes all connections that are still there. */
  stop(): void;
}

export interface WatchdogOptions {
  /** Makes a client with short deadlines, on connecting and on its statements. */
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
      // Full is not away: those who have a connection can go on.
      if (!isOutOfConnections(error)) {
        onUnreachable(error, since);
        overdue().forEach(destroyClient);
      }
    } finally {
      looking = false;
    }
  }

  /** Those whose sessions have ended on the server, of which they have not heard. */
  async function strangersAmong(clients: readonly pg.ClientBase[]): Promise<pg.ClientBase[]> {
    const asking = await connect();
    try {
      const { rows } = await asking.query<{ own: number; alive: number[] }>(
        `select pg_backend_pid() as own,
                array(select pid from pg_stat_activity where pid = any($1::int[]) or pid = pg_backend_pid()) as alive`,
        [clients.map(numberOf)],
      );
      const { own, alive = [] } = rows[0] ?? {};
      // Behind a pooler the numbers are the pooler's, and say nothing.
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

/** The number of the server's process, as the server said when the connection was made; the driver does not declare it. */
export function numberOf(client: pg.ClientBase): number | null {
  return (client as pg.ClientBase & { readonly processID: number | null }).processID;
}

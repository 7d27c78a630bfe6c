import type { TopologyReader } from '../topology/catch-up.js';

/** The responses to probes. Probes need no token, so the responses state whether the service works, and nothing about the cloud or addresses. */
export interface Health {
  /** Returns at once, because a process that responds is alive. */
  alive(): object;
  readiness(): Promise<Readiness>;
}

export interface Readiness {
  /** Whether clients should send requests to this process. */
  readonly ready: boolean;
  /** The reason why the process is not ready, or `ready`. `catching up` may be the reason of a process that is ready. */
  readonly reason:
    | 'ready'
    | 'starting'
    | 'draining'
    | 'catching up'
    | 'the database cannot be used'
    | 'the database does not respond in time'
    | 'no worker responds';
  readonly draining: boolean;
  /** With workers, the number of workers that are ready. The other members are those of one worker. */
  readonly workers?: { readonly ready: number; readonly of: number };
  readonly database?: {
    readonly usable: boolean;
    /** The duration of the probe. */
    readonly milliseconds: number;
  };
  readonly topology?: {
    readonly loaded: boolean;
    /** Seconds since the last catch-up; null before the first one. */
    readonly age_seconds: number | null;
    /** The number of transactions between the oldest running one of the database and the newest. */
    readonly lag_transactions: number;
  };
  /** For information only: while Keystone is unavailable, known tokens are still valid. `responds` is null before the first request to Keystone. */
  readonly keystone?: {
    readonly responds: boolean | null;
    /** Present when users may sign in with a password. */
    readonly login?: true;
  };
}

export interface HealthOptions {
  readonly topology: Pick<TopologyReader, 'current' | 'status'>;
  /** Null when the service does not use Keystone. */
  readonly keystone: { responds(): boolean | null } | null;
  readonly isDraining: () => boolean;
  /** Whether users may sign in with a password. */
  readonly hasLogin?: boolean;
}

/** Kubernetes and HAProxy give up a probe after a second, so the deadline is shorter. */
const DEADLINE_MS = 800;

export function createHealth({ topology, keystone, isDraining, hasLogin = false }: HealthOptions): Health {
  let underWay: Promise<boolean> | null = null;

  /**
   * Waits for a catch-up like a read, on the connection of the topology. A catch-up shows that the database is reachable, is a primary, and
   * that the topology has seen its changes. All probes share one catch-up, so they use no connection of the pool.
   */
  function probe(): Promise<boolean> {
    underWay ??= topology
      .current()
      .then(
        () => true,
        () => false,
      )
      .finally(() => (underWay = null));
    return underWay;
  }

  return {
    alive: () => ({ status: 'alive' }),
    async readiness() {
      const start = performance.now();
      const outcome = await within(DEADLINE_MS, probe());
      const milliseconds = Math.round((performance.now() - start) * 1000) / 1000;
      const { loaded, catchingUp, age, xidLag } = topology.status();
      // All processes get a large change at the same moment. If each returned that it is not ready, no process would get requests. So the
      // process is ready: reads wait until the change is applied, and then get their responses.
      const isBusy = outcome === undefined && catchingUp;
      const draining = isDraining();
      return {
        ready: (outcome === true || isBusy) && !draining,
        reason: draining
          ? 'draining'
          : outcome === true
            ? 'ready'
            : isBusy
              ? 'catching up'
              : outcome === false
                ? 'the database cannot be used'
                : 'the database does not respond in time',
        draining,
        database: { usable: outcome === true || isBusy, milliseconds },
        topology: {
          loaded,
          age_seconds: age === null ? null : Math.round(age * 1000) / 1000,
          lag_transactions: xidLag,
        },
        ...(keystone === null
          ? {}
          : { keystone: { responds: keystone.responds(), ...(hasLogin ? { login: true as const } : {}) } }),
      };
    },
  };
}

/** The report of a process that has not started yet. */
export const STARTING: Readiness = { ready: false, reason: 'starting', draining: false };

/** Returns undefined when the work takes longer. */
function within<T>(milliseconds: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, milliseconds, undefined);
  });
  return Promise.race([work, late]).finally(() => {
    clearTimeout(timer);
  });
}

import type { TopologyReader } from '../topology/catch-up.js';

/** The responses to probes. They need no token, so they say whether the service works, and nothing about the cloud or addresses. */
export interface Health {
  /** The process lives: it responds. */
  alive(): object;
  readiness(): Promise<Readiness>;
}

export interface Readiness {
  /** Whether to send requests here. */
  readonly ready: boolean;
  /** Why not, or `ready`. */
  readonly reason:
    | 'ready'
    | 'starting'
    | 'draining'
    | 'catching up'
    | 'the database cannot be used'
    | 'the database does not respond in time'
    | 'no worker responds';
  readonly draining: boolean;
  /** Where there are workers, how many are ready; the rest is of one of them. */
  readonly workers?: { readonly ready: number; readonly of: number };
  readonly database?: {
    readonly usable: boolean;
    /** How long the probe took. */
    readonly milliseconds: number;
  };
  readonly topology?: {
    readonly loaded: boolean;
    /** Since it was last caught up with the database; null before the first time. */
    readonly age_seconds: number | null;
    /** Transactions between the oldest running one of the database and the newest. */
    readonly lag_transactions: number;
  };
  /** For information: while Keystone is away, known tokens go on working. Null when it has not been asked yet. */
  readonly keystone?: {
    readonly responds: boolean | null;
    /** People may sign in with a password; left out when they may not. */
    readonly login?: true;
  };
}

export interface HealthOptions {
  readonly topology: Pick<TopologyReader, 'current' | 'status'>;
  /** Null: there is none. */
  readonly keystone: { responds(): boolean | null } | null;
  readonly isDraining: () => boolean;
  /** People may sign in with a password. */
  readonly hasLogin?: boolean;
}

/** Below the second after which Kubernetes and HAProxy give a probe up. */
const DEADLINE_MS = 800;

export function createHealth({ topology, keystone, isDraining, hasLogin = false }: HealthOptions): Health {
  let underWay: Promise<boolean> | null = null;

  /**
   * Asks as reads do, on the connection of the topology: it says that the database can be reached, is a primary, and has been
   * followed. However many probes come, one catch-up is under way, and the connections of the pool are left to requests.
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
      // Every process gets the same large change at the same moment: if each said that it is not ready, all would be out at once.
      // Reads wait until it is applied, and are served.
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

/** Undefined when it takes longer. */
function within<T>(milliseconds: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, milliseconds, undefined);
  });
  return Promise.race([work, late]).finally(() => {
    clearTimeout(timer);
  });
}

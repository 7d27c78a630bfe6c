import { setTimeout } from 'node:timers/promises';
import type { Pool } from '../db/pool.js';
import { ApiError, changesGone, databaseUnavailable } from '../errors.js';
import { cursorText, type Cursor } from './cursor.js';
import { currentState, markBefore, type HistoryState } from './marks.js';
import type { ChangesPage, Filter } from './model.js';
import { readBackwards, readForwards } from './pages.js';
import { resolveFilter } from './rows.js';

/** The position where reading begins. */
export type StreamStart = Cursor | 'start' | 'now' | { readonly time: Date };

export interface ChangesQuery {
  readonly filter: Filter;
  readonly limit: number;
}

export interface StreamQuery extends ChangesQuery {
  readonly since: StreamStart;
  /** Milliseconds to wait for changes when there are none. */
  readonly wait: number;
}

export interface HistoryReader {
  /**
   * A page of the stream, oldest change first.
   *
   * @param isGone returns whether the client has closed the connection; the reader calls it while it waits
   * @throws 404 when no history is kept, 410 when the history does not have the position any more, 503 when the database cannot be used
   */
  follow(query: StreamQuery, isGone: () => boolean): Promise<ChangesPage>;
  /** The changes before a position, newest first. Those of former histories come last. @throws as follow() does */
  look(query: ChangesQuery & { readonly before: Cursor | null }): Promise<ChangesPage>;
  /** Puts committed changes into a batch, and checks whether a history is kept. A timer of the process calls it. */
  mark(): Promise<void>;
  /** False when the database keeps no history, as far as this process knows. */
  isKept(): boolean;
  /** The number of requests that wait for changes. */
  waiting(): number;
  /** Ends the wait of all requests. Each returns the page that it has. */
  close(): void;
}

/** The interval at which the reader polls the database, for any number of waiting requests. */
const POLL_MS = 250;

interface Waiter {
  readonly after: number;
  readonly deadline: number;
  readonly isGone: () => boolean;
  readonly resolve: (state: HistoryState | null) => void;
  readonly reject: (error: unknown) => void;
}

export function createHistoryReader(pool: Pool, isDraining: () => boolean): HistoryReader {
  const waiters = new Set<Waiter>();
  let isPolling = false;
  let isClosed = false;
  let kept = true;
  /** The queries in progress. Requests for the same page share a query. */
  const pages = new Map<string, ReturnType<typeof readForwards>>();

  async function present(): Promise<HistoryState> {
    try {
      const state = await currentState(pool);
      kept = true;
      return state;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) kept = false;
      throw error;
    }
  }

  async function follow({ filter, limit, since, wait }: StreamQuery, isGone: () => boolean): Promise<ChangesPage> {
    const deadline = performance.now() + wait;
    let state = await present();
    let place = await placeOf(pool, since, state);
    for (;;) {
      if (!isKeptPlace(place, state)) throw gone(state);
      const page = await pageFrom(state, place, limit, filter);
      if (page === null) throw gone(await present());
      if (page.changes.length > 0 || page.more || performance.now() >= deadline || isEnding()) return page;
      place = page.place;
      const next = await news({ after: state.newest, deadline, isGone });
      if (next === null) return page;
      state = next;
    }
  }

  function pageFrom(
    state: HistoryState,
    place: Cursor,
    limit: number,
    filter: Filter,
  ): ReturnType<typeof readForwards> {
    const key = JSON.stringify([cursorText(place), state.newest, limit, filter]);
    const known = pages.get(key);
    if (known !== undefined) return known;
    const page = resolveFilter(pool, filter)
      .then((resolved) => readForwards(pool, state, place, limit, resolved))
      .finally(() => pages.delete(key));
    pages.set(key, page);
    return page;
  }

  function isEnding(): boolean {
    return isClosed || isDraining();
  }

  /** Returns the state after the next mark; null when the request has waited long enough. */
  function news(waiter: Omit<Waiter, 'resolve' | 'reject'>): Promise<HistoryState | null> {
    return new Promise((resolve, reject) => {
      waiters.add({ ...waiter, resolve, reject });
      if (!isPolling) void poll();
    });
  }

  async function poll(): Promise<void> {
    isPolling = true;
    while (waiters.size > 0) {
      await setTimeout(POLL_MS);
      dismiss(({ deadline, isGone }) => isEnding() || isGone() || performance.now() >= deadline);
      if (waiters.size === 0) break;
      try {
        const state = await present();
        for (const waiter of waiters) {
          if (state.newest <= waiter.after) continue;
          waiters.delete(waiter);
          waiter.resolve(state);
        }
      } catch (error) {
        for (const waiter of waiters) waiter.reject(error);
        waiters.clear();
      }
    }
    isPolling = false;
  }

  function dismiss(which: (waiter: Waiter) => boolean): void {
    for (const waiter of waiters) {
      if (!which(waiter)) continue;
      waiters.delete(waiter);
      waiter.resolve(null);
    }
  }

  return {
    follow,
    async look({ filter, limit, before }) {
      const state = await present();
      if (before !== null && before.history !== state.history) throw gone(state);
      const place = before ?? nowOf(state);
      return readBackwards(pool, state, place, limit, await resolveFilter(pool, filter));
    },
    async mark() {
      if (isClosed) throw databaseUnavailable();
      await present().catch((error: unknown) => {
        if (kept) throw error;
      });
    },
    isKept: () => kept,
    waiting: () => waiters.size,
    close() {
      isClosed = true;
      dismiss(() => true);
    },
  };
}

async function placeOf(pool: Pool, since: StreamStart, state: HistoryState): Promise<Cursor> {
  if (since === 'now') return nowOf(state);
  if (since === 'start') return startOf(state);
  if ('mark' in since) return since;
  const mark = await markBefore(pool, since.time);
  if (mark === null) throw gone(state);
  return { history: state.history, mark: mark + 1, seq: 0 };
}

/** Whether the history has the changes after a position. A position after the newest batch comes from a history that this database never had. */
function isKeptPlace({ history, mark }: Cursor, state: HistoryState): boolean {
  return history === state.history && mark > state.oldest && mark <= state.newest + 1;
}

function startOf({ history, oldest }: HistoryState): Cursor {
  return { history, mark: oldest + 1, seq: 0 };
}

function nowOf({ history, newest }: HistoryState): Cursor {
  return { history, mark: newest + 1, seq: 0 };
}

function gone(state: HistoryState): ApiError {
  return changesGone({ oldest: cursorText(startOf(state)), now: cursorText(nowOf(state)) });
}

import { ask, Failure } from './api.js';
import type { Change, ChangesPage } from './documents.js';
import { look } from './reachable.js';
import { expire, session, withToken } from './session.js';

/** A reader of the stream of changes. */
export interface Following {
  readonly onChanges: (changes: readonly Change[]) => void;
  /** What keeps it from reading; null when it reads. It goes on by itself. */
  readonly onTrouble: (failure: Failure | null) => void;
  /** Changes were lost: the service does not keep them any more. */
  readonly onGap: () => void;
  readonly signal: AbortSignal;
}

const WAIT_SECONDS = 30;
const PAUSE_MS = 2000;

/**
 * Follows the changes from a cursor by long polling until the signal ends it. A service that is away, or a token that ends,
 * costs no change: the cursor stays.
 *
 * @param filter of GET /stockroom/changes, as a query string
 */
export async function follow(
  from: string,
  filter: string,
  { onChanges, onTrouble, onGap, signal }: Following,
): Promise<void> {
  let cursor = from;
  while (!signal.aborted) {
    const { token, state } = session.get();
    if (state !== 'in') {
      await pause(PAUSE_MS, signal);
      continue;
    }
    try {
      const path = `/stockroom/changes?since=${encodeURIComponent(cursor)}&wait=${WAIT_SECONDS}${filter}`;
      const { body } = await ask<ChangesPage>(path, { token, signal });
      onTrouble(null);
      if (body.changes.length > 0) onChanges(body.changes);
      cursor = body.next;
    } catch (error) {
      if (isAbort(error)) return;
      if (!(error instanceof Failure)) throw error;
      if (error.status === 410 && typeof error.members['now'] === 'string') {
        onGap();
        cursor = error.members['now'];
        continue;
      }
      if (error.status === 401) expire(token);
      else onTrouble(error);
      if (error.status === 0) void look();
      await pause(PAUSE_MS, signal);
    }
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

/** The cursor of this moment: what comes later is after it. */
export async function cursorOfNow(signal: AbortSignal): Promise<string> {
  const path = '/stockroom/changes?since=now&limit=1';
  const { body } = await withToken((token) => ask<ChangesPage>(path, { token, signal }));
  return body.next;
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

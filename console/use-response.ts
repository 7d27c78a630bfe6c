import { useEffect, useRef, useState } from 'preact/hooks';
import { ask, Failure } from './api.js';
import { look } from './reachable.js';
import { tick } from './refresh.js';
import { expire, messageOf, session, withToken } from './session.js';
import { useStore } from './store.js';

/** What is known of a request. While it is asked again, the former body stays. */
export interface View<Body> {
  /** As it was asked; null when nothing is asked. */
  readonly path: string | null;
  readonly version: string | undefined;
  readonly isLoading: boolean;
  readonly body: Body | null;
  readonly at: Date | null;
  readonly failure: Failure | null;
}

/** They need no token. The form to sign in asks what the service accepts. */
const PUBLIC: readonly string[] = ['/', '/healthz', '/readyz'];

const BLANK = { isLoading: false, body: null, at: null, failure: null } as const;

/**
 * Asks a path, again at each refresh and after each sign-in.
 *
 * @param path with its query; null asks nothing
 */
export function useResponse<Body>(path: string | null, version?: string): View<Body> {
  const [view, setView] = useState<View<Body>>({ ...BLANK, path, version, isLoading: path !== null });
  const ticked = useStore(tick);
  const { token, state } = useStore(session);
  const shown = useRef(view);
  shown.current = view;

  useEffect(() => {
    // The page stays as it is while the reader signs in again.
    if (state === 'expired' && path !== null && !PUBLIC.includes(path)) return;
    const isSame = shown.current.path === path && shown.current.version === version;
    const former = isSame ? shown.current : { ...BLANK, path, version };
    if (path === null) {
      setView({ ...former, isLoading: false });
      return;
    }
    const leaving = new AbortController();
    setView({ ...former, path, version, isLoading: true });
    ask<Body>(path, { token, version, signal: leaving.signal }).then(
      ({ body, at }) => {
        setView({ path, version, isLoading: false, body, at, failure: null });
      },
      (error: unknown) => {
        if (leaving.signal.aborted) return;
        const failure = error instanceof Failure ? error : new Failure(0, messageOf(error));
        if (failure.status === 401) expire(token);
        if (failure.status === 0) void look();
        setView({ ...former, path, version, isLoading: false, failure });
      },
    );
    return () => {
      leaving.abort();
    };
  }, [path, version, ticked, token, state]);

  // A response to an earlier request does not count.
  return view.path === path && view.version === version ? view : { ...BLANK, path, version, isLoading: path !== null };
}

/** Asks once, for what is no view. A token that ended is no failure: it goes on after the next sign-in. @throws Failure */
export async function askOnce<Body>(path: string, version?: string): Promise<Body> {
  return (await withToken((token) => ask<Body>(path, { token, version }))).body;
}

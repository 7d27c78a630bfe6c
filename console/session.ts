import { ask, Failure, post } from './api.js';
import type { Login, Whoami } from './documents.js';
import { createStore } from './store.js';

/**
 * Who uses the console. The token is kept in the session storage of the tab: it survives a reload, no other tab has it, and
 * it goes with the tab.
 */
export interface Session {
  /** `checking`: there is a token of before, and the service has not said yet whether it is valid. */
  readonly state: 'out' | 'checking' | 'in' | 'expired';
  readonly token: string | null;
  readonly whoami: Whoami | null;
  /** Why the operator is not signed in, where there is more to say. */
  readonly notice: string | null;
}

const KEY = 'stockroom-token';
const OUT: Session = { state: 'out', token: null, whoami: null, notice: null };
const kept = sessionStorage.getItem(KEY);

export const session = createStore<Session>(kept === null ? OUT : { ...OUT, state: 'checking', token: kept });

/** Asks who the token of before belongs to. Tries again while the service is away. */
export async function resume(): Promise<void> {
  const { token, state } = session.get();
  if (token === null || state !== 'checking') return;
  try {
    await signIn(token);
  } catch (error) {
    if (error instanceof Failure && error.isAway) {
      setTimeout(() => void resume(), 2000);
      return;
    }
    signOut(error instanceof Failure && error.status === 401 ? 'The token is not valid any more.' : messageOf(error));
  }
}

/** @throws Failure 401 for a token that is not valid */
export async function signIn(token: string): Promise<void> {
  const { body } = await ask<Whoami>('/stockroom/whoami', { token });
  sessionStorage.setItem(KEY, token);
  session.set({ state: 'in', token, whoami: body, notice: null });
}

/** With what Keystone wants to know; the service passes it on. @throws Failure */
export async function logIn(document: object): Promise<void> {
  const { body } = await post<Login>('/stockroom/login', document);
  await signIn(body.token);
}

export function signOut(notice: string | null = null): void {
  sessionStorage.removeItem(KEY);
  session.set({ ...OUT, notice });
}

/** A request was rejected with 401. The page stays, and the form is shown over it. */
export function expire(token: string | null): void {
  const now = session.get();
  if (now.state !== 'in' || now.token !== token) return;
  sessionStorage.removeItem(KEY);
  session.set({
    ...now,
    state: 'expired',
    notice: 'The token is not valid any more. The page goes on after a new one.',
  });
}

/**
 * Does what needs a token. When the service rejects the token, waits until the user has signed in again, and tries again.
 *
 * @throws Failure, a 401 when the reader signs out instead
 */
export async function withToken<Result>(work: (token: string | null) => Promise<Result>): Promise<Result> {
  for (;;) {
    const { token } = session.get();
    try {
      return await work(token);
    } catch (error) {
      if (!(error instanceof Failure) || error.status !== 401) throw error;
      expire(token);
      if (!(await isSignedInAgain())) throw error;
    }
  }
}

function isSignedInAgain(): Promise<boolean> {
  return new Promise((resolve) => {
    const look = (): void => {
      const { state } = session.get();
      if (state === 'expired' || state === 'checking') return;
      stop();
      resolve(state === 'in');
    };
    const stop = session.subscribe(look);
    look();
  });
}

/** Whether the policy allows a rule to the reader. */
export function isAllowed({ whoami }: Session, rule: string): boolean {
  return whoami?.rules.includes(rule) === true;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

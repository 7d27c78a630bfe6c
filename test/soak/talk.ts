import { setTimeout } from 'node:timers/promises';

/** What came back. */
export interface Said {
  readonly status: number;
  readonly body: unknown;
  /** It is unknown whether the request was carried out: no response, or a 503. */
  readonly lost: boolean;
}

interface Kind {
  readonly milliseconds: number[];
  readonly outcomes: Map<string, number>;
}

/** What was said, and what must never happen. */
export interface Journal {
  readonly kinds: Map<string, Kind>;
  readonly violations: string[];
}

export type Talk = ReturnType<typeof createTalk>;

/** A response later than this is a violation: the longest deadline inside (a statement's, 30 s) and some patience. */
const DEADLINE_MS = 40_000;
const HEADERS = {
  'x-auth-token': 'admin',
  'content-type': 'application/json',
  'openstack-api-version': 'placement 1.39',
};

/** Sends requests to several services as clients do, and counts the responses. */
export function createTalk(urls: readonly string[], journal: Journal) {
  /**
   * @param kind what the report calls it
   * @param expected the statuses that are no violation, beside a 503 that says when to come back
   */
  return async function talk(
    at: number,
    kind: string,
    method: string,
    path: string,
    { body, expected }: { body?: unknown; expected: readonly number[] },
  ): Promise<Said> {
    const start = performance.now();
    const note = (outcome: string): void => {
      let one = journal.kinds.get(kind);
      if (one === undefined) journal.kinds.set(kind, (one = { milliseconds: [], outcomes: new Map() }));
      one.milliseconds.push(performance.now() - start);
      one.outcomes.set(outcome, (one.outcomes.get(outcome) ?? 0) + 1);
    };
    const violation = (what: string): void => {
      journal.violations.push(`${new Date().toISOString()} ${method} ${path}: ${what}`);
    };
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${urls[at % urls.length] ?? ''}${path}`, {
        method,
        headers: HEADERS,
        signal: AbortSignal.timeout(DEADLINE_MS),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      text = await response.text();
    } catch (error) {
      if ((error as Error).name === 'TimeoutError') violation(`no response within ${DEADLINE_MS} ms`);
      note('no response');
      await setTimeout(100);
      return { status: 0, body: null, lost: true };
    }
    const { status } = response;
    note(String(status));
    if (status === 503) {
      const wait = Number(response.headers.get('retry-after'));
      if (!(wait > 0)) violation('503 without Retry-After');
      await setTimeout(Math.min(wait * 1000, 1000));
      return { status, body: null, lost: true };
    }
    if (!expected.includes(status)) violation(`${status} ${text.slice(0, 300)}`);
    return { status, body: text === '' ? null : (JSON.parse(text) as unknown), lost: false };
  };
}

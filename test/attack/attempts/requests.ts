import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Attempt, Target } from '../attempt.js';
import { ask } from '../ask.js';

const word = async (response: Promise<{ status: number }>): Promise<string> => {
  const { status } = await response;
  return status === 0 ? 'closed' : String(status);
};
const turn = <T>({ next }: Target, kinds: readonly T[]): T => kinds[next() % kinds.length]!;

/** The largest body that is accepted, whole and of many kinds. */
const LARGE = 10 * 1024 * 1024 - 100;
const LARGE_BODIES: readonly (() => string)[] = [
  () => `{"name": "${'x'.repeat(LARGE)}"}`,
  () => `{"name": [${'1,'.repeat(LARGE / 2 - 10)}1]}`,
  () => `{${Array.from({ length: 700_000 }, (_, i) => `"k${i}":1`).join()}}`,
  () => `{"name": "${'\u00e9'.repeat(LARGE / 2 - 10)}"}`,
  () => `{"inventories": {"VCPU": {"total": 1${'0'.repeat(LARGE - 100)}}}}`,
];
const largeBodies = LARGE_BODIES.map((make) => {
  let made: Buffer | null = null;
  return (): Buffer => (made ??= Buffer.from(make()));
});

export const bodies: Attempt = {
  name: 'bodies of 10 MB',
  clients: 30,
  share: 20,
  make: (target) => word(ask(target, 'POST', '/resource_providers', turn(target, largeBodies)())),
};

const nested = ['[', '{"a":', '{"name":[', '[{"a":'].flatMap((part) =>
  [1_000, 300_000].map((n) => Buffer.from(part.repeat(n))),
);

export const nesting: Attempt = {
  name: 'deep nesting',
  clients: 10,
  share: 20,
  make: (target) =>
    word(
      ask(
        target,
        turn(target, ['POST', 'PUT']),
        turn(target, ['/resource_providers', `/allocations/${randomUUID()}`, '/reshaper']),
        turn(target, nested),
      ),
    ),
};

const long = (n: number): string => turnless[n % turnless.length]!;
const turnless = [
  '{'.repeat(100_000),
  '-'.repeat(100_000),
  'a'.repeat(100_000),
  `urn:uuid:${'{'.repeat(50_000)}`,
  '\u0130'.repeat(30_000),
];

export const identifiers: Attempt = {
  name: 'long identifiers',
  clients: 10,
  share: 40,
  make(target) {
    const name = long(target.next());
    const bodies = [
      { name: 'x', uuid: name },
      { name },
      { name: 'x', parent_provider_uuid: name },
      { resource_provider_generation: 0, aggregates: [name] },
    ];
    const paths = [
      `/resource_providers/${encodeURIComponent(name.slice(0, 4000))}`,
      `/traits/${encodeURIComponent(name.slice(0, 4000))}`,
      `/resource_providers?member_of=in:${encodeURIComponent(name.slice(0, 3000))}`,
      `/allocation_candidates?resources=${encodeURIComponent(name.slice(0, 3000))}:1`,
    ];
    if (target.next() % 2 === 0) return word(ask(target, 'GET', turn(target, paths)));
    return word(ask(target, 'POST', '/resource_providers', Buffer.from(JSON.stringify(turn(target, bodies)))));
  },
};

const groups = (count: number, each: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => each(i + 1)).join('&');
const SEARCHES: readonly string[] = [
  `${groups(18, (i) => `resources${i}=NET_BW_EGR_KILOBIT_PER_SEC:${i % 2 === 0 ? 340 : 330}`)}&group_policy=none&limit=1`,
  `${groups(7, (i) => `resources${i}=NET_BW_EGR_KILOBIT_PER_SEC:1`)}&group_policy=isolate`,
  `${groups(7, (i) => `resources${i}=NET_BW_EGR_KILOBIT_PER_SEC:1`)}&group_policy=none`,
  `${groups(40, (i) => `resources${i}=NET_BW_EGR_KILOBIT_PER_SEC:1`)}&group_policy=none`,
  `${groups(20, (i) => `resources_N${i}=NET_BW_EGR_KILOBIT_PER_SEC:1`)}&same_subtree=${Array.from({ length: 20 }, (_, i) => `_N${i + 1}`).join()}&group_policy=none&limit=1000`,
];

/** Some clients leave before their response comes. */
export const searches: Attempt = {
  name: 'expensive searches',
  clients: 8,
  share: 20,
  make(target) {
    const gone = new AbortController();
    if (target.next() % 4 === 0)
      void setTimeout(200, undefined, { ref: false }).then(() => {
        gone.abort();
      });
    return word(
      ask(target, 'GET', `/allocation_candidates?${turn(target, SEARCHES)}`, undefined, { signal: gone.signal }),
    );
  },
};

/** With noauth2 every token is good but the empty one. */
export const tokens: Attempt = {
  name: 'storms of bad tokens',
  clients: 50,
  share: 80,
  make: (target) =>
    word(
      ask(target, 'GET', '/resource_providers?name=a', undefined, {
        token: turn(target, [randomUUID(), `gAAAAA${randomUUID().repeat(20)}`, '', 'x'.repeat(8000)]),
      }),
    ),
};

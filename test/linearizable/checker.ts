import { createCounter, type Counter } from './counter.js';
import type { Generations } from './generations.js';
import type { Event, Seen } from './history.js';
import { createRegister, type Register } from './register.js';
import { createSnapshots, type Snapshots } from './snapshots.js';

export type AnomalyKind =
  | 'stale read'
  | 'generation back'
  | 'lost write'
  | 'two writes of a generation'
  | 'write over a newer one'
  | 'value from no write'
  | 'failed write is there'
  | 'two values of a generation'
  | 'two moments'
  | 'over-allocation'
  | 'lost claim'
  | 'usage from no claim'
  | 'broken history';

export interface Anomaly {
  readonly kind: AnomalyKind;
  readonly event: Event;
  readonly why: string;
}

/**
 * Checks a history event by event, in time about linear in their number. Linearizability is local, so each key is checked alone (Herlihy and
 * Wing 1990), and the order of the writes to a key is known, because each has a generation. Then a history is linearizable exactly when
 * every value was written before it is read, each generation is written once, and no operation that begins after another has
 * ended has an older generation (Gibbons and Korach 1997: with the order of writes known the check is linear).
 *
 * A snapshot is a read of each of its keys, and more: all are of one moment (docs/reference/history-of-clients.md#snapshots).
 *
 * What no operation under way can be compared with is forgotten, so the memory is bounded by the keys and by what happens during the
 * longest operation.
 */
export interface Checker {
  /** The next event of the history. @throws never: what is wrong is in `anomalies` */
  readonly add: (event: Event) => void;
  readonly anomalies: readonly Anomaly[];
  /** Events that ended with `ok`, by operation. Each register or counter of a snapshot counts as a read or usage, too. */
  readonly counts: Readonly<Record<Event['op'], number>>;
}

interface Pending {
  readonly event: Event;
  /** The number of the event. */
  readonly at: number;
}

/** So many events from one forgetting to the next. */
const FORGET_EVERY = 5000;

/** A checker that stands before the first event. */
export function createChecker(): Checker {
  const registers = new Map<string, Register>();
  const counters = new Map<string, Counter>();
  const snapshots = new Map<string, Snapshots>();
  /** By client, in the order in which they began. */
  const pending = new Map<string, Pending>();
  /** What has grown since the last forgetting. */
  const grown = new Set<{ forget(at: number): void }>();
  const anomalies: Anomaly[] = [];
  const counts = { read: 0, write: 0, usage: 0, claim: 0, snapshot: 0 };
  let [time, at] = [-Infinity, -1];
  let present: Event;

  const anomaly = (kind: AnomalyKind, why: string): void => {
    anomalies.push({ kind, event: present, why });
  };

  function growing<T extends { forget(at: number): void }>(all: Map<string, T>, key: string, create: () => T): T {
    let one = all.get(key);
    if (one === undefined) all.set(key, (one = create()));
    grown.add(one);
    return one;
  }
  const registerOf = (key: string): Register => growing(registers, key, () => createRegister(anomaly));
  const counterOf = (key: string): Counter => growing(counters, key, () => createCounter(anomaly));

  /** The generation that an operation ended with, against those that were seen before it began. */
  function raise(generations: Generations, generation: number, begun: number, writes: boolean): void {
    const before = generations.before(begun);
    if (before !== null && (writes ? generation <= before.generation : generation < before.generation)) {
      const kind = writes
        ? 'write over a newer one'
        : before.client === present.client
          ? 'generation back'
          : 'stale read';
      anomaly(kind, `generation ${generation}, after ${before.client} had ${before.generation}`);
    }
    generations.reach(generation, at, present.client);
  }

  /** @returns the generation; null when it is not known */
  function look(seen: Seen, begun: number): number | null {
    counts[seen.op]++;
    if (seen.op === 'usage') {
      const counter = counterOf(seen.key);
      counter.read(seen, begun);
      if (seen.generation === undefined) return null;
      // Not one usage a generation: what is given back leaves the generation as it is (docs/contract/semantics.md).
      raise(counter.generations, seen.generation, begun, false);
      return seen.generation;
    }
    const register = registerOf(seen.key);
    const generation = register.read(seen);
    if (generation !== null) raise(register.generations, generation, begun, false);
    return generation;
  }

  /** Whether all was seen at one moment. */
  function lookAtAll(name: string, reads: readonly Seen[], begun: number): void {
    const keys: string[] = [name];
    const generations: number[] = [];
    let newest = { at: -1, what: '' };
    let oldest = { at: Infinity, what: '' };
    for (const seen of reads) {
      const generation = look(seen, begun);
      if (generation === null) continue;
      keys.push(`${seen.op} ${seen.key}`);
      generations.push(generation);
      const known = seen.op === 'read' ? registerOf(seen.key) : counterOf(seen.key);
      const what = `generation ${generation} of ${seen.key}`;
      if ('begun' in known && known.begun(generation) > newest.at) newest = { at: known.begun(generation), what };
      const passed = known.generations.passed(generation);
      if (passed !== null && passed.at < oldest.at) oldest = { at: passed.at, what };
    }
    if (newest.at > oldest.at)
      anomaly('two moments', `the write of ${newest.what} began after ${oldest.what} was over`);
    const other = growing(snapshots, keys.join(), createSnapshots).add(generations, at);
    if (other !== null) anomaly('two moments', `generations ${generations.join()}, and ${other.join()} in another`);
  }

  function begin(event: Event): void {
    pending.set(event.client, { event, at });
    if (event.op === 'claim') counterOf(event.key).begin(event);
    if (event.op === 'write') registerOf(event.key).begin(event, at);
  }

  function succeed(event: Event, begun: number): void {
    switch (event.op) {
      case 'read':
      case 'usage':
        look(event, begun);
        break;
      case 'snapshot':
        counts.snapshot++;
        lookAtAll(event.key, event.reads!, begun);
        break;
      case 'write':
        counts.write++;
        registerOf(event.key).written(event);
        raise(registerOf(event.key).generations, event.generation, begun, true);
        break;
      case 'claim':
        counts.claim++;
        counterOf(event.key).done(event, at);
    }
  }

  function end(event: Event, begun: number): void {
    if (event.type === 'ok') succeed(event, begun);
    else if (event.type === 'fail') {
      if (event.op === 'write') registerOf(event.key).failed(event);
      else if (event.op === 'claim') counterOf(event.key).failed(event);
    }
  }

  function forget(): void {
    const [oldest] = pending.values();
    for (const one of grown) one.forget(oldest?.at ?? at + 1);
    grown.clear();
  }

  return {
    anomalies,
    counts,
    add(event) {
      present = event;
      if (++at % FORGET_EVERY === 0) forget();
      if (event.time < time) anomaly('broken history', 'it is older than the event before it');
      time = event.time;
      const before = pending.get(event.client);
      if (event.type === 'invoke') {
        if (before !== undefined) anomaly('broken history', 'its client has not ended the operation before');
        pending.delete(event.client);
        begin(event);
      } else if (before === undefined || before.event.op !== event.op || before.event.key !== event.key) {
        anomaly('broken history', 'it ends what was not begun');
      } else {
        pending.delete(event.client);
        end(event, before.at);
      }
    },
  };
}

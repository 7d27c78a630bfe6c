import type { Claim, Event, Read, Usage, Write } from './history.js';

export type AnomalyKind =
  | 'stale read'
  | 'generation back'
  | 'lost write'
  | 'two writes of a generation'
  | 'write over a newer one'
  | 'value from no write'
  | 'failed write is there'
  | 'two values of a generation'
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
 * Judges a history event by event, in time linear in their number. Linearizability is local, so each key is judged alone (Herlihy and
 * Wing 1990), and the order of the writes to a key is known, because each has a generation. Then a history is linearizable exactly when
 * every value was written before it is read, each generation is written once, and no operation that begins after another has
 * ended has an older generation (Gibbons and Korach 1997: with the order of writes known the check is linear).
 */
export interface Checker {
  /** The next event of the history. @throws never: what is wrong is in `anomalies` */
  readonly add: (event: Event) => void;
  readonly anomalies: readonly Anomaly[];
  /** Events that ended with `ok`, by operation. */
  readonly counts: Readonly<Record<Event['op'], number>>;
}

interface Pending {
  readonly event: Event;
  /** The newest generation that an operation on this key had ended with, and the client of it. */
  readonly floor: number;
  readonly floorClient: string;
  /** Of counters. */
  readonly claimedBefore: number;
  readonly returnedBefore: number;
}

interface Key {
  floor: number;
  floorClient: string;
  /** The value of each generation, and whether an acknowledged write made it. */
  readonly known: Map<number, { value: string; acknowledged: boolean }>;
  /** Writes that may have been made: under way, or of unknown outcome. */
  readonly possible: Map<number, Set<string>>;
  /** Sums of what was added and of what was given back: begun and not failed, and acknowledged. */
  claims: { begun: number; acknowledged: number };
  returns: { begun: number; acknowledged: number };
}

/** A checker that stands before the first event. */
export function createChecker(): Checker {
  const keys = new Map<string, Key>();
  const pending = new Map<string, Pending>();
  const anomalies: Anomaly[] = [];
  const counts = { read: 0, write: 0, usage: 0, claim: 0 };
  let time = -Infinity;

  const anomaly = (kind: AnomalyKind, event: Event, why: string): void => {
    anomalies.push({ kind, event, why });
  };

  function keyOf(event: Event): Key {
    const name = `${event.op === 'usage' || event.op === 'claim' ? 'counter' : 'register'} ${event.key}`;
    let key = keys.get(name);
    if (key === undefined) {
      key = {
        ...{ floor: -1, floorClient: '', known: new Map(), possible: new Map() },
        ...{ claims: { begun: 0, acknowledged: 0 }, returns: { begun: 0, acknowledged: 0 } },
      };
      keys.set(name, key);
    }
    return key;
  }

  /** The generation that an operation ended with, against those that were seen before it began. */
  function raise(key: Key, event: Read | Write | Usage, generation: number, before: Pending): void {
    if (event.op === 'write' ? generation <= before.floor : generation < before.floor) {
      const own = before.floorClient === event.client;
      const kind = event.op === 'write' ? 'write over a newer one' : own ? 'generation back' : 'stale read';
      anomaly(kind, event, `generation ${generation}, after ${before.floorClient} had ${before.floor}`);
    }
    if (generation > key.floor) [key.floor, key.floorClient] = [generation, event.client];
  }

  function read(event: Read, before: Pending, key: Key): void {
    const { generation, value } = event as Required<Read>;
    const known = key.known.get(generation);
    if (known === undefined) {
      // A key begins with what is read first.
      const begins = key.known.size === 0 && key.possible.size === 0;
      if (!begins && key.possible.get(generation)?.has(value) !== true)
        anomaly('value from no write', event, `no write gave generation ${generation} the value ${value}`);
      key.known.set(generation, { value, acknowledged: false });
    } else if (known.value !== value) {
      const kind = known.acknowledged ? 'lost write' : 'two values of a generation';
      anomaly(kind, event, `generation ${generation} has ${value}, and had ${known.value}`);
    }
    raise(key, event, generation, before);
  }

  function written(event: Write, before: Pending, key: Key): void {
    const { generation, value } = event;
    const known = key.known.get(generation);
    if (known !== undefined && known.value !== value) {
      const kind = known.acknowledged ? 'two writes of a generation' : 'lost write';
      anomaly(kind, event, `generation ${generation} has ${known.value}, and ${value} was acknowledged`);
    }
    key.known.set(generation, { value, acknowledged: true });
    raise(key, event, generation, before);
  }

  function notWritten(event: Write, key: Key): void {
    key.possible.get(event.generation)?.delete(event.value);
    if (key.known.get(event.generation)?.value === event.value)
      anomaly('failed write is there', event, `${event.value} was read, and its write failed`);
  }

  function usage(event: Usage, before: Pending, key: Key): void {
    const { generation, used, capacity } = event as Required<Usage>;
    if (used > capacity) anomaly('over-allocation', event, `${used} of ${capacity}`);
    const least = before.claimedBefore - key.returns.begun;
    const most = key.claims.begun - before.returnedBefore;
    if (used < least) anomaly('lost claim', event, `${used} in use, at least ${least} were acknowledged`);
    if (used > most) anomaly('usage from no claim', event, `${used} in use, at most ${most} were asked for`);
    // Not one usage a generation: what is given back leaves the generation as it is (docs/contract/semantics.md).
    raise(key, event, generation, before);
  }

  /** A sum that an amount counts to. */
  const sideOf = (key: Key, { amount }: Claim) => (amount > 0 ? key.claims : key.returns);

  function begin(event: Event): void {
    const key = keyOf(event);
    pending.set(event.client, {
      ...{ event, floor: key.floor, floorClient: key.floorClient },
      ...{ claimedBefore: key.claims.acknowledged, returnedBefore: key.returns.acknowledged },
    });
    if (event.op === 'claim') sideOf(key, event).begun += Math.abs(event.amount);
    if (event.op === 'write') {
      const values = key.possible.get(event.generation);
      if (values === undefined) key.possible.set(event.generation, new Set([event.value]));
      else values.add(event.value);
    }
  }

  function end(event: Event, before: Pending): void {
    const key = keyOf(event);
    if (event.type === 'ok') {
      counts[event.op]++;
      if (event.op === 'read') read(event, before, key);
      else if (event.op === 'write') written(event, before, key);
      else if (event.op === 'usage') usage(event, before, key);
      else sideOf(key, event).acknowledged += Math.abs(event.amount);
    } else if (event.type === 'fail') {
      if (event.op === 'write') notWritten(event, key);
      else if (event.op === 'claim') sideOf(key, event).begun -= Math.abs(event.amount);
    }
  }

  return {
    anomalies,
    counts,
    add(event) {
      if (event.time < time) anomaly('broken history', event, 'it is older than the event before it');
      time = event.time;
      const before = pending.get(event.client);
      if (event.type === 'invoke') {
        if (before !== undefined) anomaly('broken history', event, 'its client has not ended the operation before');
        begin(event);
      } else if (before === undefined || before.event.op !== event.op || before.event.key !== event.key) {
        anomaly('broken history', event, 'it ends what was not begun');
      } else {
        pending.delete(event.client);
        end(event, before);
      }
    },
  };
}

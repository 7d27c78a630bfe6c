import type { Left, Runner, TurnsOptions, Write } from './model.js';
import { UNKNOWN, type Row } from './rows.js';

/**
 * The rows that other sessions have locked, and the writes that wait for them. A turn that waits holds one connection and no
 * other row, so a stuck row holds up its own writers alone.
 *
 * Few may wait for locked rows at a time, and they take turns, so however many rows are locked most connections are free. A
 * row that was had after all is remembered for a while; it is waited for briefly then, in a place of its own.
 */
export interface Troubles {
  /** Takes a write that wants a row which is known to be locked. False: it wants none. */
  take(write: Write): boolean;
  /** Takes a write that has just met a locked row, before those that came later. */
  meet(write: Write, row: Row): void;
  readonly note: (row: Row) => void;
  startNext(): void;
  isWaiting(): boolean;
  /** Takes out the writes whose deadline has passed. */
  removeLate(now: number): Write[];
  /** Whether a row is known to be locked; any row unless given. */
  readonly isLocked: (row?: Row) => boolean;
}

interface Trouble {
  /** It could not be had when it was waited for last. */
  stuck: boolean;
  /** When it was first waited for in vain; null before. */
  since: number | null;
  reported: boolean;
  /** From then on nothing is known of the row any more. */
  until: number;
  /** A turn waits for it. */
  waiting: boolean;
  writes: Write[];
  /** No turn before. */
  notBefore: number;
}

/** How long a row is remembered: its writes do not go together with others. */
const MEMORY_MS = 1000;
/** Longest wait for a row while others are held. */
export const BRIEFLY_MS = 50;
/** Longest wait for a row that was had a moment ago: many processes may want it. */
const CONTENDED_MS = 250;
/** After a turn that waited for what cannot be looked at. It held other rows meanwhile. */
const PAUSE_MS = 50;
/** A row that has been locked for so long is reported. */
const REPORT_MS = 1000;

export function createTroubles(
  { places, patience, onLocked }: TurnsOptions,
  turns: { readonly busy: Set<Row>; place: (left: ReadonlyMap<Write, Left>) => void; next: () => void },
): Troubles {
  const troubles = new Map<Row, Trouble>();
  /** Locked rows that a write met without having named them: what its consumers hold. */
  const met = new WeakMap<Write, Row[]>();
  let briefPlaces = places;
  let longPlaces = places;

  function isLive({ stuck, waiting, writes, until }: Trouble, now: number): boolean {
    return (stuck && (waiting || writes.length > 0)) || now < until;
  }

  /** The locked rows among those that a write wants: stuck ones first, and else in one order for all processes. */
  function troublesOf(write: Write): Row[] {
    const now = performance.now();
    const others = met.get(write) ?? [];
    // There are few locked rows, and a write may name 40,000.
    const rows = [...troubles].filter(
      ([row, trouble]) =>
        (write.changes.has(row) || write.refersTo.has(row) || others.includes(row)) && isLive(trouble, now),
    );
    return rows.map(([row]) => row).sort((a, b) => Number(isStuck(b)) - Number(isStuck(a)) || (a < b ? -1 : 1));
  }

  function isStuck(row: Row): boolean {
    return troubles.get(row)?.stuck === true;
  }

  function take(write: Write): boolean {
    if (troubles.size === 0) return false;
    const row = troublesOf(write)[0];
    if (row === undefined) return false;
    troubles.get(row)?.writes.push(write);
    return true;
  }

  function note(row: Row): Trouble {
    const now = performance.now();
    let trouble = troubles.get(row);
    if (trouble === undefined) {
      trouble = {
        stuck: false,
        since: null,
        reported: false,
        until: 0,
        waiting: false,
        writes: [],
        notBefore: now + pauseAfter(row),
      };
      troubles.set(row, trouble);
    }
    trouble.until = now + MEMORY_MS;
    trouble.stuck = true;
    trouble.since ??= now - BRIEFLY_MS;
    return trouble;
  }

  function meet(write: Write, row: Row): void {
    note(row);
    if (row !== UNKNOWN && !write.changes.has(row) && !write.refersTo.has(row))
      met.set(write, [...(met.get(write) ?? []), row]);
    const first = row === UNKNOWN ? row : (troublesOf(write)[0] ?? row);
    troubles.get(first)?.writes.unshift(write);
  }

  function startNext(): void {
    if (troubles.size === 0) return;
    const now = performance.now();
    for (const [row, trouble] of troubles) {
      if (trouble.writes.length === 0) {
        if (!isLive(trouble, now) && !turns.busy.has(row)) troubles.delete(row);
        continue;
      }
      if (turns.busy.has(row) || (trouble.stuck ? longPlaces : briefPlaces) === 0) continue;
      if (trouble.notBefore > now) wakeUp(trouble.notBefore - now);
      else start(row, trouble);
    }
  }

  function wakeUp(milliseconds: number): void {
    setTimeout(turns.next, milliseconds + 1).unref();
  }

  function start(row: Row, trouble: Trouble): void {
    const { rows, writes } = takeTurn(row, trouble);
    const [first] = writes;
    if (first === undefined) return;
    const long = trouble.stuck;
    occupy(long, -1);
    turns.busy.add(row);
    trouble.waiting = true;
    const rest = Math.max(...writes.map(({ deadline }) => deadline)) - performance.now();
    const milliseconds = Math.max(BRIEFLY_MS, Math.min(long ? patience : CONTENDED_MS, rest));
    void first.runner.run(writes, { rows, patience: milliseconds }).then((left) => {
      turns.busy.delete(row);
      trouble.waiting = false;
      occupy(long, 1);
      settle(row, trouble, left);
      turns.place(left);
      turns.next();
    });
  }

  function occupy(long: boolean, by: 1 | -1): void {
    if (long) longPlaces += by;
    else briefPlaces += by;
  }

  /** Writes with the same runner share the turn, when they wait for no other rows than the first of them. */
  function takeTurn(row: Row, trouble: Trouble): { rows: Row[]; writes: Write[] } {
    const [head, ...others] = trouble.writes;
    if (head === undefined) return { rows: [], writes: [] };
    trouble.writes = others;
    const rest = troublesOf(head).filter((other) => other !== row);
    const writes = [head];
    if (row === UNKNOWN) return { rows: [], writes };
    const rows = [row, ...rest];
    addAlike(writes, head.runner, rows, trouble);
    return { rows, writes };
  }

  function addAlike(writes: Write[], runner: Runner, rows: readonly Row[], trouble: Trouble): void {
    const alone = new Set(writes.flatMap((write) => [...write.alone]));
    const left: Write[] = [];
    for (const write of trouble.writes) {
      const alike =
        write.runner === runner &&
        writes.length < runner.largest &&
        ![...write.alone].some((one) => alone.has(one)) &&
        troublesOf(write).every((row) => rows.includes(row));
      if (!alike) left.push(write);
      else {
        writes.push(write);
        for (const one of write.alone) alone.add(one);
      }
    }
    trouble.writes = left;
  }

  /** What a turn has found out about the row that it waited for. */
  function settle(row: Row, trouble: Trouble, left: ReadonlyMap<Write, Left>): void {
    const now = performance.now();
    const inVain = [...left.values()].some((why) => why !== 'again' && why.row === row);
    if (inVain) {
      trouble.notBefore = now + pauseAfter(row);
      // Its place goes to another row.
      troubles.delete(row);
      troubles.set(row, trouble);
    } else if (trouble.stuck) {
      trouble.stuck = false;
      trouble.until = now + MEMORY_MS;
    }
    if (trouble.since === null) return;
    const milliseconds = now - trouble.since;
    if (inVain && !trouble.reported && milliseconds >= REPORT_MS) {
      trouble.reported = true;
      onLocked?.(row, milliseconds, 'locked');
    } else if (!inVain) {
      if (trouble.reported) onLocked?.(row, milliseconds, 'free');
      trouble.reported = false;
      trouble.since = null;
    }
  }

  return {
    take,
    meet,
    note,
    isLocked(row) {
      const now = performance.now();
      if (row !== undefined) return isLive(troubles.get(row) ?? NO_TROUBLE, now);
      return [...troubles.values()].some((trouble) => isLive(trouble, now));
    },
    startNext,
    isWaiting: () => [...troubles.values()].some(({ writes }) => writes.length > 0),
    removeLate(now) {
      const late: Write[] = [];
      for (const trouble of troubles.values()) {
        late.push(...trouble.writes.filter(({ deadline }) => now >= deadline));
        trouble.writes = trouble.writes.filter(({ deadline }) => now < deadline);
      }
      return late;
    },
  };
}

const NO_TROUBLE: Trouble = {
  stuck: false,
  since: null,
  reported: false,
  until: 0,
  waiting: false,
  writes: [],
  notBefore: 0,
};

function pauseAfter(row: Row): number {
  return row === UNKNOWN ? PAUSE_MS : 0;
}

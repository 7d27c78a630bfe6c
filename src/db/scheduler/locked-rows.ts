import type { NotMade, Runner, SchedulerOptions, Write } from './model.js';
import { UNKNOWN, type Row } from './rows.js';

/**
 * The rows that other sessions have locked, and the writes that wait for them. A turn that waits holds one connection and no
 * other row, so a stuck row holds up its own writers alone.
 *
 * Few turns may wait for locked rows at a time, and they alternate, so most connections are free however many rows are
 * locked. The scheduler remembers a row for a while after it got the lock; later waits for it are brief and have places of
 * their own.
 */
export interface LockedRows {
  /** Takes a write that needs a row which is known to be locked. False when it needs none. */
  take(write: Write): boolean;
  /** Takes a write that has just met a locked row. It goes before writes that came later. */
  meet(write: Write, row: Row): void;
  readonly note: (row: Row) => void;
  startNext(): void;
  isWaiting(): boolean;
  /** Removes the writes whose deadline has passed. */
  removeLate(now: number): Write[];
  /** Whether a row is known to be locked; any row unless given. */
  readonly isLocked: (row?: Row) => boolean;
}

interface LockedRow {
  /** The last wait for it was in vain. */
  stuck: boolean;
  /** When the first wait in vain ended; null before. */
  since: number | null;
  reported: boolean;
  /** When the scheduler forgets the row. */
  until: number;
  /** A turn waits for it. */
  waiting: boolean;
  writes: Write[];
  /** No turn before. */
  notBefore: number;
}

/** How long the scheduler remembers a row. Meanwhile its writes share no turn with others. */
const MEMORY_MS = 1000;
/** The longest wait for a row while the transaction holds other rows. */
export const BRIEFLY_MS = 50;
/** The longest wait for a row whose lock this process got a moment ago: many processes may want it. */
const CONTENDED_MS = 250;
/** The pause after a turn that waited for an unknown row. It held other rows meanwhile. */
const PAUSE_MS = 50;
/** After this time a locked row is reported. */
const REPORT_MS = 1000;

export function createLockedRows(
  { places, patience, onLocked }: SchedulerOptions,
  scheduler: { readonly busy: Set<Row>; place: (left: ReadonlyMap<Write, NotMade>) => void; next: () => void },
): LockedRows {
  const lockedRows = new Map<Row, LockedRow>();
  /** Locked rows that a write met without naming them: providers of its consumers. */
  const met = new WeakMap<Write, Row[]>();
  let briefPlaces = places;
  let longPlaces = places;

  function isLive({ stuck, waiting, writes, until }: LockedRow, now: number): boolean {
    return (stuck && (waiting || writes.length > 0)) || now < until;
  }

  /** The locked rows that a write needs: stuck rows first, otherwise in the same order in all processes. */
  function lockedRowsOf(write: Write): Row[] {
    const now = performance.now();
    const others = met.get(write) ?? [];
    // Iterates over the locked rows, which are few: a write may name 40,000.
    const rows = [...lockedRows].filter(
      ([row, lockedRow]) =>
        (write.changes.has(row) || write.refersTo.has(row) || others.includes(row)) && isLive(lockedRow, now),
    );
    return rows.map(([row]) => row).sort((a, b) => Number(isStuck(b)) - Number(isStuck(a)) || (a < b ? -1 : 1));
  }

  function isStuck(row: Row): boolean {
    return lockedRows.get(row)?.stuck === true;
  }

  function take(write: Write): boolean {
    if (lockedRows.size === 0) return false;
    const row = lockedRowsOf(write)[0];
    if (row === undefined) return false;
    lockedRows.get(row)?.writes.push(write);
    return true;
  }

  function note(row: Row): LockedRow {
    const now = performance.now();
    let lockedRow = lockedRows.get(row);
    if (lockedRow === undefined) {
      lockedRow = {
        stuck: false,
        since: null,
        reported: false,
        until: 0,
        waiting: false,
        writes: [],
        notBefore: now + pauseAfter(row),
      };
      lockedRows.set(row, lockedRow);
    }
    lockedRow.until = now + MEMORY_MS;
    lockedRow.stuck = true;
    lockedRow.since ??= now - BRIEFLY_MS;
    return lockedRow;
  }

  function meet(write: Write, row: Row): void {
    note(row);
    if (row !== UNKNOWN && !write.changes.has(row) && !write.refersTo.has(row))
      met.set(write, [...(met.get(write) ?? []), row]);
    const first = row === UNKNOWN ? row : (lockedRowsOf(write)[0] ?? row);
    lockedRows.get(first)?.writes.unshift(write);
  }

  function startNext(): void {
    if (lockedRows.size === 0) return;
    const now = performance.now();
    for (const [row, lockedRow] of lockedRows) {
      if (lockedRow.writes.length === 0) {
        if (!isLive(lockedRow, now) && !scheduler.busy.has(row)) lockedRows.delete(row);
        continue;
      }
      if (scheduler.busy.has(row) || (lockedRow.stuck ? longPlaces : briefPlaces) === 0) continue;
      if (lockedRow.notBefore > now) wakeUp(lockedRow.notBefore - now);
      else start(row, lockedRow);
    }
  }

  function wakeUp(milliseconds: number): void {
    setTimeout(scheduler.next, milliseconds + 1).unref();
  }

  function start(row: Row, lockedRow: LockedRow): void {
    const { rows, writes } = takeTurn(row, lockedRow);
    const [first] = writes;
    if (first === undefined) return;
    const long = lockedRow.stuck;
    occupy(long, -1);
    scheduler.busy.add(row);
    lockedRow.waiting = true;
    const rest = Math.max(...writes.map(({ deadline }) => deadline)) - performance.now();
    const milliseconds = Math.max(BRIEFLY_MS, Math.min(long ? patience : CONTENDED_MS, rest));
    void first.runner.run(writes, { rows, patience: milliseconds }).then((left) => {
      scheduler.busy.delete(row);
      lockedRow.waiting = false;
      occupy(long, 1);
      settle(row, lockedRow, left);
      scheduler.place(left);
      scheduler.next();
    });
  }

  function occupy(long: boolean, by: 1 | -1): void {
    if (long) longPlaces += by;
    else briefPlaces += by;
  }

  /** Writes with the same runner share the turn when they wait for the same rows as the first of them. */
  function takeTurn(row: Row, lockedRow: LockedRow): { rows: Row[]; writes: Write[] } {
    const [head, ...others] = lockedRow.writes;
    if (head === undefined) return { rows: [], writes: [] };
    lockedRow.writes = others;
    const rest = lockedRowsOf(head).filter((other) => other !== row);
    const writes = [head];
    if (row === UNKNOWN) return { rows: [], writes };
    const rows = [row, ...rest];
    addAlike(writes, head.runner, rows, lockedRow);
    return { rows, writes };
  }

  function addAlike(writes: Write[], runner: Runner, rows: readonly Row[], lockedRow: LockedRow): void {
    const alone = new Set(writes.flatMap((write) => [...write.alone]));
    const left: Write[] = [];
    for (const write of lockedRow.writes) {
      const alike =
        write.runner === runner &&
        writes.length < runner.largest &&
        ![...write.alone].some((one) => alone.has(one)) &&
        lockedRowsOf(write).every((row) => rows.includes(row));
      if (!alike) left.push(write);
      else {
        writes.push(write);
        for (const one of write.alone) alone.add(one);
      }
    }
    lockedRow.writes = left;
  }

  /** Updates a row after a turn that waited for it. */
  function settle(row: Row, lockedRow: LockedRow, left: ReadonlyMap<Write, NotMade>): void {
    const now = performance.now();
    const inVain = [...left.values()].some((why) => why !== 'again' && why.row === row);
    if (inVain) {
      lockedRow.notBefore = now + pauseAfter(row);
      // Another row gets its place.
      lockedRows.delete(row);
      lockedRows.set(row, lockedRow);
    } else if (lockedRow.stuck) {
      lockedRow.stuck = false;
      lockedRow.until = now + MEMORY_MS;
    }
    if (lockedRow.since === null) return;
    const milliseconds = now - lockedRow.since;
    if (inVain && !lockedRow.reported && milliseconds >= REPORT_MS) {
      lockedRow.reported = true;
      onLocked?.(row, milliseconds, 'locked');
    } else if (!inVain) {
      if (lockedRow.reported) onLocked?.(row, milliseconds, 'free');
      lockedRow.reported = false;
      lockedRow.since = null;
    }
  }

  return {
    take,
    meet,
    note,
    isLocked(row) {
      const now = performance.now();
      if (row !== undefined) return isLive(lockedRows.get(row) ?? NOT_LOCKED, now);
      return [...lockedRows.values()].some((lockedRow) => isLive(lockedRow, now));
    },
    startNext,
    isWaiting: () => [...lockedRows.values()].some(({ writes }) => writes.length > 0),
    removeLate(now) {
      const late: Write[] = [];
      for (const lockedRow of lockedRows.values()) {
        late.push(...lockedRow.writes.filter(({ deadline }) => now >= deadline));
        lockedRow.writes = lockedRow.writes.filter(({ deadline }) => now < deadline);
      }
      return late;
    },
  };
}

const NOT_LOCKED: LockedRow = {
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

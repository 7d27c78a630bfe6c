import type { NotMade, Runner, Scheduler, SchedulerOptions, Write } from './model.js';
import type { Row } from './rows.js';
import { createLockedRows, type LockedRows } from './locked-rows.js';

/** A turn that takes longer is blocked by something, and does not count towards the limit any more. */
const PATIENCE_MS = 50;
/** How often the scheduler checks deadlines of waiting writes. */
const SWEEP_MS = 250;

/**
 * Decides which writes run. Two rules, and both are about rows:
 *
 * - Two writes of one row never run at the same time, so writes that wait for their turn hold no connection. Writes with the
 *   same runner may share a turn: claims do, and one transaction makes them all.
 * - A write that meets a row which another session has locked gives up its turn, and waits for that row apart from other
 *   writes (locked-rows.ts). Meanwhile its other rows do not count as taken.
 *
 * The scheduler does no I/O. Writes start in the order of arrival, unless a row blocks them.
 */
export function createScheduler(options: SchedulerOptions): Scheduler {
  const busy = new Set<Row>();
  const underWay = new Map<Runner, number>();
  const lockedRows: LockedRows = createLockedRows(options, { busy, place, next: startNext });
  let waiting: Write[] = [];
  let sweeper: NodeJS.Timeout | null = null;

  function submit(write: Write): void {
    if (lockedRows.take(write)) {
      lockedRows.startNext();
    } else {
      waiting.push(write);
      if (hasRoom(write.runner)) startNext();
    }
    if (sweeper === null && isWaiting()) sweeper = setInterval(sweep, SWEEP_MS).unref();
  }

  function startNext(): void {
    while (waiting.length > 0) {
      const turns = takeTurns();
      if (turns.size === 0) break;
      for (const [runner, writes] of turns) start(runner, writes);
    }
    // Afterwards, because some waiting writes may now wait for a locked row.
    lockedRows.startNext();
  }

  /** Removes the writes that may start now from the queue: at most one turn for each runner. */
  function takeTurns(): Map<Runner, Write[]> {
    const turns = new Map<Runner, Write[]>();
    const taken = new Map<Row, Runner>();
    const alone = new Set<Row>();
    // No write overtakes an earlier one that waits for the same row, so the rows of earlier writes are not free either.
    const wanted = new Set<Row>();
    const left: Write[] = [];
    for (const write of waiting) {
      if (lockedRows.take(write)) continue;
      const { runner, changes } = write;
      const turn = turns.get(runner);
      const free = (row: Row): boolean =>
        !busy.has(row) &&
        !wanted.has(row) &&
        (taken.get(row) ?? runner) === runner &&
        !(write.alone.has(row) && alone.has(row));
      if (fits(turn, write) && every(changes, free)) {
        if (turn === undefined) turns.set(runner, [write]);
        else turn.push(write);
        for (const row of changes) taken.set(row, runner);
        for (const row of write.alone) alone.add(row);
      } else {
        left.push(write);
        for (const row of changes) wanted.add(row);
      }
    }
    waiting = left;
    return turns;
  }

  function fits(turn: readonly Write[] | undefined, { runner }: Write): boolean {
    return turn === undefined ? hasRoom(runner) : turn.length < runner.largest;
  }

  function hasRoom(runner: Runner): boolean {
    return (underWay.get(runner) ?? 0) < runner.limit;
  }

  function start(runner: Runner, writes: readonly Write[]): void {
    for (const { changes } of writes) for (const row of changes) busy.add(row);
    count(runner, 1);
    let counts = true;
    const release = (): void => {
      if (counts) count(runner, -1);
      counts = false;
    };
    const patience =
      runner.limit === Infinity
        ? undefined
        : setTimeout(() => {
            release();
            startNext();
          }, PATIENCE_MS);
    void runner.run(writes, null).then((left) => {
      clearTimeout(patience);
      release();
      for (const { changes } of writes) for (const row of changes) busy.delete(row);
      place(left);
      startNext();
    });
  }

  function count(runner: Runner, by: 1 | -1): void {
    if (runner.limit === Infinity) return;
    const now = (underWay.get(runner) ?? 0) + by;
    if (now === 0) underWay.delete(runner);
    else underWay.set(runner, now);
  }

  /** Puts back the writes that were not made, before writes that came later. */
  function place(left: ReadonlyMap<Write, NotMade>): void {
    const first: Write[] = [];
    for (const [write, why] of [...left].reverse()) {
      if (performance.now() >= write.deadline) write.expired();
      else if (why === 'again') first.unshift(write);
      else lockedRows.meet(write, why.row);
    }
    if (first.length > 0) waiting = [...first, ...waiting];
  }

  function isWaiting(): boolean {
    return waiting.length > 0 || lockedRows.isWaiting();
  }

  function sweep(): void {
    const now = performance.now();
    const late = [...waiting.filter(({ deadline }) => now >= deadline), ...lockedRows.removeLate(now)];
    waiting = waiting.filter(({ deadline }) => now < deadline);
    for (const write of late) write.expired();
    if (late.length > 0) startNext();
    if (sweeper !== null && !isWaiting()) {
      clearInterval(sweeper);
      sweeper = null;
    }
  }

  return { submit, isLocked: lockedRows.isLocked, note: lockedRows.note };
}

function every(rows: ReadonlySet<Row>, test: (row: Row) => boolean): boolean {
  for (const row of rows) if (!test(row)) return false;
  return true;
}

import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import fc from 'fast-check';
import { nothingLeft, type NotMade, type Runner, type Wait, type Write } from '../../src/db/scheduler/model.js';
import type { Row } from '../../src/db/scheduler/rows.js';
import { createScheduler } from '../../src/db/scheduler/scheduler.js';

const ROWS = ['provider a', 'provider b', 'provider c', 'provider d'] as const;
const PLACES = 2;

/** What is wanted of the scheduler, with a database that locks some rows until a moment. */
describe('the scheduler of writes', () => {
  it('are given to each write once, one a row at a time, and locked rows take no more than their places', async () => {
    const row = fc.constantFrom<Row>(...ROWS);
    const one = fc.record({ rows: fc.uniqueArray(row, { minLength: 1, maxLength: 3 }), grouped: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.array(one, { maxLength: 30 }),
        fc.uniqueArray(row, { maxLength: 2 }),
        async (wanted, locked) => {
          const world = new World(new Set(locked));
          const done = wanted.map(({ rows, grouped }) => world.write(rows, grouped));
          const isFree = ({ rows }: { rows: readonly Row[] }) => !rows.some((name) => locked.includes(name));
          // Those that want no locked row are made while the others wait.
          await Promise.all(done.filter((_, i) => isFree(wanted[i]!)).map(({ promise }) => promise));
          assert.deepEqual(
            done.map(({ state }) => state.made),
            wanted.map((one) => (isFree(one) ? 1 : 0)),
          );
          assert.ok(world.mostWaiting <= PLACES);
          world.locked.clear();
          world.wake();
          await Promise.all(done.map(({ promise }) => promise));
          assert.deepEqual(
            done.map(({ state }) => state.made),
            wanted.map(() => 1),
          );
          assert.deepEqual(world.faults, []);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('end at the deadline of a write that still waits', async () => {
    const world = new World(new Set<Row>(['provider a']));
    const { promise } = world.write(['provider a'], false, performance.now() + 20);
    const expired = assert.rejects(promise, /expired/);
    const { promise: free } = world.write(['provider b'], false);
    await free;
    await expired;
    world.locked.clear();
    world.wake();
    await world.write(['provider a'], false).promise;
  });
});

class World {
  readonly locked: Set<Row>;
  readonly faults: string[] = [];
  mostWaiting = 0;
  readonly #scheduler = createScheduler({ places: PLACES, patience: 5 });
  readonly #underWay = new Map<Row, Runner>();
  readonly #sleepers = new Set<() => void>();
  readonly #states = new Map<Write, { made: number; resolve: () => void }>();
  readonly #group: Runner = { largest: 5, limit: 2, run: (writes, wait) => this.#run(this.#group, writes, wait) };

  constructor(locked: Set<Row>) {
    this.locked = locked;
  }

  write(rows: readonly Row[], grouped: boolean, deadline = Infinity) {
    const state = { made: 0 };
    const promise = new Promise<void>((resolve, reject) => {
      const single: Runner = { largest: 1, limit: Infinity, run: (writes, wait) => this.#run(single, writes, wait) };
      const write: Write = {
        changes: new Set(rows),
        alone: new Set(),
        refersTo: new Set(),
        runner: grouped ? this.#group : single,
        deadline,
        expired: () => {
          reject(new Error('expired'));
        },
      };
      this.#states.set(write, Object.assign(state, { resolve }));
      this.#scheduler.submit(write);
    });
    return { state, promise };
  }

  /** Writes that wait for a lock look again. */
  wake(): void {
    for (const sleeper of this.#sleepers) sleeper();
  }

  async #run(runner: Runner, writes: readonly Write[], wait: Wait | null): Promise<ReadonlyMap<Write, NotMade>> {
    const rows =
      wait === null ? new Set(writes.flatMap(({ changes }) => [...changes])) : new Set(wait.rows.slice(0, 1));
    for (const row of rows) {
      const rival = this.#underWay.get(row);
      if (rival !== undefined) this.faults.push(`two turns want ${row}`);
      this.#underWay.set(row, runner);
    }
    if (writes.length > runner.largest) this.faults.push('too many share a turn');
    await this.#wait(wait);
    for (const row of rows) this.#underWay.delete(row);
    const lockedOf = (write: Write) => [...write.changes].find((row) => this.locked.has(row));
    const left = writes.map((write) => [write, lockedOf(write)] as const);
    if (wait === null && left.some(([, row]) => row !== undefined)) {
      // As in the database: a transaction that cannot get one of its locks changes nothing.
      return new Map(left.map(([write, row]) => [write, row === undefined ? 'again' : { row }]));
    }
    for (const [write, row] of left) {
      if (row !== undefined) continue;
      const state = this.#states.get(write)!;
      state.made++;
      state.resolve();
    }
    return left.every(([, row]) => row === undefined)
      ? nothingLeft
      : new Map(left.flatMap(([write, row]) => (row === undefined ? [] : [[write, { row }]])));
  }

  async #wait(wait: Wait | null): Promise<void> {
    if (wait === null) return setTimeout(0);
    const waiting = wait.rows.some((row) => this.locked.has(row));
    if (!waiting) return setTimeout(0);
    let wakeUp = (): void => undefined;
    const woken = new Promise<void>((resolve) => (wakeUp = resolve));
    this.#sleepers.add(wakeUp);
    this.mostWaiting = Math.max(this.mostWaiting, this.#sleepers.size);
    await Promise.race([woken, setTimeout(wait.patience)]);
    this.#sleepers.delete(wakeUp);
  }
}

import assert from 'node:assert/strict';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { createHealth } from '../../src/ops/health.js';
import { withViewInSlice } from '../../src/resources/view-in-slice.js';
import { createSlices } from '../../src/event-loop.js';
import { assertIndexed, assertSame } from '../support/compare.js';
import { createTestDatabase, dropTestDatabase, sql } from '../support/database.js';
import { lockedBy, sessionsWaiting } from '../support/outside-locks.js';
import { freshTopology, startReplica, type Replica } from '../support/replica.js';
import { processorUnit, watchStretches } from '../support/processor-time.js';
import { until } from '../support/until.js';

/** An import, or an operator's UPDATE without WHERE: everything changes in one transaction. */
describe('a catch-up with very many changes', function () {
  const MANY = 6000;
  /** Of {@link processorUnit}: it was 15 before the index of aggregates was changed in parts, and is below 2. */
  const MOST_UNITS = 5;
  let url: string;
  let replica: Replica;
  before(async () => {
    url = await createTestDatabase();
    await sql(
      url,
      `insert into resource_providers (id, uuid, name, root_provider_id)
       select n, gen_random_uuid(), 'many-' || n, n from generate_series(1, ${MANY}) n`,
    );
    await sql(
      url,
      `insert into inventories (resource_provider_id, resource_class_id, total, reserved, min_unit, max_unit, step_size,
                                allocation_ratio)
       select id, c, 100, 0, 1, 100, 1, 1 from resource_providers, generate_series(0, 2) c`,
    );
    replica = startReplica(url);
    await replica.current();
  });
  after(async () => {
    await replica.close();
    await dropTestDatabase(url);
  });

  it('is right, with names and trees exchanged across its parts, and lets others have their turn', async () => {
    // Names move from the first part to the last and back; trees span parts; a class and a trait are added and removed.
    await sql(
      url,
      `begin;
       insert into traits (name) values ('CUSTOM_NEW');
       insert into resource_classes (id, name) values (10777, 'CUSTOM_NEW');
       update resource_providers set name = 'swap-' || id;
       update resource_providers set name = 'many-' || (${MANY} + 1 - id), generation = generation + 1;
       update resource_providers set parent_provider_id = ${MANY} + 1 - id, root_provider_id = ${MANY} + 1 - id where id <= 500;
       insert into resource_provider_traits (resource_provider_id, trait_id)
         select p.id, t.id from resource_providers p, traits t where t.name = 'CUSTOM_NEW' and p.id % 3 = 0;
       update inventories set resource_class_id = (select id from resource_classes where name = 'CUSTOM_NEW')
         where resource_class_id = 2 and resource_provider_id % 2 = 0;
       delete from inventories where resource_provider_id = 700;
       delete from resource_providers where id = 700;
       -- As many consumers that came: the journal has more rows than one statement looks at.
       insert into topology_changes (kind, id) select 4, n from generate_series(1, 21000) n;
       commit`,
    );
    const { loads } = replica.status();
    let longest = 0;
    let done = false as boolean;
    let [turnsCatchingUp, notLoaded] = [0, 0];
    const turns = (async () => {
      while (!done) {
        const before = process.cpuUsage();
        await setImmediate();
        // Not the time on the clock, which others on the machine take from us.
        const { user, system } = process.cpuUsage(before);
        longest = Math.max(longest, (user + system) / 1000);
        const { catchingUp, loaded } = replica.status();
        if (catchingUp) turnsCatchingUp++;
        if (!loaded || replica.latest() === null) notLoaded++;
      }
    })();
    const view = await replica.current();
    await setImmediate();
    done = true;
    await turns;
    assert.ok(turnsCatchingUp > 0, 'while changes are applied, the status says so');
    assert.equal(notLoaded, 0, 'metrics have the last view meanwhile');
    assert.equal(replica.status().catchingUp, false);
    assert.equal(replica.status().loads, loads, 'it was loaded again, so this shows nothing');
    assert.equal(view.providers.size, MANY - 1);
    assertSame(view, await freshTopology(url));
    assertIndexed(await replica.current(), ['many-1', `many-${MANY}`, 'swap-1']);
    assert.ok(longest < 120, `everybody else waited for ${Math.round(longest)} ms of computing`);
    if (process.env['TEST_LOG'] !== undefined) console.log(`longest turn ${Math.round(longest)} ms`);

    await sql(
      url,
      `begin;
       delete from resource_provider_traits; delete from inventories where resource_class_id >= 10000;
       delete from traits where name = 'CUSTOM_NEW'; delete from resource_classes where name = 'CUSTOM_NEW';
       update resource_providers set generation = generation + 1;
       commit`,
    );
    assertSame(await replica.current(), await freshTopology(url));
    assert.equal(replica.status().loads, loads);
    assert.deepEqual(await replica.audit(), []);
  });

  it('takes a renamed resource class, and two that exchange their names, without loading everything again', async () => {
    const { loads } = replica.status();
    const lines = replica.log.length;
    const ids = "(10801, 'CUSTOM_ONE'), (10802, 'CUSTOM_TWO')";
    await sql(url, `insert into resource_classes (id, name) values ${ids}`);
    await sql(
      url,
      `update inventories set resource_class_id = 10800 + resource_class_id where resource_class_id in (1, 2) and resource_provider_id < 50`,
    );
    assertSame(await replica.current(), await freshTopology(url));
    await sql(url, "update resource_classes set name = 'CUSTOM_THREE', updated_at = now() where id = 10801");
    const view = await replica.current();
    assertSame(view, await freshTopology(url));
    assert.equal(view.resourceClassByName('CUSTOM_ONE'), undefined);
    assert.equal(view.resourceClassByName('CUSTOM_THREE')?.id, 10801);
    assert.equal(
      view
        .providersWithClass(10801)
        ?.get(7)
        ?.inventories.find(({ resourceClass }) => resourceClass.id === 10801)?.resourceClass.name,
      'CUSTOM_THREE',
    );
    await sql(
      url,
      `begin;
       update resource_classes set name = 'CUSTOM_X' where id = 10801;
       update resource_classes set name = 'CUSTOM_THREE' where id = 10802;
       update resource_classes set name = 'CUSTOM_TWO' where id = 10801;
       update inventories set total = 77 where resource_class_id = 10802 and resource_provider_id = 9;
       commit`,
    );
    assertSame(await replica.current(), await freshTopology(url));
    assert.equal((await replica.current()).resourceClassByName('CUSTOM_TWO')?.id, 10801);
    assert.equal(replica.status().loads, loads);
    assert.deepEqual(replica.log.slice(lines), []);
    assert.deepEqual(await replica.audit(), []);
  });

  it('is seen as a whole by work that has waited for its slice meanwhile', async () => {
    await replica.current();
    let applied: Promise<unknown> = Promise.resolve();
    const slices = {
      ...createSlices(),
      isFree: () => false,
      // The slice is given while changes are applied.
      async first() {
        await sql(url, 'update resource_providers set generation = generation + 1');
        applied = replica.current();
        let isOver = false as boolean; // the callback changes it
        void applied.finally(() => (isOver = true));
        while (replica.whole() !== null && !isOver) await setImmediate();
        assert.equal(isOver, false, 'all of them have been applied at once, so this shows nothing');
      },
    };
    const before = (await replica.current()).providers.get(1)?.generation ?? 0;
    const generations = await withViewInSlice(replica, slices, (view) => [
      ...new Set(Array.from(view.providers.values(), ({ id, generation }) => id > 500 || generation)),
    ]);
    await applied;
    assert.deepEqual(generations, [before + 1, true]);
  });

  it('of one provider in 200,000 aggregates holds nothing up, when they come, stay and go', async () => {
    const steps = {
      come: `insert into resource_provider_aggregates (resource_provider_id, aggregate_uuid)
             select 1, gen_random_uuid() from generate_series(1, 200000)`,
      stay: 'update resource_providers set generation = generation + 1 where id = 1',
      go: 'delete from resource_provider_aggregates where resource_provider_id = 1',
    };
    await replica.current();
    for (const [step, text] of Object.entries(steps)) {
      await sql(url, text);
      const unit = processorUnit();
      const stretches = watchStretches();
      const view = await replica.current();
      // The watch measures up to a turn of the event loop.
      await setTimeout(5);
      stretches.stop();
      assert.equal(view.providers.get(1)?.aggregates.length, step === 'go' ? 0 : 200_000);
      const units = stretches.longest() / unit;
      if (process.env['TEST_LOG'] !== undefined)
        console.log(`${step}: ${Math.round(stretches.longest())} ms, ${units.toFixed(2)} units`);
      assert.ok(units < MOST_UNITS, `${step}: held for ${units.toFixed(1)} times JSON.parse`);
    }
    assert.deepEqual(await replica.audit(), []);
  });

  it('leaves a process ready while the changes are applied: every process gets them at the same moment', async () => {
    const busy = { ...replica.status(), catchingUp: true };
    const never = new Promise<never>(() => undefined);
    const health = (status: typeof busy, isDraining = false) =>
      createHealth({
        topology: { current: () => never, status: () => status },
        keystone: null,
        isDraining: () => isDraining,
      });
    const during = await health(busy).readiness();
    assert.deepEqual([during.ready, during.reason, during.topology?.loaded], [true, 'catching up', true]);
    assert.equal((await health(busy, true).readiness()).ready, false);
    const late = await health({ ...busy, catchingUp: false }).readiness();
    assert.deepEqual([late.ready, late.reason], [false, 'the database does not respond in time']);
  });

  it('leaves a process ready while the changes are read, however long the database takes for them', async () => {
    const health = createHealth({ topology: replica, keystone: null, isDraining: () => false });
    await replica.current();
    await replica.current();
    const outsider = await lockedBy(url, 'lock table inventories in access exclusive mode');
    try {
      // The server says at once that there is a change, and says what changed when the lock is gone.
      await sql(url, 'update resource_providers set generation = generation + 1 where id = 1');
      const during = await until('the server has said that there is a change', async () => {
        const readiness = await health.readiness();
        return readiness.reason === 'the database does not respond in time' ? false : readiness;
      });
      assert.deepEqual([during.ready, during.reason], [true, 'catching up']);
      await until('the catch-up waits for the lock', async () => (await sessionsWaiting(url)) === 1);
      assert.equal(replica.status().loaded, true);
    } finally {
      await outsider.release();
    }
    await until('it is ready', async () => (await health.readiness()).reason === 'ready');
    assert.equal(replica.status().catchingUp, false);
  });
});

import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import type pg from 'pg';
import type { Change } from '../../src/history/model.js';
import { connect, sql } from '../support/database.js';
import { assertChained, changesPage, changesSince, historyNow } from '../support/history.js';
import { sessionsWaiting } from '../support/outside-locks.js';
import { createProvider, startTestService, type TestService } from '../support/service.js';
import { until } from '../support/until.js';

describe('The order of changes', () => {
  let test: TestService;
  let other: TestService;
  before(async () => {
    test = await startTestService();
    other = await startTestService({ databaseUrl: test.databaseUrl });
  });
  after(async () => {
    await other.close();
    await test.close();
  });

  const rename = (session: pg.Client, uuid: string, name: string) =>
    session.query('update resource_providers set name = $2 where uuid = $1', [uuid, name]);

  it('has a writer that is open across a mark in a later batch, and loses nothing', async () => {
    const [slow, quick] = [await createProvider(test.api, 'slow'), await createProvider(test.api, 'quick')];
    const since = await historyNow(test.api);
    const session = await connect(test.databaseUrl);
    await session.query('begin');
    await rename(session, slow, 'slow 2');
    await test.api.put(`/resource_providers/${quick}`, { name: 'quick 2' }).expect(200);
    const first = await changesPage(test.api, `since=${since}`);
    assert.deepEqual(
      first.changes.map(({ after }) => after?.['name']),
      ['quick 2'],
    );
    await test.api.put(`/resource_providers/${quick}`, { name: 'quick 3' }).expect(200);
    await session.query('commit');
    await session.end();
    const second = await changesPage(test.api, `since=${first.next}`);
    assert.deepEqual(
      second.changes.map(({ after }) => after?.['name']),
      ['slow 2', 'quick 3'],
    );
    // Both processes return the same changes, in pages of any size.
    const places = [...first.changes, ...second.changes].map(({ cursor }) => cursor);
    for (const found of [await changesSince(test.api, since, 'limit=1'), await changesSince(other.api, since)])
      assert.deepEqual(
        found.map(({ cursor }) => cursor),
        places,
      );
    const [quickest = 0, slowest = 0] = places.map((place) => Number(place.split('.')[2]));
    assert.ok(slowest < quickest, 'a reader that keeps the highest sequence number would have lost it');
  });

  it('follows who changed a row after whom, also when the transaction that came second is older', async () => {
    const uuid = await createProvider(test.api, 'row');
    const since = await historyNow(test.api);
    const old = await connect(test.databaseUrl);
    await old.query('begin');
    // It has its id now, and changes the row last.
    await old.query('select pg_current_xact_id()');
    const young = await connect(test.databaseUrl);
    await rename(young, uuid, 'row 2');
    await historyNow(test.api);
    await rename(old, uuid, 'row 3');
    await old.query('commit');
    await Promise.all([old.end(), young.end()]);
    const changes = await changesSince(test.api, since);
    assert.deepEqual(
      changes.map(({ after }) => after?.['name']),
      ['row 2', 'row 3'],
    );
    const ids = changes.map(({ transaction }) => BigInt(transaction));
    assert.ok((ids[0] ?? 0n) > (ids[1] ?? 0n), 'the test is about ids in the other order');
    assertChained(changes);
  });

  it('shows what two statements of one transaction did to an object as one change, and nothing when they undid each other', async () => {
    const uuid = await createProvider(test.api, 'twice');
    const since = await historyNow(test.api);
    const session = await connect(test.databaseUrl);
    await session.query('begin');
    await rename(session, uuid, 'between');
    await rename(session, uuid, 'twice 2');
    await session.query('commit');
    await session.query('begin');
    await rename(session, uuid, 'between');
    await rename(session, uuid, 'twice 2');
    await session.query('commit');
    await session.end();
    const changes = await changesSince(test.api, since);
    assert.deepEqual(
      changes.map(({ before, after }) => [before?.['name'], after?.['name']]),
      [['twice', 'twice 2']],
    );
  });

  it('makes one mark when two processes want to make it at once', async () => {
    const uuid = await createProvider(test.api, 'contested');
    const since = await historyNow(test.api);
    const session = await connect(test.databaseUrl);
    await rename(session, uuid, 'contested 2');
    // Both look for news before either may make a mark.
    await session.query('begin');
    await session.query('select pg_advisory_xact_lock(7786227)');
    const pages = [test, other, test, other].map(({ api }) => changesPage(api, `since=${since}`));
    await until('all of them wait', async () => (await sessionsWaiting(test.databaseUrl)) >= pages.length);
    await session.query('commit');
    await session.end();
    const found = await Promise.all(pages);
    for (const { changes, next } of found) {
      assert.deepEqual(
        changes.map(({ after }) => after?.['name']),
        ['contested 2'],
      );
      assert.equal(next, found[0]?.next);
    }
  });

  /**
   * The trial that the order was chosen by. Its writers take early transaction ids, change several rows, wait, and roll back.
   */
  it('is the same for all readers while six writers write: nothing lost, nothing twice, each object in its order', async () => {
    const objects = await Promise.all(Array.from({ length: 12 }, (_, i) => createProvider(test.api, `trial-${i}`)));
    const since = await historyNow(test.api);
    const committed = new Set<string>();
    const ended = new AbortController();
    const random = (below: number): number => Math.floor(Math.random() * below);
    const write = async (writer: number): Promise<void> => {
      const session = await connect(test.databaseUrl);
      for (let turn = 0; turn < 30; turn++) {
        await session.query('begin');
        if (random(3) === 0) await session.query('select pg_current_xact_id()');
        if (random(3) === 0) await setTimeout(random(20));
        const names = new Map<string, string>();
        // In one order, so that writers do not deadlock.
        const chosen = [...new Set([random(12), random(12), random(12)])].sort((a, b) => a - b);
        for (const index of chosen) {
          const name = `${writer}/${turn}/${index}`;
          await rename(session, objects[index] ?? '', name);
          names.set(objects[index] ?? '', name);
          if (random(4) === 0) await setTimeout(random(10));
        }
        const isKept = random(5) > 0;
        await session.query(isKept ? 'commit' : 'rollback');
        if (isKept) for (const name of names.values()) committed.add(name);
      }
      await session.end();
    };
    /** Until a page is empty that was asked for after the writers' end. */
    const read = async (service: TestService, limit: number, start: Promise<unknown>): Promise<Change[]> => {
      await start;
      const changes: Change[] = [];
      for (let next = since; ;) {
        const isLast = ended.signal.aborted;
        const page = await changesPage(service.api, `since=${next}&limit=${limit}&kind=provider`);
        changes.push(...page.changes);
        next = page.next;
        if (isLast && page.changes.length === 0 && !page.more) return changes;
      }
    };
    const readers = [
      read(test, 7, Promise.resolve()),
      read(other, 1000, setTimeout(200)),
      read(other, 7, setTimeout(400)),
    ];
    await Promise.all([0, 1, 2, 3, 4, 5].map(write));
    ended.abort();
    const [first = [], ...others] = await Promise.all(readers);
    const names = first.map(({ after }) => after?.['name'] as string);
    assert.equal(new Set(names).size, names.length, 'nothing twice');
    assert.deepEqual(new Set(names), committed, 'nothing lost, and nothing of what was rolled back');
    for (const reader of others)
      assert.deepEqual(
        reader.map(({ cursor }) => cursor),
        first.map(({ cursor }) => cursor),
      );
    assertChained(first);
    const present = await sql<{ uuid: string; name: string }>(
      test.databaseUrl,
      'select uuid, name from resource_providers',
    );
    for (const { uuid, name } of present) {
      const last = first.findLast(({ provider }) => provider?.uuid === uuid);
      if (last !== undefined) assert.equal(last.after?.['name'], name);
    }
    // A batch has all of what a transaction changed.
    const batches = new Map<string, Set<string>>();
    for (const { transaction, cursor } of first) {
      const batch = cursor.split('.')[1] ?? '';
      batches.set(transaction, (batches.get(transaction) ?? new Set()).add(batch));
    }
    for (const marks of batches.values()) assert.equal(marks.size, 1);
  });
});

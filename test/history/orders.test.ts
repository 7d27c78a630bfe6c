import assert from 'node:assert/strict';
import type pg from 'pg';
import { connect, sql } from '../support/database.js';
import { changesPage, historyNow } from '../support/history.js';
import { someoneWaits } from '../support/while-held.js';
import { createProvider, setInventories, startTestService, type TestService } from '../support/service.js';
import { until } from '../support/until.js';

/** A change of the name of a provider. */
interface Rename {
  readonly uuid: string;
  readonly before: string;
  readonly after: string;
}

/** Something that follows changes: returns what is new since it was asked last. */
type Follower = () => Promise<Rename[]>;

describe('Orders of changes that look right', () => {
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

  const ROWS = `
    select c.xid::text as xid, c.seq::text as seq, p.uuid, c.before ->> 'name' as before, c.after ->> 'name' as after
    from history_changes c join resource_providers p on p.id = c.provider_id`;
  const XMIN = 'pg_snapshot_xmin(pg_current_snapshot())';
  type Row = Rename & { readonly xid: string; readonly seq: string };

  const xmin = async (): Promise<string> =>
    (await sql<{ xmin: string }>(test.databaseUrl, `select ${XMIN}::text as xmin`))[0]?.xmin ?? '';

  async function bySequence(): Promise<Follower> {
    const [newest] = await sql<{ seq: string }>(
      test.databaseUrl,
      'select coalesce(max(seq), 0)::text as seq from history_changes',
    );
    let seq = newest?.seq ?? '0';
    return async () => {
      const rows = await sql<Row>(test.databaseUrl, `${ROWS} where c.seq > $1::bigint order by c.seq`, [seq]);
      seq = rows.at(-1)?.seq ?? seq;
      return rows;
    };
  }

  /** Transactions below the oldest one that is open, by their ids or, between two looks, by sequence number. */
  async function belowXmin(order: 'c.xid, c.seq' | 'c.seq'): Promise<Follower> {
    let from = await xmin();
    return async () => {
      const to = await xmin();
      const text = `${ROWS} where c.xid >= $1::xid8 and c.xid < $2::xid8 order by ${order}`;
      const rows = await sql<Row>(test.databaseUrl, text, [from, to]);
      from = to;
      return rows;
    };
  }

  async function theStream(): Promise<Follower> {
    let since = await historyNow(test.api);
    return async () => {
      const { changes, next } = await changesPage(test.api, `since=${since}&limit=1000&kind=provider`);
      since = next;
      return changes.map(({ provider, before, after }) => ({
        uuid: provider?.uuid ?? '',
        before: before?.['name'] as string,
        after: after?.['name'] as string,
      }));
    };
  }

  /** How many changes were not seen, and how many do not begin where the one before ended. */
  function compare(seen: readonly Rename[], made: readonly string[]): { lost: number; breaks: number } {
    const last = new Map<string, string>();
    let breaks = 0;
    for (const { uuid, before, after } of seen) {
      if (last.has(uuid) && last.get(uuid) !== before) breaks++;
      last.set(uuid, after);
    }
    assert.equal(new Set(seen.map(({ after }) => after)).size, seen.length, 'nothing twice');
    return { lost: made.length - seen.length, breaks };
  }

  it('lose a change or put changes of one object in the wrong order, which the stream does not', async () => {
    const [quick, slow, row] = [
      await createProvider(test.api, 'quick'),
      await createProvider(test.api, 'slow'),
      await createProvider(test.api, 'row'),
    ];
    const sessions = await Promise.all([1, 2, 3, 4].map(() => connect(test.databaseUrl)));
    const [first, second, third, free] = sessions as [pg.Client, pg.Client, pg.Client, pg.Client];
    const followers = {
      sequence: await bySequence(),
      ids: await belowXmin('c.xid, c.seq'),
      batches: await belowXmin('c.seq'),
      marks: await theStream(),
    };
    const seen = { sequence: [], ids: [], batches: [], marks: [] } as Record<keyof typeof followers, Rename[]>;
    const look = async (): Promise<void> => {
      for (const name of Object.keys(followers) as (keyof typeof followers)[])
        seen[name].push(...(await followers[name]()));
    };
    const begin = async (session: pg.Client): Promise<string> => {
      await session.query('begin');
      const { rows } = await session.query<{ id: string }>('select pg_current_xact_id()::text as id');
      return rows[0]?.id ?? '';
    };

    // One draws its sequence number and stays open; a higher number is committed and read before it.
    await begin(first);
    await rename(first, slow, 'slow 2');
    await rename(free, quick, 'quick 2');
    await look();
    await first.query('commit');
    await look();
    // The older of two transactions changes the row last; one between their ids ends after a look.
    await begin(second);
    const between = await begin(third);
    await rename(free, row, 'row 2');
    await rename(second, row, 'row 3');
    await second.query('commit');
    await until('nothing older is open', async () => (await xmin()) === between);
    await look();
    await third.query('commit');
    // As above, without one between.
    await begin(second);
    await rename(free, row, 'row 4');
    await rename(second, row, 'row 5');
    await second.query('commit');
    for (const session of sessions) await session.end();
    // Other databases of this server may have transactions open for a moment.
    await until('all is below the oldest open transaction', async () => {
      await look();
      return seen.ids.length >= 6 && seen.batches.length >= 6;
    });

    const made = ['slow 2', 'quick 2', 'row 2', 'row 3', 'row 4', 'row 5'];
    assert.deepEqual(compare(seen.marks, made), { lost: 0, breaks: 0 });
    assert.ok(compare(seen.sequence, made).lost > 0, 'by sequence number a change is lost');
    assert.ok(compare(seen.ids, made).breaks > 0, 'by transaction id changes are out of order');
    assert.ok(compare(seen.batches, made).breaks > 0, 'in batches between two values of xmin, too');
  });

  it('are avoided when a mark is made between the reading of the newest mark and of the changes', async () => {
    const host = await createProvider(test.api, 'marked');
    await setInventories(test.api, host, { VCPU: { total: 8 } });
    const since = await historyNow(test.api);
    const change = async (total: number): Promise<void> => {
      const text = `update inventories set total = ${total} where resource_provider_id = (select id from resource_providers where uuid = $1)`;
      await sql(test.databaseUrl, text, [host]);
    };
    await change(9);
    // A filter is looked up after the newest mark was read, and before the changes are.
    const holder = await connect(test.databaseUrl);
    await holder.query('begin');
    await holder.query('lock table history_gone in access exclusive mode');
    const reading = changesPage(test.api, `since=${since}&provider=${host}`);
    await until('the reader waits', () => someoneWaits(test.databaseUrl));
    await change(10);
    const marked = await historyNow(other.api);
    await holder.query('commit');
    await holder.end();
    const first = await reading;
    const second = await changesPage(test.api, `since=${first.next}&provider=${host}`);
    assert.deepEqual(
      [first, second].map(({ changes }) => changes.map(({ after }) => after?.['total'])),
      [[9], [10]],
    );
    assert.equal(second.next, marked);
  });
});

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { OrphansDocument } from '../../src/resources/orphans/render.js';
import { claim, generationOf, usagesOf } from '../support/claims.js';
import { connect, sql } from '../support/database.js';
import { sessionsWaiting } from '../support/outside-locks.js';
import { age, buildWorld, consumerUuid, findOrphans, hostUuid, occupy } from '../support/orphans.js';
import {
  codeOf,
  createProvider,
  messageOf,
  setInventories,
  startTestService,
  type TestService,
} from '../support/service.js';
import { until } from '../support/until.js';

const [H1, H2, H3] = [hostUuid(1), hostUuid(2), hostUuid(3)] as const;
const [ORPHAN, LIVE] = [consumerUuid(1), consumerUuid(3)] as const;
const names = (entries: OrphansDocument['orphans']): string[] => entries.map(({ consumer }) => consumer);

describe('orphans', () => {
  let test: TestService;
  beforeEach(async () => {
    test = await startTestService();
    await buildWorld(test.api, test.databaseUrl);
  });
  afterEach(() => test.close());
  const find = (body: object) => findOrphans(test.api, body);
  const remove = async (...consumers: [consumer: string, generation: number][]) => {
    const body = { consumers: consumers.map(([consumer, consumer_generation]) => ({ consumer, consumer_generation })) };
    return (await test.api.post('/stockroom/orphans/delete', body).expect(200)).body as {
      results: { consumer: string; result: string; allocations: object }[];
    };
  };

  it('are consumers with allocations that no list has', async () => {
    const gone = consumerUuid(7);
    const report = await find({ live: [{ consumer: LIVE, provider: 'h3' }, gone] });
    const lastRequest = String(report.orphans[0]?.last_request);
    assert.match(lastRequest, /^req-/);
    assert.deepEqual(report, {
      judged: 2,
      not_judged: { too_young: 0, other_type: 0, other_classes: 0 },
      counts: { orphans: 1, elsewhere: 0, doubled: 0, without_allocations: 1 },
      orphans: [
        {
          consumer: ORPHAN,
          type: 'INSTANCE',
          project_id: 'p1',
          user_id: 'u1',
          consumer_generation: 1,
          last_written: '2026-11-20T10:00:00+00:00',
          allocations: { [H1]: { resources: { VCPU: 12, MEMORY_MB: 49_152 } } },
          providers: { [H1]: { name: 'h1', root: 'h1' } },
          last_request: lastRequest,
        },
      ],
      elsewhere: [],
      doubled: [],
      without_allocations: [gone],
      held_by_orphans: { VCPU: 12, MEMORY_MB: 49_152 },
      more: false,
    });
    assert.deepEqual((await find({ live: [LIVE], also_live: [ORPHAN, randomUUID()] })).counts, {
      orphans: 0,
      elsewhere: 0,
      doubled: 0,
      without_allocations: 0,
    });
  });

  it('have no last request where the history does not know it', async () => {
    const lastRequest = async (): Promise<unknown> => (await find({ live: [LIVE] })).orphans[0]?.last_request;
    assert.match(String(await lastRequest()), /^req-/);
    await sql(test.databaseUrl, 'update allocations set used = used - 1 where used = 12');
    assert.equal(await lastRequest(), null, 'hand-typed SQL came later');
    const change = { consumer: ORPHAN, consumer_generation: 1 };
    const { headers } = await claim(test.api, { [H1]: { VCPU: 10 } }, change).expect(204);
    await age(test.databaseUrl, '2026-11-20T10:00:00Z');
    assert.equal(await lastRequest(), headers['x-openstack-request-id']);
    await sql(test.databaseUrl, 'select history_disable()');
    assert.equal(await lastRequest(), null, 'no history is kept');
    await sql(test.databaseUrl, 'select history_enable()');
    await test.api.get('/stockroom/changes?since=now').expect(200);
    assert.equal(await lastRequest(), null, 'something may have been written meanwhile');
  });

  it('are compared without case, dashes and prefixes, also those that are stored so', async () => {
    const odd = 'ABCDEF00-0000-4000-8000-000000000001';
    const body = { allocations: { [H2]: { resources: { VCPU: 1 } } }, project_id: 'p1', user_id: 'u1' };
    await test.api.post('/allocations', { [odd]: body }, '1.13').expect(204);
    await age(test.databaseUrl, '2026-11-20T10:00:00Z');
    const live = [LIVE.toUpperCase(), ORPHAN.replaceAll('-', ''), `urn:uuid:${odd.toLowerCase()}`];
    assert.deepEqual((await find({ live })).orphans, []);
    const { orphans } = await find({ live: [LIVE, ORPHAN] });
    assert.deepEqual(
      orphans.map(({ consumer, type, consumer_generation }) => [consumer, type, consumer_generation]),
      [[odd, null, 1]],
    );
    assert.equal((await remove([odd, 1])).results[0]?.result, 'deleted');
  });

  it('are not judged when they may be younger than the list', async () => {
    const taken_at = '2026-11-20T10:15:00+00:00';
    const at = async (time: string, more: object = {}) => {
      await age(test.databaseUrl, time);
      return (await find({ live: [LIVE], taken_at, ...more })).not_judged.too_young;
    };
    assert.equal(await at('2026-11-20T10:00:00Z'), 0);
    assert.equal(await at('2026-11-20T10:00:01Z'), 2);
    assert.equal(await at('2026-11-20T10:00:01Z', { older_than: 60 }), 0);
    assert.equal(await at('2026-11-20T10:15:01Z', { older_than: 0 }), 2);
    assert.equal(await at('2026-11-20T10:00:01Z', { taken_at: '2026-11-20T11:15:02+01:00' }), 0);
    // A list of the future is as old as now.
    await occupy(test.api, 5, { [H2]: { VCPU: 1 } });
    assert.deepEqual((await find({ live: [LIVE], taken_at: '2126-01-01T00:00:00Z' })).not_judged.too_young, 1);
    // The bytes that were written count.
    await age(test.databaseUrl, '2026-11-20T10:00:00Z');
    await sql(test.databaseUrl, `update allocations set updated_at = '2026-11-20T10:05:00Z' where used = 49152`);
    assert.deepEqual((await find({ live: [LIVE], taken_at })).not_judged.too_young, 1);
  });

  it('are not judged when they are of another type, or hold nothing of the classes', async () => {
    await test.api.put('/resource_classes/CUSTOM_THING').expect(201);
    const thing = await createProvider(test.api, 'things');
    await setInventories(test.api, thing, { CUSTOM_THING: { total: 10 } });
    await occupy(test.api, 5, { [thing]: { CUSTOM_THING: 1 } }, { consumer_type: 'THING' });
    const untyped = {
      allocations: { [H2]: { resources: { VCPU: 1 } } },
      project_id: 'p',
      user_id: 'u',
      consumer_generation: null,
    };
    await test.api.put(`/allocations/${consumerUuid(6)}`, untyped, '1.36').expect(204);
    await age(test.databaseUrl, '2026-11-20T10:00:00Z');
    const asked = async (more: object) => {
      const { judged, not_judged, orphans } = await find({ live: [LIVE], ...more });
      return [
        judged,
        not_judged.other_type,
        not_judged.other_classes,
        names(orphans)
          .map((one) => one[7])
          .join(''),
      ];
    };
    assert.deepEqual(await asked({}), [3, 0, 1, '16']);
    assert.deepEqual(await asked({ resource_classes: [] }), [4, 0, 0, '156']);
    assert.deepEqual(await asked({ resource_classes: ['CUSTOM_THING'] }), [1, 0, 3, '5']);
    assert.deepEqual(await asked({ consumer_types: ['INSTANCE'] }), [2, 2, 0, '1']);
    assert.deepEqual(await asked({ consumer_types: [null] }), [1, 3, 0, '6']);
    assert.deepEqual(await asked({ consumer_types: ['INSTANCE', null], resource_classes: [] }), [3, 1, 0, '16']);
    assert.deepEqual(await asked({ consumer_types: ['NEVER_SEEN'] }), [0, 4, 0, '']);
  });

  it('tell apart what is elsewhere, and what is in two trees; sharing providers do not count', async () => {
    const numa = await createProvider(test.api, 'h2_numa0', H2);
    await setInventories(test.api, numa, { PCPU: { total: 8 } });
    const pool = await createProvider(test.api, 'pool');
    await setInventories(test.api, pool, { DISK_GB: { total: 1000 } });
    const generation = await generationOf(test.api, pool);
    const traits = { traits: ['MISC_SHARES_VIA_AGGREGATE'], resource_provider_generation: generation };
    await test.api.put(`/resource_providers/${pool}/traits`, traits).expect(200);
    // On h2 and below it, with the pool: one place. 5 is at its home, 6 is not, 7 is in two places.
    for (const n of [5, 6])
      await occupy(test.api, n, { [H2]: { VCPU: 1 }, [numa]: { PCPU: 1 }, [pool]: { DISK_GB: 5 } });
    await occupy(test.api, 7, { [H1]: { VCPU: 1 }, [H2]: { VCPU: 1 } });
    await occupy(test.api, 8, { [pool]: { DISK_GB: 5 } });
    await age(test.databaseUrl, '2026-11-20T10:00:00Z');
    const live = [
      { consumer: consumerUuid(5), provider: numa.toUpperCase() },
      { consumer: consumerUuid(6), provider: 'h3' },
      { consumer: consumerUuid(7), provider: H1 },
      { consumer: consumerUuid(8), provider: 'h1' },
      { consumer: LIVE, provider: 'h3' },
      { consumer: ORPHAN, provider: null },
    ];
    const { orphans, elsewhere, doubled } = await find({ live });
    assert.deepEqual([names(orphans), names(doubled)], [[], [consumerUuid(7)]]);
    assert.deepEqual(
      elsewhere.map(({ consumer, home, providers }) => [
        consumer,
        home.name,
        Object.values(providers).map(({ root }) => root),
      ]),
      [
        [consumerUuid(6), 'h3', ['h2', 'h2', 'pool']],
        [consumerUuid(7), 'h1', ['h1', 'h2']],
      ],
    );
    // Two homes: an instance that two hosts report while it moves.
    const twice = [...live, { consumer: consumerUuid(7), provider: 'h2' }];
    assert.deepEqual(names((await find({ live: twice })).elsewhere), [consumerUuid(6)]);
    // Listed or not.
    assert.deepEqual(names((await find({ live: [LIVE] })).doubled), [consumerUuid(7)]);
  });

  it('have lists with a limit, and numbers without', async () => {
    for (const n of [4, 5, 6]) await occupy(test.api, n, { [H2]: { VCPU: 1 } });
    await age(test.databaseUrl, '2026-11-20T10:00:00Z');
    const report = await find({ live: [LIVE, randomUUID(), randomUUID()], limit: 1 });
    assert.deepEqual(
      [
        report.counts.orphans,
        names(report.orphans),
        report.held_by_orphans,
        report.without_allocations.length,
        report.more,
      ],
      [4, [ORPHAN], { VCPU: 15, MEMORY_MB: 49_152 }, 1, true],
    );
    assert.equal((await find({ live: [LIVE], limit: 4 })).more, false);
  });

  describe('that are implausible', () => {
    const rejected = async (body: object) => {
      const all = { taken_at: '2026-11-25T21:00:00+00:00', ...body };
      const response = await test.api.post('/stockroom/orphans', all).expect(409);
      assert.equal(codeOf(response.body), 'stockroom.orphans.implausible');
      return messageOf(response.body);
    };

    it('are rejected: an empty list, and more than ten of which there are more than 5 %', async () => {
      assert.match(await rejected({ live: [], also_live: [LIVE], expect_at_most: 1000 }), /`live` is empty/);
      const consumers = Array.from({ length: 238 }, () => randomUUID());
      const one = {
        allocations: { [H2]: { resources: { MEMORY_MB: 1 } } },
        project_id: 'p',
        user_id: 'u',
        consumer_generation: null,
        consumer_type: 'INSTANCE',
      };
      await test.api.post('/allocations', Object.fromEntries(consumers.map((uuid) => [uuid, one]))).expect(204);
      await age(test.databaseUrl, '2026-11-20T10:00:00Z');
      const live = [LIVE, ORPHAN, ...consumers];
      // 12 of 240 are 5 %.
      assert.equal((await find({ live: live.slice(12) })).counts.orphans, 12);
      assert.match(
        await rejected({ live: live.slice(13) }),
        /^Implausible: 13 of 240 judged consumers would be orphans, with 227 in the list/,
      );
      assert.equal((await find({ live: live.slice(13), expect_at_most: 13 })).counts.orphans, 13);
      assert.match(await rejected({ live: live.slice(14), expect_at_most: 13 }), /"expect_at_most": 14/);
      // Up to ten orphans are plausible, even when they are most of the consumers.
      assert.equal((await find({ live: live.slice(10), consumer_types: ['INSTANCE'] })).counts.orphans, 10);
      const page = [...live.slice(13), ...Array.from({ length: 773 }, () => randomUUID())];
      assert.match(await rejected({ live: page }), /exactly 1,000 entries/);
      assert.doesNotMatch(await rejected({ live: page.slice(1) }), /exactly/);
    });
  });

  describe('with a body that is wrong', () => {
    const WRONG: [what: string, body: object, message: RegExp][] = [
      ['no list', { live: undefined }, /'live' is a required property/],
      ['no time', { taken_at: undefined }, /'taken_at' is a required property/],
      [
        'a time without an offset',
        { taken_at: '2026-11-25T21:00:00' },
        /taken_at: expected a time in ISO 8601 .* got "2026-11-25T21:00:00"/,
      ],
      ['no time at all', { taken_at: '2026-13-45T21:00:00Z' }, /taken_at: expected/],
      ['no UUID', { live: [LIVE, 'h1'] }, /live\[1\]: expected a UUID, or an object .* got "h1"/],
      ['a number', { live: [LIVE, LIVE, 7] }, /live\[2\]: .* got 7/],
      ['a member too many', { live: [{ consumer: LIVE, host: 'h1' }] }, /live\[0\]: .* got .*"host":"h1"/],
      ['a home that is no text', { live: [{ consumer: LIVE, provider: 5 }] }, /live\[0\]/],
      ['a home with NUL', { live: [{ consumer: LIVE, provider: 'a\0' }] }, /live\[0\]/],
      [
        'an entry with a home in the other list',
        { also_live: [{ consumer: LIVE }] },
        /also_live\[0\]: expected a UUID, got/,
      ],
      ['a class that there is not', { resource_classes: ['VCPU', 'CUSTOM_NONE'] }, /resource_classes: .* CUSTOM_NONE$/],
      ['an age below zero', { older_than: -1 }, /older_than/],
      ['a limit that is too large', { limit: 10_001 }, /10001 is greater than the maximum of 10000/],
      ['an unknown member', { older: 5 }, /'older' was unexpected/],
    ];
    it('is rejected, and says which member, what was expected and what came', async () => {
      for (const [what, body, message] of WRONG) {
        const all = { live: [LIVE], taken_at: '2026-11-25T21:00:00+00:00', ...body };
        const response = await test.api.post('/stockroom/orphans', all);
        assert.equal(response.status, 400, what);
        assert.match(messageOf(response.body), message, what);
      }
    });

    it('is rejected, and names the first ten homes that there are not', async () => {
      const live = Array.from({ length: 12 }, (_, i) => ({ consumer: randomUUID(), provider: `away${i}` }));
      const body = { live: [...live, { consumer: LIVE, provider: 'h1' }], taken_at: '2026-11-25T21:00:00Z' };
      const { body: response } = await test.api.post('/stockroom/orphans', body).expect(400);
      assert.match(messageOf(response), /away0, .*away9 and 2 more$/);
    });

    it('of a deletion is rejected', async () => {
      const many = Array.from({ length: 1001 }, () => ({ consumer: randomUUID(), consumer_generation: 1 }));
      for (const consumers of [
        [],
        many,
        [{ consumer: LIVE }],
        [{ consumer: 'x'.repeat(37), consumer_generation: 1 }],
      ]) {
        await test.api.post('/stockroom/orphans/delete', { consumers }).expect(400);
      }
    });
  });

  describe('that are deleted', () => {
    it('lose all they have, and no generation of a provider grows; what a report has puts them back', async () => {
      const before = await generationOf(test.api, H1);
      const { body: had } = await test.api.get(`/allocations/${ORPHAN}`).expect(200);
      const [report] = (await find({ live: [LIVE] })).orphans;
      const { results } = await remove([ORPHAN, 1], [LIVE, 7], [consumerUuid(9), 1]);
      assert.deepEqual(results, [
        { consumer: ORPHAN, result: 'deleted', allocations: report?.allocations },
        { consumer: LIVE, result: 'changed', allocations: { [H3]: { resources: { VCPU: 4, MEMORY_MB: 57_344 } } } },
        { consumer: consumerUuid(9), result: 'gone', allocations: {} },
      ]);
      assert.deepEqual((await usagesOf(test.api, H1))['VCPU'], 0);
      assert.equal(await generationOf(test.api, H1), before);
      assert.deepEqual((await remove([ORPHAN, 1])).results[0], { consumer: ORPHAN, result: 'gone', allocations: {} });

      const { allocations, project_id, user_id, type } = report!;
      const undo = { allocations, project_id, user_id, consumer_type: type, consumer_generation: null };
      await test.api.put(`/allocations/${ORPHAN}`, undo).expect(204);
      const { body: has } = await test.api.get(`/allocations/${ORPHAN}`).expect(200);
      assert.deepEqual(withoutGenerations(has), withoutGenerations(had));
    });

    it('are left alone when a claim came between report and deletion', async () => {
      const [report] = (await find({ live: [LIVE] })).orphans;
      await occupy(test.api, 1, { [H2]: { VCPU: 1 } }, { consumer_generation: report?.consumer_generation });
      const { results } = await remove([ORPHAN, report!.consumer_generation]);
      assert.deepEqual(results, [
        { consumer: ORPHAN, result: 'changed', allocations: { [H2]: { resources: { VCPU: 1 } } } },
      ]);
      assert.equal((await usagesOf(test.api, H2))['VCPU'], 1);
    });

    it('are left alone when a claim commits while the deletion waits for it', async () => {
      const rival = await connect(test.databaseUrl);
      try {
        await rival.query('begin');
        await rival.query('update consumers set generation = generation + 1 where uuid = $1', [ORPHAN]);
        const deletion = remove([ORPHAN, 1], [LIVE, 1]);
        await until('the deletion waits', async () => (await sessionsWaiting(test.databaseUrl)) > 0);
        await rival.query('commit');
        const { results } = await deletion;
        assert.deepEqual(
          results.map(({ result }) => result),
          ['changed', 'deleted'],
        );
      } finally {
        await rival.end();
      }
    });
  });

  it('need the rights that their rules say', async () => {
    const as = (path: string, body: object) =>
      test.api.request('post', path).set('x-auth-token', 'user:p').set('accept', 'application/json').send(body);
    const taken_at = '2026-11-25T21:00:00Z';
    const report = await as('/stockroom/orphans', { live: [LIVE], taken_at }).expect(403);
    assert.match(messageOf(report.body), /stockroom:orphans /);
    const deletion = await as('/stockroom/orphans/delete', { consumers: [] }).expect(403);
    assert.match(messageOf(deletion.body), /stockroom:orphans:delete /);
  });

  it('may have a list that is larger than other bodies', async () => {
    const small = await startTestService({ databaseUrl: test.databaseUrl, config: { maxRequestBody: 4096 } });
    try {
      const live = [LIVE, ORPHAN, ...Array.from({ length: 2000 }, () => randomUUID())];
      assert.equal((await findOrphans(small.api, { live })).counts.without_allocations, 2000);
      await claim(small.api, { [H1]: { VCPU: 1 } }, { user_id: 'u'.repeat(5000) }).expect(413);
    } finally {
      await small.close();
    }
  });
});

/** The generations of providers are those of now. */
function withoutGenerations(body: unknown): unknown {
  return JSON.parse(JSON.stringify(body, (key, value: unknown) => (key === 'generation' ? undefined : value)));
}

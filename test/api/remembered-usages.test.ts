import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { claim } from '../support/claims.js';
import { connect, createTestDatabase, dropTestDatabase, sql } from '../support/database.js';
import { lockedBy, sessionsWaiting } from '../support/outside-locks.js';
import { createProvider, setInventories, startTestService, type TestService } from '../support/service.js';
import { until } from '../support/until.js';

/** What a project uses is remembered: the next reader sees every change, by any client. */
describe('the usages of a project that were asked for before', () => {
  let url: string;
  let test: TestService;
  let other: TestService;
  let host: string;
  const [one, two] = [randomUUID(), randomUUID()];

  beforeEach(async () => {
    url = await createTestDatabase();
    test = await startTestService({ databaseUrl: url });
    other = await startTestService({ databaseUrl: url });
    host = await createProvider(test.api, 'host');
    await setInventories(test.api, host, { VCPU: { total: 1000 }, DISK_GB: { total: 1000 } });
    await claim(test.api, { [host]: { VCPU: 1, DISK_GB: 2 } }, { consumer: one, ...ADA }).expect(204);
    await claim(test.api, { [host]: { VCPU: 3 } }, { consumer: two, ...BOB }).expect(204);
    for (const service of [test, other]) for (let n = 0; n < 2; n++) await shown(service);
  });
  afterEach(async () => {
    await Promise.all([test.close(), other.close()]);
    await dropTestDatabase(url);
  });

  it('are not read from the database again', async () => {
    const before = await shown(test);
    assert.deepEqual(before, {
      p: { INSTANCE: { VCPU: 1, DISK_GB: 2, consumer_count: 1 }, MIGRATION: { VCPU: 3, consumer_count: 1 } },
      'p ada': { INSTANCE: { VCPU: 1, DISK_GB: 2, consumer_count: 1 } },
      'p bob': { MIGRATION: { VCPU: 3, consumer_count: 1 } },
      q: {},
    });
    const locker = await connect(url);
    try {
      await locker.query('begin; lock table allocations in access exclusive mode');
      const paths = ['/usages?project_id=p', '/usages?project_id=p&user_id=ada&consumer_type=all'];
      for (const path of paths) await test.api.get(path).expect(200);
      assert.deepEqual((await test.api.get('/usages?project_id=p', '1.37')).body.usages, { VCPU: 4, DISK_GB: 2 });
    } finally {
      await locker.end();
    }
  });

  it('are not read again after a change of another project', async () => {
    await claim(other.api, { [host]: { VCPU: 1 } }, { project_id: 'q', user_id: 'ada' }).expect(204);
    const locker = await connect(url);
    try {
      await locker.query('begin; lock table allocations in access exclusive mode');
      await test.api.get('/usages?project_id=p').expect(200);
    } finally {
      await locker.end();
    }
  });

  const held = `(select id from consumers where uuid = '${one}')`;
  const statements: [what: string, statement: string][] = [
    ['an amount', `update allocations set used = 7 where consumer_id = ${held}`],
    ['an allocation that comes', `insert into allocations select id, 1, 2, 5 from consumers where uuid = '${two}'`],
    ['an allocation that goes', `delete from allocations where consumer_id = ${held} and resource_class_id = 0`],
    [
      'a consumer that goes',
      `delete from allocations where consumer_id = ${held}; delete from consumers where id = ${held}`,
    ],
    [
      'a consumer that goes with all it has, in one statement',
      `with gone as (delete from allocations where consumer_id = ${held}) delete from consumers where uuid = '${one}'`,
    ],
    [
      'an allocation that another consumer takes over',
      `update allocations set consumer_id = (select id from consumers where uuid = '${two}')
       where consumer_id = ${held} and resource_class_id = 2`,
    ],
    [
      'the project of a consumer',
      `update consumers set project_id = (select max(id) from projects) where uuid = '${one}'`,
    ],
    ['the user of a consumer', `update consumers set user_id = (select max(id) from users) where uuid = '${one}'`],
    ['the type of a consumer', `update consumers set consumer_type_id = null where uuid = '${one}'`],
    ['the name of a class', `update resource_classes set name = 'VIRTUAL' where name = 'VCPU'`],
    ['the name of a type', `update consumer_types set name = 'THING' where name = 'INSTANCE'`],
    ['the name of a project', `update projects set external_id = 'renamed' where external_id = 'p'`],
    ['the name of a user', `update users set external_id = 'renamed' where external_id = 'ada'`],
    ['all allocations, which go', 'truncate allocations'],
    ['all consumers, which go', 'truncate consumers cascade'],
  ];
  for (const [what, statement] of statements) {
    it(`are right after a change of ${what}`, async () => {
      await sql(url, `insert into projects (external_id) values ('q'); insert into users (external_id) values ('eve')`);
      const before = await shown(test);
      await sql(url, statement);
      const after = await shown(test);
      assert.notDeepEqual(after, before);
      assert.deepEqual(await shown(other), after);
      const stranger = await startTestService({ databaseUrl: url });
      try {
        assert.deepEqual(after, await shown(stranger));
      } finally {
        await stranger.close();
      }
    });
  }

  it('show at once what was written through another process, whatever is written', async () => {
    /** What each consumer has, and whose it is. */
    const model = new Map<number, Written>();
    const uuids = Array.from({ length: 4 }, () => randomUUID());
    const generations = uuids.map((): number | null => null);
    await sql(url, 'truncate consumers cascade');

    const write = async ({ api }: TestService, step: Step): Promise<void> => {
      const { consumer, owner, amount } = step;
      const uuid = uuids[consumer]!;
      if (amount === 0) {
        await api.delete(`/allocations/${uuid}`).expect(model.delete(consumer) ? 204 : 404);
        generations[consumer] = null;
        return;
      }
      const written = { consumer: uuid, consumer_generation: generations[consumer]!, ...OWNERS[owner]! };
      await claim(api, { [host]: { VCPU: amount } }, written).expect(204);
      generations[consumer] = (generations[consumer] ?? 0) + 1;
      model.set(consumer, { owner, amount });
    };

    const steps = fc.array(
      fc.record({
        consumer: fc.nat(uuids.length - 1),
        owner: fc.nat(OWNERS.length - 1),
        amount: fc.nat(5),
        throughOther: fc.boolean(),
      }),
      { minLength: 10, maxLength: 10 },
    );
    const property = fc.asyncProperty(steps, async (program) => {
      for (const step of program) {
        const [writer, reader] = step.throughOther ? [other, test] : [test, other];
        await write(writer, step);
        const wanted = expectedOf([...model.values()]);
        for (const service of [reader, writer]) assert.deepEqual(await shown(service), wanted);
      }
    });
    await fc.assert(property, { numRuns: 6, endOnFailure: true });
  });

  it('join a statement that is under way only while nothing has changed since it was sent', async () => {
    const change = (used: number): Promise<unknown> =>
      sql(url, `update allocations set used = ${used} where consumer_id = ${held} and resource_class_id = 0`);
    const read = async (): Promise<unknown> => (await test.api.get('/usages?project_id=p', '1.37')).body.usages;
    await change(11);
    const outsider = await lockedBy(url, 'lock table users in access exclusive mode');
    try {
      const early = read();
      await until('the early reader waits', async () => (await sessionsWaiting(url)) === 1);
      await change(12);
      const late = read();
      await until('the late reader waits for a statement of its own', async () => (await sessionsWaiting(url)) === 2);
      await outsider.release();
      assert.deepEqual(await late, { VCPU: 15, DISK_GB: 2 });
      await early;
    } finally {
      await outsider.release();
    }
    assert.deepEqual(await read(), { VCPU: 15, DISK_GB: 2 });
  });

  it('are asked for again after a failure', async () => {
    await sql(url, `alter table consumer_types rename to away`);
    await sql(url, `update allocations set used = 11 where consumer_id = ${held} and resource_class_id = 0`);
    await test.api.get('/usages?project_id=p').expect(500);
    await sql(url, `alter table away rename to consumer_types`);
    assert.equal((await shown(test))['p']!['INSTANCE']!['VCPU'], 11);
  });
});

const ADA = { project_id: 'p', user_id: 'ada', consumer_type: 'INSTANCE' };
const BOB = { project_id: 'p', user_id: 'bob', consumer_type: 'MIGRATION' };
const OWNERS = [ADA, BOB, { project_id: 'q', user_id: 'ada', consumer_type: 'INSTANCE' }];

type Sums = Record<string, Record<string, number>>;

interface Written {
  /** An index of OWNERS. */
  readonly owner: number;
  readonly amount: number;
}

interface Step extends Written {
  readonly consumer: number;
  readonly throughOther: boolean;
}

/** What a service shows for each project and user that the tests have. */
async function shown({ api }: TestService): Promise<Record<string, Sums>> {
  const found: Record<string, Sums> = {};
  for (const [project, user] of [['p'], ['p', 'ada'], ['p', 'bob'], ['q']]) {
    const query = user === undefined ? '' : `&user_id=${user}`;
    const { body } = await api.get(`/usages?project_id=${project}${query}`).expect(200);
    found[user === undefined ? project! : `${project} ${user}`] = (body as { usages: Sums }).usages;
  }
  return found;
}

function expectedOf(written: readonly Written[]): Record<string, Sums> {
  const sumsOf = (project: string, user?: string): Sums => {
    const sums: Sums = {};
    for (const { owner, amount } of written) {
      const { project_id, user_id, consumer_type } = OWNERS[owner]!;
      if (project_id !== project || (user !== undefined && user_id !== user)) continue;
      const sum = (sums[consumer_type] ??= { VCPU: 0, consumer_count: 0 });
      sum['VCPU']! += amount;
      sum['consumer_count']! += 1;
    }
    return sums;
  };
  return { p: sumsOf('p'), 'p ada': sumsOf('p', 'ada'), 'p bob': sumsOf('p', 'bob'), q: sumsOf('q') };
}

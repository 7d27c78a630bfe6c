import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { connect, createEmptyDatabase, createTestDatabase, sql } from '../support/database.js';
import { createPlacementSource, importInto, type Report } from '../support/placement-source.js';
import { cleanUp, runToEnd, startProcess, temporaryFolder } from '../support/process.js';
import { startTestService } from '../support/service.js';
import { until } from '../support/until.js';

const uuid = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const at = (connection: string) => ({ OS_PLACEMENT_DATABASE__CONNECTION: connection });

/** Two providers, a trait and an allocation, all as they should be. */
const HEALTHY = `
  insert into resource_classes (id, name, created_at) values (0, 'VCPU', '2020-01-01 10:20:30.123456'), (10000, 'CUSTOM_GOLD', '2020-01-02');
  insert into traits (id, name, created_at) values (1, 'HW_CPU_X86_AVX2', '2020-01-01'), (2, 'CUSTOM_FAST', '2020-01-03');
  insert into resource_providers (id, uuid, name, generation, root_provider_id, parent_provider_id, created_at, updated_at)
    values (1, '${uuid(1)}', 'root', 7, 1, null, '2020-01-01', '2021-01-01 01:02:03.456'), (2, '${uuid(2)}', 'child', 3, 1, 1, '2020-01-01', null);
  insert into inventories (resource_provider_id, resource_class_id, total, reserved, min_unit, max_unit, step_size, allocation_ratio, created_at)
    values (2, 0, 8, 1, 1, 8, 1, 1.37, '2020-01-01'), (2, 10000, 5, 0, 1, 5, 1, 1.0, '2020-01-01');
  insert into resource_provider_traits (trait_id, resource_provider_id, created_at) values (1, 2, '2020-01-01'), (2, 2, '2020-01-01');
  insert into placement_aggregates (id, uuid, created_at) values (1, '${uuid(50)}', '2020-01-01');
  insert into resource_provider_aggregates (resource_provider_id, aggregate_id, created_at) values (1, 1, '2020-01-01');
  insert into projects (id, external_id, created_at) values (4, 'p', '2020-01-01');
  insert into users (id, external_id, created_at) values (5, 'u', '2020-01-01');
  insert into consumers (id, uuid, project_id, user_id, generation, created_at) values (1, '${uuid(9)}', 4, 5, 2, '2020-01-01');
  insert into allocations (resource_provider_id, consumer_id, resource_class_id, used, created_at) values (2, '${uuid(9)}', 0, 3, '2020-01-01');`;

describe('stockroom import', function () {
  // Each test starts several processes, one after the other.
  let source: string;
  before(async () => {
    source = await createPlacementSource();
    await sql(source, HEALTHY);
  });
  after(cleanUp);

  const providersIn = async (target: string) =>
    (await sql<{ count: number }>(target, 'select count(*)::int from resource_providers'))[0]?.count;

  it('is seen at once by services that run on the target, also when it replaces what they knew', async () => {
    const service = await startTestService();
    const { databaseUrl: target } = service;
    await service.api.post('/resource_providers', { name: 'root', uuid: uuid(77) }).expect(200);
    await service.api.put('/traits/CUSTOM_OLD').expect(201);
    const rejected = await importInto(target, source);
    assert.deepEqual([rejected.code, rejected.output], [1, '']);
    assert.match(rejected.errors, /target is not empty: it holds 1 resource providers, 1 custom traits\. .*--replace/);
    const { code, output, errors } = await importInto(target, source, '--replace', '--verify');
    assert.equal(code, 0, errors);
    assert.match(output, /^Imported postgresql:.* \(revision a082b8bb98d0\) into postgresql:/);
    assert.match(output, /\nRemoved from the target: 1 resource providers, 1 custom traits\n/);
    assert.match(output, /\nEvery row was imported unchanged\.\n[^]*\nNo differences \(compared: /);
    assert.match(errors, /\d s {2}read allocations: 1 rows\n/);
    assert.ok(!(output + errors).includes(new URL(target).password));
    const { body } = await service.api.get('/resource_providers').expect(200);
    const { resource_providers: providers } = body as { resource_providers: { uuid: string; generation: number }[] };
    assert.deepEqual(
      providers.map((one) => [one.uuid, one.generation]),
      [
        [uuid(1), 7],
        [uuid(2), 3],
      ],
    );
    await service.api.get(`/resource_providers/${uuid(77)}`).expect(404);
    await service.api.get('/traits/CUSTOM_OLD').expect(404);
    const { headers } = await service.api.get(`/resource_providers/${uuid(1)}`).expect(200);
    assert.equal((headers as Record<string, string>)['last-modified'], 'Fri, 01 Jan 2021 01:02:03 GMT');
    const { body: usages } = await service.api.get(`/resource_providers/${uuid(2)}/usages`).expect(200);
    assert.deepEqual((usages as { usages: object }).usages, { VCPU: 3, CUSTOM_GOLD: 0 });
    assert.deepEqual(await service.service.topology.audit(), []);
    await service.close();
  });

  it('reads from the first of several hosts that can be reached, in each form of the URL', async () => {
    const target = await createEmptyDatabase();
    const { username, password, hostname, port, pathname } = new URL(source);
    const login = `${username}:${password}@`;
    for (const from of [
      `postgresql+psycopg2://${login}${pathname}?host=${hostname}:1&host=${hostname}:${port}&target_session_attrs=read-write`,
      `postgresql://${login}${hostname}:1,${hostname}:${port}${pathname}?target_session_attrs=read-write`,
      `postgresql://${login}${pathname}?host=${hostname}&port=${port}`,
    ]) {
      const { code, output, errors } = await importInto(target, from, '--dry-run', '--json');
      assert.equal(code, 0, `${from}: ${errors}`);
      assert.equal((JSON.parse(output) as Report).read['allocations'], 1);
    }
    const none = await importInto(target, `postgresql://${login}${hostname}:1,${hostname}:2${pathname}`, '--dry-run');
    assert.equal(none.code, 1);
    assert.match(none.errors, /^The database to import from cannot be used: .*:1.*:2.*\n$/m);
    assert.doesNotMatch(none.errors, /\n *at /);
    assert.ok(!none.errors.includes(password));
  });

  it('--dry-run finds the same and writes nothing, not even tables', async () => {
    const target = await createEmptyDatabase();
    const { code, output } = await importInto(target, source, '--dry-run', '--json');
    assert.equal(code, 0);
    const report = JSON.parse(output) as Report;
    assert.deepEqual([report.dryRun, report.written, report.removed, report.findings], [true, null, null, []]);
    assert.equal(report.read['allocations'], 1);
    assert.deepEqual(await sql(target, "select from pg_tables where schemaname = 'public'"), []);

    const full = await createTestDatabase();
    await sql(full, "insert into resource_providers (id, uuid, name, root_provider_id) values (1, 'x', 'x', 1)");
    const rejected = await importInto(full, source, '--dry-run');
    assert.equal(rejected.code, 1);
    assert.match(rejected.errors, /An import would be rejected\. The target is not empty/);
    assert.equal((await importInto(full, source, '--dry-run', '--replace')).code, 0);
    assert.equal(await providersIn(full), 1);
  });

  it('--verify-only names every object and field that differs', async () => {
    const target = await createEmptyDatabase();
    const before = await importInto(target, source, '--verify-only');
    assert.equal(before.code, 1);
    assert.match(before.errors, /has no tables yet/);
    assert.equal((await importInto(target, source)).code, 0);
    assert.equal((await importInto(target, source, '--verify-only')).code, 0);
    await sql(
      target,
      `update resource_providers set name = 'other', parent_provider_id = null, root_provider_id = 2 where id = 2;
       update inventories set allocation_ratio = 1.38, updated_at = '2022-01-01' where resource_class_id = 0;
       delete from inventories where resource_class_id = 10000;
       delete from resource_provider_traits where trait_id = (select id from traits where name = 'CUSTOM_FAST');
       insert into resource_provider_aggregates (resource_provider_id, aggregate_uuid) values (2, '${uuid(51)}');
       update consumers set generation = 3, user_id = (select project_id + 1000 from consumers limit 1);
       insert into users (id, external_id) select user_id, 'someone' from consumers;
       update allocations set used = 4;
       insert into traits (name) values ('CUSTOM_NEW');`,
    );
    const { code, output } = await importInto(target, source, '--verify-only');
    assert.equal(code, 1);
    const lines = output.split('\n').filter((line) => line.startsWith('  differs: '));
    assert.deepEqual(
      lines.map((line) => line.slice('  differs: '.length)),
      [
        'trait CUSTOM_NEW is not in the source',
        'user someone is not in the source',
        `provider ${uuid(2)}: name is "other" instead of "child", root is "${uuid(2)}" instead of "${uuid(1)}", parent is null instead of "${uuid(1)}"`,
        `inventory ${uuid(2)} CUSTOM_GOLD is missing`,
        `inventory ${uuid(2)} VCPU: used is 4 instead of 3, updated_at is "2022-01-01T00:00:00+00:00" instead of null, allocation_ratio is 1.38 instead of 1.37`,
        `trait of a provider ${uuid(2)} CUSTOM_FAST is missing`,
        `aggregate of a provider ${uuid(2)} ${uuid(51)} is not in the source`,
        `consumer ${uuid(9)}: user is "someone" instead of "u", generation is 3 instead of 2`,
        `allocation ${uuid(9)} ${uuid(2)} VCPU: used is 4 instead of 3`,
      ],
    );
    assert.match(output, /\n9 differences \(compared: /);
    const { output: json } = await importInto(target, source, '--verify-only', '--json');
    assert.equal((JSON.parse(json) as Report).differences?.length, 9);
  });

  it('reads one moment, and nothing stays behind when the source breaks off', async () => {
    const target = await createEmptyDatabase();
    const held = await connect(source);
    await held.query('begin; lock table allocations in access exclusive mode');
    const run = startProcess(['import', '--from', source, '--json'], at(target));
    await waitingFor(source, 'allocations');
    // Written after the reading began, so it is not in the import.
    await held.query(
      `insert into allocations (resource_provider_id, consumer_id, resource_class_id, used) values (2, '${uuid(10)}', 0, 1)`,
    );
    await held.query('commit');
    assert.equal(await run.ended(), 0, run.errors());
    assert.equal((JSON.parse(run.output()) as Report).read['allocations'], 1);
    await held.query(`delete from allocations where consumer_id = '${uuid(10)}'`);

    const second = await createEmptyDatabase();
    await held.query('begin; lock table allocations in access exclusive mode');
    const broken = startProcess(['import', '--from', source], at(second));
    const { pid } = await waitingFor(source, 'allocations');
    await held.query('select pg_terminate_backend($1)', [pid]);
    assert.equal(await broken.ended(), 1);
    assert.match(
      broken.errors(),
      /allocations of the database to import from cannot be read: .*Nothing was written\.\n$/,
    );
    await held.end();
    assert.equal(await providersIn(second), 0);
  });

  it('waits for a claim under way in the target, and then rejects it', async () => {
    const target = await createTestDatabase();
    const writer = await connect(target);
    await writer.query(
      "begin; insert into resource_providers (id, uuid, name, root_provider_id) values (1, 'x', 'x', 1)",
    );
    const run = startProcess(['import', '--from', source], at(target));
    await waitingFor(target, 'resource_providers');
    await writer.query('commit');
    await writer.end();
    assert.equal(await run.ended(), 1);
    assert.match(run.errors(), /target is not empty: it holds 1 resource providers\./);
  });

  it('takes a database from before consumer types, and the URL from a placement.conf', async () => {
    const old = await createPlacementSource('b4ed3a175331', { consumerTypes: false });
    await sql(old, HEALTHY);
    const file = path.join(await temporaryFolder(), 'placement.conf');
    const url = old.replace('postgresql:', 'postgresql+psycopg2:');
    writeFileSync(file, `[placement_database]\nconnection = ${url}?client_encoding=utf8\n`);
    const target = await createEmptyDatabase();
    const { code, errors } = await runToEnd(['import', '--from-config', file, '--verify'], at(target));
    assert.equal(code, 0, errors);
    assert.deepEqual(await sql(target, 'select uuid, consumer_type_id from consumers'), [
      { uuid: uuid(9), consumer_type_id: null },
    ]);
  });

  it('makes the embedded database in a data folder that is named', async () => {
    const folder = await temporaryFolder();
    const nowhere = await runToEnd(['import', '--from', source, '--data-dir', folder, '--dry-run']);
    assert.deepEqual([nowhere.code, /there is no embedded database in/.test(nowhere.errors)], [1, true]);
    const { code, errors } = await runToEnd(['import', '--from', source, '--data-dir', folder]);
    assert.equal(code, 0, errors);
    const run = startProcess(['--port', '0', '--data-dir', folder]);
    const { api } = await run.listening();
    await api.get(`/resource_providers/${uuid(2)}`).expect(200);
    run.signal('SIGTERM');
    assert.equal(await run.ended(), 0);
  });

  it('rejects what it does not understand, and says what to do', async () => {
    const target = await createEmptyDatabase();
    const [future, empty, nova] = [
      await createPlacementSource('feedfacecafe'),
      await createEmptyDatabase(),
      await createEmptyDatabase(),
    ];
    await sql(nova, 'create table migrate_version (version integer); create table resource_providers (id integer)');
    const damaged = await createPlacementSource();
    await sql(damaged, 'drop table inventories; alter table consumers drop column generation');
    const cases: [from: string, to: string, message: RegExp][] = [
      [
        future,
        target,
        /alembic revision feedfacecafe\. Understood are b4ed3a175331, .*a082b8bb98d0\. If it is older, run/,
      ],
      [empty, target, /no table alembic_version, so it is no Placement's .*Name the database/],
      [nova, target, /looks like Nova's/],
      [await createTestDatabase(), target, /It is a Stockroom's/],
      [damaged, target, /lacks inventories\.id, .*consumers\.generation: it is damaged/],
      [source, source, /The source and the target are the same database/],
      [source, damaged, /belongs to an OpenStack Placement\. Give Stockroom an empty database of its own/],
      ['postgresql://u:hunter2@127.0.0.1:1/d', target, /to import from cannot be used: .*ECONNREFUSED/],
      ['mysql+pymysql://u:hunter2@127.0.0.1:1/d', target, /to import from cannot be used: .*ECONNREFUSED/],
      ['sqlite:///placement.db', target, /--from: expected a URL of the form mysql/],
    ];
    const responses = await Promise.all(cases.map(([from, to]) => importInto(to, from)));
    for (const [index, { code, output, errors }] of responses.entries()) {
      assert.deepEqual([code, output], [1, ''], errors);
      assert.match(errors, cases[index]?.[2] ?? /^$/);
      assert.doesNotMatch(errors, /hunter2|^ {4}at /m);
    }
    assert.deepEqual(await sql(target, "select from pg_tables where schemaname = 'public'"), []);
    for (const args of [
      [],
      ['--from', source, '--from-config', 'x'],
      ['--from', source, '--verify-only', '--replace'],
    ]) {
      assert.equal((await runToEnd(['import', ...args], at(target))).code, 2, args.join(' '));
    }
  });

  /** Waits until a session waits for a lock on a table; returns its process number. */
  async function waitingFor(database: string, table: string): Promise<{ pid: number }> {
    return until(`a session waits for ${table}`, async () => {
      const [found] = await sql<{ pid: number }>(
        database,
        'select pid from pg_locks where not granted and relation = to_regclass($1) and database = (select oid from pg_database where datname = current_database())',
        [table],
      );
      return found ?? false;
    });
  }
});

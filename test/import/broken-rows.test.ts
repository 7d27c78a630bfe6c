import assert from 'node:assert/strict';
import { FINDINGS } from '../../src/import/findings.js';
import { createEmptyDatabase, sql } from '../support/database.js';
import { createPlacementSource, importInto, type Report } from '../support/placement-source.js';
import { startTestService, type TestService } from '../support/service.js';

const uuid = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const [COMPUTE, STORAGE, CHILD, LOST, ALONE] = [1, 2, 3, 4, 5].map(uuid) as [string, string, string, string, string];
const consumer = (number: number): string => uuid(1000 + number);

/** One of each that docs/how-to/import-from-placement.md has a rule for; what PostgreSQL cannot hold is tested with MariaDB. */
const BROKEN = `
  insert into resource_classes (id, name, created_at) values (0, 'VCPU', '2020-01-01'), (1, 'MEMORY_MB', '2020-01-01'),
    (2, 'DISK_GB', '2020-01-01'), (30, 'FLUX_CAPACITOR', '2020-01-01'), (10000, 'CUSTOM_GOLD', '2020-01-01'), (10001, '', '2020-01-01');
  insert into traits (id, name, created_at) values (1, 'HW_CPU_X86_AVX2', '2020-01-01'), (2, 'CUSTOM_FAST', '2020-01-01'),
    (3, 'HW_CPU_FROM_THE_FUTURE', '2020-01-01');
  insert into resource_providers (id, uuid, name, generation, root_provider_id, parent_provider_id, created_at) values
    (1, '${COMPUTE}', 'compute', 7, 1, null, '2020-01-01'),
    (2, '${STORAGE}', null, null, null, null, '2020-01-01'),
    (3, '${CHILD}', 'child', 3, 2, 1, '2020-01-01'),
    (4, '${LOST}', 'lost', 0, 99, 99, '2020-01-01'),
    (5, '${ALONE}', 'COMPUTE', 0, 1, null, '2020-01-01'),
    (6, '${uuid(6)}', 'cycle', 0, 6, 8, '2020-01-01'),
    (7, '${uuid(7)}', 'cycle-7', 0, 6, 6, '2020-01-01'),
    (8, '${uuid(8)}', 'cycle-8', 0, 6, 7, '2020-01-01'),
    (9, '${uuid(9)}', 'below', 0, 6, 8, '2020-01-01'),
    (10, '${uuid(10)}', 'itself', 0, 10, 10, null),
    (11, '${uuid(11).replaceAll('-', '')}', 'compute', 0, 11, null, '2020-01-01');
  insert into inventories (id, resource_provider_id, resource_class_id, total, reserved, min_unit, max_unit, step_size, allocation_ratio, created_at)
    values (1, 1, 0, 8, 0, 1, 8, 1, 1.0, '2020-01-01'), (2, 1, 2, 100, 10, 1, 100, 1, 1.5, '2020-01-01'),
      (3, 77, 0, 8, 0, 1, 8, 1, 1.0, '2020-01-01'), (4, 1, 88, 8, 0, 1, 8, 1, 1.0, '2020-01-01'),
      (5, 1, 0, 4, 0, 1, 8, 1, 1.0, '2020-01-01'), (6, 3, 0, 0, -1, 0, 0, 0, 'NaN', '2020-01-01'),
      (7, 3, 10001, 1, 0, 1, 1, 1, 1.0, '2020-01-01'), (8, 3, 30, 5, -2, 1, 5, 1, 1.0, '2020-01-01');
  insert into resource_provider_traits (trait_id, resource_provider_id, created_at) values
    (1, 1, '2020-01-01'), (3, 1, '2020-01-01'), (2, 77, '2020-01-01'), (88, 1, '2020-01-01');
  insert into placement_aggregates (id, uuid) values (1, '${uuid(501)}'), (2, '${uuid(502).toUpperCase().replace('4000', 'A000')}'), (3, null);
  insert into resource_provider_aggregates (resource_provider_id, aggregate_id, created_at) values
    (1, 1, '2020-01-01'), (77, 1, '2020-01-01'), (1, 99, '2020-01-01'), (1, 3, '2020-01-01');
  insert into projects (id, external_id) values (1, 'p');
  insert into users (id, external_id) values (1, 'u');
  insert into consumer_types (id, name) values (1, 'INSTANCE');
  insert into consumers (id, uuid, project_id, user_id, generation, consumer_type_id, created_at) values
    (1, '${consumer(1)}', 1, 1, 5, 1, '2020-01-01'), (2, '${consumer(2)}', 1, 1, 0, null, '2020-01-01'),
    (3, '${consumer(3)}', 9, 9, 1, null, '2020-01-01'), (4, '${consumer(4)}', 1, 1, 1, 9, '2020-01-01'),
    (5, '${consumer(5)}', 1, 1, 1, 1, '2020-01-01');
  insert into allocations (id, resource_provider_id, consumer_id, resource_class_id, used, created_at) values
    (1, 1, '${consumer(1)}', 0, 3, '2020-01-01'), (2, 1, '${consumer(1)}', 0, 2, '2020-01-01'),
    (3, 1, '${consumer(3)}', 1, 512, '2020-01-01'), (4, 1, '${consumer(4)}', 1, 512, '2020-01-01'),
    (5, 1, '${consumer(6)}', 2, 50, '2020-01-01'),
    (6, 77, '${consumer(5)}', 0, 1, '2020-01-01'), (7, 1, '${consumer(5)}', 88, 1, '2020-01-01'),
    (8, 1, '${consumer(5)}', 2, 0, '2020-01-01');`;

describe('importing broken rows', () => {
  let source: string;
  let target: string;
  let report: Report;
  let service: TestService;

  before(async function () {
    source = await createPlacementSource();
    await sql(source, BROKEN);
    target = await createEmptyDatabase();
    const { code, output, errors } = await importInto(target, source, '--json', '--verify');
    assert.equal(code, 0, errors + output);
    report = JSON.parse(output) as Report;
    service = await startTestService({ databaseUrl: target });
  });
  after(async () => {
    await service.close();
  });

  const rowsOf = (kind: keyof typeof FINDINGS): string[] =>
    (report.findings.find((one) => one.kind === kind)?.rows ?? []).map(({ subject, detail }) =>
      detail === null ? subject : `${subject}: ${detail}`,
    );

  async function get<Body>(path: string): Promise<Body> {
    return (await service.api.get(path).expect(200)).body as Body;
  }

  interface ProviderBody {
    name: string;
    generation: number;
    parent_provider_uuid: string | null;
    root_provider_uuid: string;
  }
  const provider = (of: string): Promise<ProviderBody> => get<ProviderBody>(`/resource_providers/${of}`);

  it('is tested with each that there is a rule for', () => {
    const ofMysql = ['consumer_in_other_case', 'zero_date', 'nul_character'];
    const found = report.findings.map(({ kind }) => kind);
    assert.deepEqual(
      Object.keys(FINDINGS).filter((kind) => !found.includes(kind)),
      ofMysql,
    );
    for (const { kind, count, rows } of report.findings) assert.equal(rows.length, count, kind);
  });

  it('names providers that have none, or that of another', async () => {
    assert.equal((await provider(STORAGE)).name, STORAGE);
    assert.equal((await provider(STORAGE)).generation, 0);
    const undashed = uuid(11).replaceAll('-', '');
    assert.deepEqual(await sql(target, `select name from resource_providers where uuid = '${undashed}'`), [
      { name: `compute-${undashed}` },
    ]);
    assert.deepEqual(rowsOf('duplicate_provider_name'), [`provider ${undashed}: compute, now compute-${undashed}`]);
    assert.deepEqual(rowsOf('name_differs_in_case'), ['compute, COMPUTE']);
    assert.deepEqual([(await provider(COMPUTE)).name, (await provider(COMPUTE)).generation], ['compute', 7]);
  });

  it('gives every provider a root that its parents lead to', async () => {
    const shape = async (of: string) => {
      const { parent_provider_uuid: parent, root_provider_uuid: root } = await provider(of);
      return [parent, root];
    };
    assert.deepEqual(await shape(STORAGE), [null, STORAGE]);
    assert.deepEqual(await shape(CHILD), [COMPUTE, COMPUTE]);
    assert.deepEqual(await shape(LOST), [null, LOST]);
    assert.deepEqual(await shape(ALONE), [null, ALONE]);
    assert.deepEqual(await shape(uuid(6)), [null, uuid(6)]);
    assert.deepEqual(await shape(uuid(7)), [uuid(6), uuid(6)]);
    assert.deepEqual(await shape(uuid(8)), [uuid(7), uuid(6)]);
    assert.deepEqual(await shape(uuid(9)), [uuid(8), uuid(6)]);
    assert.deepEqual(await shape(uuid(10)), [null, uuid(10)]);
    assert.deepEqual(rowsOf('parent_cycle'), [`provider ${uuid(6)} (cycle) becomes a root`]);
    assert.equal(rowsOf('missing_root').length, 1);
    assert.equal(rowsOf('wrong_root').length, 3, 'child, lost, COMPUTE');
  });

  it('keeps what is allocated out of reach when its inventory is gone', async () => {
    const { inventories } = await get<{ inventories: Record<string, object> }>(
      `/resource_providers/${COMPUTE}/inventories`,
    );
    assert.deepEqual(Object.keys(inventories).sort(), ['DISK_GB', 'MEMORY_MB', 'VCPU']);
    assert.deepEqual(inventories['MEMORY_MB'], {
      total: 1024,
      reserved: 1024,
      min_unit: 1,
      max_unit: 1024,
      step_size: 1,
      allocation_ratio: 1,
    });
    const { usages } = await get<{ usages: object }>(`/resource_providers/${COMPUTE}/usages`);
    assert.deepEqual(usages, { VCPU: 5, MEMORY_MB: 1024, DISK_GB: 50 });
    const claim = { allocations: { [COMPUTE]: { resources: { MEMORY_MB: 1 } } } };
    const owner = { project_id: 'p', user_id: 'u', consumer_generation: null, consumer_type: 'INSTANCE' };
    await service.api.put(`/allocations/${consumer(99)}`, { ...claim, ...owner }).expect(409);
    assert.deepEqual(rowsOf('allocation_without_inventory'), [
      `MEMORY_MB on provider ${COMPUTE} (compute): 2 allocations of 1024 together`,
    ]);
  });

  it('takes of two inventories the smaller, and says when more is allocated than it has', async () => {
    const { total } = await get<{ total: number }>(`/resource_providers/${COMPUTE}/inventories/VCPU`);
    assert.equal(total, 4);
    assert.deepEqual(rowsOf('over_capacity'), [
      `VCPU on provider ${COMPUTE} (compute): 5 used, total 4, reserved 0, allocation_ratio 1`,
    ]);
    assert.deepEqual(rowsOf('duplicate_inventory'), [`inventory 1: of VCPU on provider ${COMPUTE}, total 8`]);
  });

  it('changes values to be in their range without making room', async () => {
    const { inventories } = await get<{ inventories: object }>(`/resource_providers/${CHILD}/inventories`);
    assert.deepEqual(inventories, {
      VCPU: { total: 1, reserved: 1, min_unit: 1, max_unit: 1, step_size: 1, allocation_ratio: 0 },
      FLUX_CAPACITOR: { total: 5, reserved: 0, min_unit: 1, max_unit: 5, step_size: 1, allocation_ratio: 1 },
    });
    assert.deepEqual(await sql(target, "select id from resource_classes where name = 'FLUX_CAPACITOR'"), [{ id: 30 }]);
  });

  it('makes consumers for allocations, and none without', async () => {
    interface Allocations {
      project_id: string;
      user_id: string;
      consumer_generation: number;
      consumer_type: string;
      allocations: Record<string, { resources: object }>;
    }
    const allocations = async (number: number) => {
      const body = await get<Allocations>(`/allocations/${consumer(number)}`);
      const [project, user, type] = [body.project_id, body.user_id, body.consumer_type];
      return [project, user, type, body.consumer_generation, body.allocations[COMPUTE]?.resources];
    };
    const nobody = '00000000-0000-0000-0000-000000000000';
    assert.deepEqual(await allocations(1), ['p', 'u', 'INSTANCE', 5, { VCPU: 5 }]);
    assert.deepEqual(await allocations(3), [nobody, nobody, 'unknown', 1, { MEMORY_MB: 512 }]);
    assert.deepEqual(await allocations(4), ['p', 'u', 'unknown', 1, { MEMORY_MB: 512 }]);
    assert.deepEqual(await allocations(6), [nobody, nobody, 'unknown', 0, { DISK_GB: 50 }]);
    assert.deepEqual(await sql(target, 'select count(*)::int as count from consumers'), [{ count: 4 }]);
    assert.deepEqual(rowsOf('consumer_without_allocations').sort(), [
      `consumer ${consumer(2)}`,
      `consumer ${consumer(5)}`,
    ]);
    assert.deepEqual(rowsOf('allocation_of_missing_provider'), [
      `allocation of consumer ${consumer(5)}: 1 of VCPU on provider number 77`,
    ]);
  });

  it('imports names that this release does not know, and leaves out what is attached to nothing', async () => {
    const { traits } = await get<{ traits: string[] }>(`/resource_providers/${COMPUTE}/traits`);
    assert.deepEqual(traits.sort(), ['HW_CPU_FROM_THE_FUTURE', 'HW_CPU_X86_AVX2']);
    const { aggregates } = await get<{ aggregates: string[] }>(`/resource_providers/${COMPUTE}/aggregates`);
    assert.deepEqual(aggregates, [uuid(501)]);
    assert.equal(rowsOf('trait_of_missing_provider').length, 2);
    assert.equal(rowsOf('aggregate_of_missing_provider').length, 3);
  });

  it('leaves a target that is as the service itself would have it', async () => {
    assert.deepEqual(await service.service.topology.audit(), []);
    assert.deepEqual(
      await sql(
        target,
        `select from inventories i where used <> (select coalesce(sum(used), 0) from allocations a
         where (a.resource_provider_id, a.resource_class_id) = (i.resource_provider_id, i.resource_class_id))`,
      ),
      [],
    );
    // The next numbers are free.
    await service.api.post('/resource_providers', { name: 'next' }).expect(200);
    await service.api.put('/resource_classes/CUSTOM_NEXT').expect(201);
    const owner = { project_id: 'p', user_id: 'u', consumer_generation: null, consumer_type: 'MIGRATION' };
    const allocations = { [COMPUTE]: { resources: { DISK_GB: 1 } } };
    await service.api.put(`/allocations/${consumer(100)}`, { allocations, ...owner }).expect(204);
  });
});

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import fc from 'fast-check';
import type pg from 'pg';
import { duckdbTable } from '../../src/lists/manifest/duckdb-sql.js';
import { DEFAULT_FIELDS } from '../../src/lists/job/settings.js';
import { OPTIONAL_FIELDS } from '../../src/lists/model.js';
import { packSnapshot } from '../../src/lists/spool/pack-snapshot.js';
import { claim, usagesOf } from '../support/claims.js';
import { connect } from '../support/database.js';
import { duckdb, type DuckDBRow } from '../support/duckdb.js';
import { encodedName as encoded, settingsWith } from '../support/lists.js';
import { cleanUp, temporaryFolder } from '../support/process.js';
import { createProvider, setInventories, startTestService, type TestService } from '../support/service.js';

/** FAST_CHECK_RUNS sets how many worlds: a dozen are for every day. */
const RUNS = Number(process.env['FAST_CHECK_RUNS'] ?? 12);
const CLASSES = ['VCPU', 'MEMORY_MB', 'CUSTOM_A', 'CUSTOM_A_B'];
const TRAITS = ['HW_CPU_X86_AVX2', 'COMPUTE_NODE', 'CUSTOM_B', 'CUSTOM_B_A', 'CUSTOM_A'];
const AGGREGATES = [1, 2, 3].map((n) => `0000000${n}-0000-4000-8000-00000000000${n}`);

interface Provider {
  readonly name: string;
  /** The number of an earlier one, modulo how many there are; null for a root. */
  readonly parent: number | null;
  readonly inventories: Readonly<Record<string, Inventory>>;
  readonly traits: readonly string[];
  readonly aggregates: readonly string[];
  /** What consumers use of each inventory, where there is room for it. */
  readonly claims: readonly number[];
  /** Inventories that are reduced afterwards, below what is used: then less than nothing is free. */
  readonly isShrunk: boolean;
}

interface Inventory {
  readonly total: number;
  readonly reserved: number;
  readonly allocation_ratio: number;
  readonly max_unit: number;
}

/** Any text that the API takes for a name, with the characters that formats trip over more often than not. */
const name = fc.oneof(
  fc.string({
    minLength: 1,
    maxLength: 40,
    unit: fc.constantFrom(...Array.from('ab/ +%"\',;=\n\r\t.~-_\\*?[]ä名😀\u2028é')),
  }),
  // PostgreSQL has no U+0000 in texts, so the API rejects it.
  fc.string({ minLength: 1, maxLength: 60, unit: 'binary' }).map((text) => text.replaceAll('\0', '0')),
  fc.constantFrom('x'.repeat(200), '😀'.repeat(200), '/', '//', '%2F', '.', '..', 'NULL', 'true', '1', '1.0', '-'),
);

const provider = fc.record<Provider>({
  name,
  // The last one before it more often than another: trees are deep then.
  parent: fc.option(fc.oneof(fc.constant(-1), fc.nat(20)), { freq: 4 }),
  traits: fc.subarray(TRAITS),
  aggregates: fc.subarray(AGGREGATES),
  claims: fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 3 }),
  isShrunk: fc.boolean(),
  inventories: fc.dictionary(
    fc.constantFrom(...CLASSES),
    fc.record({
      total: fc.oneof(fc.integer({ min: 1, max: 1000 }), fc.constant(2_147_483_647)),
      reserved: fc.constantFrom(0, 1),
      max_unit: fc.constantFrom(1, 50, 2_147_483_647),
      allocation_ratio: fc.oneof(fc.constantFrom(1, 1.5, 16, 0.1), fc.double({ min: 0.001, max: 1e30, noNaN: true })),
    }),
    { maxKeys: 4 },
  ),
});

/** What chance may leave out: a deep tree, an inventory that is shrunk below its use, several traits and aggregates, all fields. */
const RICH: readonly Provider[] = Array.from({ length: 5 }, (_, level) => ({
  ...{ name: `level ${level}`, parent: level === 0 ? null : -1, traits: TRAITS, aggregates: AGGREGATES, claims: [40] },
  ...{ isShrunk: level === 4, inventories: { VCPU: { total: 100, reserved: 0, allocation_ratio: 1, max_unit: 50 } } },
}));

const world = fc.uniqueArray(provider, { selector: (one) => one.name, minLength: 1, maxLength: 10 });

/** An inventory as the API returns it, beside what its list says of it. */
interface Expected {
  readonly path: readonly string[];
  readonly row: DuckDBRow;
}

describe('an inventory list of any world', function () {
  let test: TestService;
  let client: pg.Client;
  let folder: string;
  const consumers: string[] = [];
  /** How often the worlds had the case under test. */
  const seen = { used: 0, overcommitted: 0, traits: 0, aggregates: 0, depth: 0, fields: new Set<string>() };
  before(async () => {
    test = await startTestService();
    client = await connect(test.databaseUrl);
    folder = await temporaryFolder();
    for (const one of CLASSES.slice(2)) await test.api.put(`/resource_classes/${one}`).expect(201);
    for (const one of TRAITS.slice(2)) await test.api.put(`/traits/${one}`).expect(201);
  });
  after(async () => {
    await client.end();
    await test.close();
    await cleanUp();
  });

  it('is GET inventories of every provider, field by field, in CSV and in Parquet', async () => {
    await fc.assert(
      fc.asyncProperty(
        world,
        fc.subarray([...OPTIONAL_FIELDS], { minLength: 0 }),
        fc.constantFrom('csv', 'parquet'),
        fc.option(fc.nat(), { freq: 2 }),
        async (providers, fields, format, cut) => {
          const uuids: string[] = [];
          try {
            await build(providers, uuids);
            const all = await expectedOf(uuids);
            for (const field of fields) seen.fields.add(field);
            // A prefix that is the beginning of a key, when there is one.
            const some = cut === null ? undefined : all[cut % Math.max(1, all.length)];
            const raw = some === undefined ? undefined : [...some.path].join('/');
            const prefix =
              raw === undefined
                ? undefined
                : Array.from(raw)
                    .slice(0, 1 + (cut! % 12))
                    .join('');
            const expected = all.filter(({ path }) => prefix === undefined || path.join('/').startsWith(prefix));
            const rows = await listed({ fields, format, ...(prefix === undefined ? {} : { prefix }) });
            assert.deepEqual(
              rows,
              expected.map(({ path, row }) => ({
                Bucket: 'placement',
                Key: path.map((part) => (format === 'csv' ? encoded(part) : part)).join('/'),
                ...Object.fromEntries(fields.map((field) => [field, row[field]])),
              })),
            );
          } finally {
            for (const consumer of consumers.splice(0)) await test.api.delete(`/allocations/${consumer}`).expect(204);
            for (const uuid of uuids.toReversed()) await test.api.delete(`/resource_providers/${uuid}`).expect(204);
          }
        },
      ),
      { numRuns: RUNS, examples: [[[...RICH], [...OPTIONAL_FIELDS], 'csv', null]] },
    );
    const { fields, depth, ...counts } = seen;
    assert.equal(fields.size, OPTIONAL_FIELDS.length);
    assert.ok(depth > 3, `the deepest tree had ${depth} levels`);
    for (const [what, count] of Object.entries(counts)) assert.ok(count > 0, `no inventory had ${what}`);
  });

  it('has the default fields in the order of the contract', () => {
    assert.deepEqual(
      DEFAULT_FIELDS,
      OPTIONAL_FIELDS.filter((field) => DEFAULT_FIELDS.includes(field)),
    );
  });

  async function build(providers: readonly Provider[], uuids: string[]): Promise<void> {
    for (const { name: called, parent, inventories, traits, aggregates, claims, isShrunk } of providers) {
      const above = parent === null ? undefined : uuids.at(parent === -1 ? -1 : parent % (uuids.length || 1));
      const uuid = await createProvider(test.api, called, above);
      uuids.push(uuid);
      let generation = 0;
      if (Object.keys(inventories).length > 0) generation = await setInventories(test.api, uuid, inventories);
      const url = `/resource_providers/${uuid}`;
      for (const [what, values] of Object.entries({ traits, aggregates })) {
        const { body } = await test.api
          .put(`${url}/${what}`, { resource_provider_generation: generation, [what]: values })
          .expect(200);
        generation = (body as { resource_provider_generation: number }).resource_provider_generation;
      }
      for (const resourceClass of Object.keys(inventories))
        for (const amount of claims) {
          const consumer = randomUUID();
          const { status } = await claim(test.api, { [uuid]: { [resourceClass]: amount } }, { consumer });
          // 409: there is no room for so much.
          assert.ok([204, 409].includes(status), `${status}`);
          if (status === 204) consumers.push(consumer);
        }
      if (!isShrunk || Object.keys(inventories).length === 0) continue;
      const small = Object.fromEntries(
        Object.keys(inventories).map((one) => [one, { total: 1, reserved: 0, allocation_ratio: 1 }]),
      );
      await setInventories(test.api, uuid, small);
    }
  }

  /** By the API alone, in the order of the contract. */
  async function expectedOf(uuids: readonly string[]): Promise<Expected[]> {
    const nodes = new Map<string, { name: string; parent: string | null; root: string; generation: number }>();
    for (const uuid of uuids) {
      const { body } = await test.api.get(`/resource_providers/${uuid}`).expect(200);
      const one = body as {
        name: string;
        parent_provider_uuid: string | null;
        root_provider_uuid: string;
        generation: number;
      };
      nodes.set(uuid, {
        name: one.name,
        parent: one.parent_provider_uuid,
        root: one.root_provider_uuid,
        generation: one.generation,
      });
    }
    const pathOf = (uuid: string | null): string[] => {
      const node = uuid === null ? undefined : nodes.get(uuid);
      return node === undefined ? [] : [...pathOf(node.parent), node.name];
    };
    const found: Expected[] = [];
    for (const [uuid, node] of nodes) {
      const url = `/resource_providers/${uuid}`;
      const { body } = await test.api.get(`${url}/inventories`).expect(200);
      const usages = await usagesOf(test.api, uuid);
      const { traits } = (await test.api.get(`${url}/traits`).expect(200)).body as { traits: string[] };
      const { aggregates } = (await test.api.get(`${url}/aggregates`).expect(200)).body as { aggregates: string[] };
      for (const [resourceClass, inventory] of Object.entries(
        (body as { inventories: Record<string, Record<string, number>> }).inventories,
      )) {
        const { total = 0, reserved = 0, allocation_ratio: ratio = 0 } = inventory;
        const capacity = bounded(Math.floor((total - reserved) * ratio));
        const used = usages[resourceClass] ?? 0;
        const free = BigInt(capacity) - BigInt(used);
        if (used > 0) seen.used++;
        if (free < 0n) seen.overcommitted++;
        if (traits.length > 1) seen.traits++;
        if (aggregates.length > 1) seen.aggregates++;
        seen.depth = Math.max(seen.depth, pathOf(uuid).length);
        found.push({
          path: [...pathOf(uuid), resourceClass],
          row: {
            Size: total,
            LastModifiedDate: 'a time',
            ETag: String(node.generation),
            StorageClass: resourceClass,
            IsMultipartUploaded: false,
            ReplicationStatus: '',
            EncryptionStatus: 'NOT-SSE',
            ProviderUuid: uuid,
            ProviderName: node.name,
            ParentUuid: node.parent,
            RootUuid: node.root,
            RootName: nodes.get(node.root)!.name,
            ResourceClass: resourceClass,
            Total: total,
            Reserved: reserved,
            MinUnit: inventory['min_unit']!,
            MaxUnit: inventory['max_unit']!,
            StepSize: inventory['step_size']!,
            AllocationRatio: ratio,
            Capacity: capacity,
            Used: String(used),
            Free: String(free),
            Generation: node.generation,
            Traits: [...traits].sort().join(' '),
            Aggregates: [...aggregates].sort().join(' '),
          },
        });
      }
    }
    const sortKey = ({ path }: Expected): string => `${path.slice(0, -1).map(encoded).join('/')}/\u0000${path.at(-1)}`;
    return found.sort((one, other) => (sortKey(one) < sortKey(other) ? -1 : 1));
  }

  /** A list, read by DuckDB with the types of the contract. */
  async function listed(wish: Parameters<typeof settingsWith>[0]): Promise<DuckDBRow[]> {
    const settings = settingsWith(wish);
    const limits = { rows: 5, bytes: 1e9 };
    const work = { settings, source: 'placement', uuid: randomUUID(), folder, limits, timeout: 600_000 };
    const events = { onBackend: () => undefined, onProgress: () => Promise.resolve() };
    const { parts, rows } = await packSnapshot(client, work, events);
    assert.equal(
      rows,
      parts.reduce((sum, part) => sum + part.rows, 0),
    );
    const read: DuckDBRow[] = [];
    for (const { path } of parts) {
      read.push(...(await duckdb(`from ${duckdbTable(settings, path)}`)));
      await rm(path);
    }
    return read.map((row) => ({
      ...row,
      ...('LastModifiedDate' in row
        ? { LastModifiedDate: Number.isNaN(Date.parse(String(row['LastModifiedDate']))) ? 'no time' : 'a time' }
        : {}),
    }));
  }
});

/** The largest double below 2^63, where a ratio makes more of it. */
function bounded(capacity: number): string {
  return String(BigInt(Math.min(capacity, 9_223_372_036_854_774_784)));
}

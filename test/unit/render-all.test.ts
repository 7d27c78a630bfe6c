import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { LongBody } from '../../src/http/long-body.js';
import { negotiate } from '../../src/http/microversions.js';
import { renderAll } from '../../src/resources/resource-providers/render-all.js';
import { renderProvider } from '../../src/resources/resource-providers/render.js';
import type { ProviderState } from '../../src/topology/changes.js';
import { Topology } from '../../src/topology/topology.js';

const VERSIONS = ['1.0', '1.13', '1.39'].map((text) => negotiate(`placement ${text}`));

/** A provider as an operator sees it. The root of a child has an id that is below 8. */
interface Model {
  readonly name: string;
  readonly generation: number;
  readonly root: number | null;
}

describe('the list of all providers', () => {
  it('shows each provider as it is, after any changes', () => {
    const id = fc.integer({ min: 1, max: 300 });
    const change = fc.record({
      id,
      name: fc.string({ unit: 'binary', maxLength: 8 }),
      root: fc.option(fc.integer({ min: 1, max: 7 })),
      gone: fc.boolean(),
    });
    const step = fc.record({ changes: fc.array(change, { maxLength: 40 }), version: fc.constantFrom(...VERSIONS) });
    fc.assert(
      fc.property(fc.boolean(), fc.array(step, { maxLength: 12 }), (full, steps) => {
        const [topology, models] = [new Topology(), new Map<number, Model>()];
        const roots = [1, 2, 3, 4, 5, 6, 7];
        const others = full ? Array.from({ length: 293 }, (_, n) => n + 8) : [];
        apply(
          topology,
          models,
          [...roots, ...others].map((n) => [n, { name: `host ${n}`, generation: 0, root: null }]),
        );
        for (const { changes, version } of steps) {
          // The last change of each provider counts; a root stays, because it may have children.
          const last = new Map(
            changes.map(({ id: n, name, root, gone }): [number, Model | null] => {
              const isRoot = n < 8;
              const generation = (models.get(n)?.generation ?? -1) + 1;
              return [n, gone && !isRoot ? null : { name: `${n} ${name}`, generation, root: isRoot ? null : root }];
            }),
          );
          apply(topology, models, [...last]);
          const expected = [...models].map(([n, { name, generation, root }]) => {
            const [parentUuid, rootUuid] = [root === null ? null : uuidOf(root), uuidOf(root ?? n)];
            return renderProvider({ uuid: uuidOf(n), name, generation, parentUuid, rootUuid }, version, '');
          });
          const text = Buffer.concat(buffersOf(renderAll(topology, version))).toString('latin1');
          assert.deepEqual(providersIn(text), providersIn(`{"resource_providers": [${expected.join(', ')}]}`));
        }
      }),
    );
  });

  it('sends the bytes of before for providers that have not changed', () => {
    const [topology, models] = [new Topology(), new Map<number, Model>()];
    apply(
      topology,
      models,
      Array.from({ length: 3000 }, (_, n) => [n + 1, { name: `host ${n}`, generation: 0, root: null }]),
    );
    const version = VERSIONS[2]!;
    const read = (): Buffer[] => buffersOf(renderAll(topology, version));
    const isSame = (a: Buffer, b: Buffer): boolean => a.buffer === b.buffer && a.byteOffset === b.byteOffset;
    const before = read();
    const newOnes = (): number => read().filter((one) => !before.some((other) => isSame(one, other))).length;
    assert.ok(before.length > 90, `${before.length} buffers`);
    assert.equal(newOnes(), 0);
    apply(topology, models, [[100, { name: 'host 100', generation: 1, root: null }]]);
    assert.equal(newOnes(), 1);
    apply(topology, models, [[1000, null]]);
    assert.equal(newOnes(), 2);
    apply(topology, models, [[5000, { name: 'another', generation: 0, root: null }]]);
    assert.equal(newOnes(), 3);
  });
});

function apply(topology: Topology, models: Map<number, Model>, changes: readonly [number, Model | null][]): void {
  const providers = changes.map(([id, model]): [number, ProviderState | null] => {
    if (model === null) models.delete(id);
    else models.set(id, model);
    return [id, model === null ? null : stateOf(id, model)];
  });
  assert.ok(topology.apply({ resourceClasses: [], traits: [], providers }));
}

function stateOf(id: number, { name, generation, root }: Model): ProviderState {
  return [id, uuidOf(id), name, generation, root, root ?? id, 0, null, null, null];
}

function uuidOf(id: number): string {
  return `${String(id).padStart(8, '0')}-0000-4000-8000-000000000000`;
}

function buffersOf(body: LongBody | readonly Buffer[]): Buffer[] {
  if (!('pieces' in body)) return [...body];
  const buffers = [...body.first.buffers];
  for (let next = body.pieces.next(); next.done !== true; next = body.pieces.next()) {
    if (next.value !== undefined) buffers.push(next.value);
  }
  return buffers;
}

function providersIn(text: string): Map<string, unknown> {
  const document = JSON.parse(text) as { resource_providers: { uuid: string }[] };
  const byUuid = new Map(document.resource_providers.map((provider) => [provider.uuid, provider]));
  assert.equal(byUuid.size, document.resource_providers.length);
  return new Map([...byUuid].sort(([a], [b]) => (a < b ? -1 : 1)));
}

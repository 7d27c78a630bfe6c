import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { TopologyChanges, InventoryState, ProviderState } from '../../src/topology/changes.js';
import { Topology } from '../../src/topology/topology.js';
import { assertIndexed, assertSame } from '../support/compare.js';

/** Changes applied as they come must lead to what a process that starts now would load. */
describe('Topology.apply', () => {
  it('leads to the final state, whatever the steps, their order and repetitions', () => {
    fc.assert(
      fc.property(fc.array(worlds(), { minLength: 1, maxLength: 6 }), fc.infiniteStream(fc.nat()), (steps, random) => {
        const topology = new Topology();
        let present: World = { classes: new Set(), traits: new Set(), providers: new Map() };
        for (const world of steps) {
          assert.ok(topology.apply(changesBetween(present, world, random)));
          present = world;
          const fresh = new Topology();
          fresh.apply(changesBetween({ classes: new Set(), traits: new Set(), providers: new Map() }, world, random));
          assertSame(topology, fresh);
          assertIndexed(topology, NAMES);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('takes a swap of names, in either order', () => {
    for (const order of [1, -1]) {
      const topology = new Topology();
      topology.apply({
        resourceClasses: [],
        traits: [],
        providers: [
          [1, root(1, 'a')],
          [2, root(2, 'b')],
        ],
      });
      const swapped: TopologyChanges['providers'] = [
        [1, root(1, 'b')],
        [2, root(2, 'a')],
      ];
      topology.apply({ resourceClasses: [], traits: [], providers: order === 1 ? swapped : [...swapped].reverse() });
      assert.equal(topology.providerByName('a')?.id, 2);
      assert.equal(topology.providerByName('b')?.id, 1);
    }
  });

  it('has no bits for a provider without traits', () => {
    const topology = new Topology();
    topology.apply({ resourceClasses: [], traits: [], providers: [[1, root(1, 'a')]] });
    assert.equal(topology.providers.get(1)?.traits.bits.byteLength, 0);
  });

  it('keeps one list of aggregates for all providers that have it, and none for those that are gone', () => {
    const topology = new Topology();
    const apply = (...providers: TopologyChanges['providers']): boolean =>
      topology.apply({ resourceClasses: [], traits: [], providers });
    const within = (id: number, aggregates: string): [number, ProviderState] => {
      const state = root(id, `p${id}`);
      return [id, [...state.slice(0, 9), aggregates] as unknown as ProviderState];
    };
    const listOf = (id: number): readonly string[] | undefined => topology.providers.get(id)?.aggregates;
    apply(within(1, 'x,y'), within(2, 'x,y'));
    const list = listOf(1);
    assert.deepEqual(list, ['x', 'y']);
    apply(within(1, 'x,y'), [2, null]);
    assert.equal(listOf(1), list, 'the last one that has it keeps it while it changes');
    apply([1, null]);
    apply(within(1, 'x,y'));
    assert.notEqual(listOf(1), list, 'it was forgotten');
    assert.deepEqual(listOf(1), ['x', 'y']);
  });

  it('gives pinned trees as they were', () => {
    const topology = new Topology();
    const apply = (...providers: TopologyChanges['providers']): boolean =>
      topology.apply({ resourceClasses: [], traits: [], providers });
    apply([1, root(1, 'a')], [2, root(2, 'b')]);
    const [pinned, before] = [topology.pinTrees(), topology.trees.get(1)];
    apply([1, root(1, 'renamed')], [2, null], [3, root(3, 'c')]);
    apply([1, root(1, 'again')], [3, root(3, 'd')]);
    assert.equal(pinned.get(1), before);
    assert.deepEqual(
      pinned.get(2)?.members.map(({ name }) => name),
      ['b'],
    );
    assert.equal(pinned.get(3), undefined, 'it was made later');
    pinned.release();
    apply([1, root(1, 'once more')]);
    assert.equal(topology.trees.get(1)?.members[0]?.name, 'once more');
  });

  it('rejects a changed name of a trait, and then applies nothing', () => {
    for (const kind of ['traits'] as const) {
      const none: TopologyChanges = { resourceClasses: [], traits: [], providers: [] };
      const topology = new Topology();
      topology.apply({ ...none, [kind]: [[1, [1, 'OLD', 0]]] });
      assert.equal(topology.apply({ ...none, [kind]: [[1, [1, 'NEW', 0]]], providers: [[1, root(1, 'a')]] }), false);
      assert.equal(topology.apply({ ...none, [kind]: [[1, [1, 'OLD', 5]]] }), false);
      assert.equal(topology.providers.size, 0);
      assert.equal(topology[kind].get(1)?.name, 'OLD');
      assert.equal(topology.apply({ ...none, [kind]: [[1, null]] }), true);
      assert.equal(topology.apply({ ...none, [kind]: [[1, [1, 'NEW', 0]]] }), true);
    }
  });
});

interface World {
  readonly classes: ReadonlySet<number>;
  readonly traits: ReadonlySet<number>;
  readonly providers: ReadonlyMap<number, ProviderState>;
}

const IDS = [1, 2, 3, 4, 5, 6];
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

function root(id: number, name: string): ProviderState {
  return [id, `uuid-${id}`, name, 0, null, id, 0, null, null, null];
}

/** Any state of a small cloud that the database's constraints allow. */
function worlds(): fc.Arbitrary<World> {
  const subset = fc.subarray([1, 2, 3]);
  return fc
    .record({
      classes: subset,
      traits: subset,
      // An order in which each provider may have one before it as its parent.
      order: fc.shuffledSubarray(IDS),
      names: fc.shuffledSubarray(NAMES, { minLength: NAMES.length }),
      rest: fc.array(
        fc.record({ parent: fc.nat(6), generation: fc.nat(3), classes: subset, traits: subset, aggregates: subset }),
        { minLength: IDS.length, maxLength: IDS.length },
      ),
    })
    .map(({ classes, traits, order, names, rest }) => {
      const providers = new Map<number, ProviderState>();
      order.forEach((id, at) => {
        const one = rest[at]!;
        const parent = one.parent < at ? providers.get(order[one.parent]!)! : null;
        const inventories = one.classes
          .filter((resourceClass) => classes.includes(resourceClass))
          .map((resourceClass): InventoryState => [resourceClass, 8, 0, 1, 8, 1, 1.5, one.generation, 0]);
        const traitKey = one.traits.filter((trait) => traits.includes(trait)).join();
        providers.set(id, [
          ...([id, `uuid-${id}`, names[at]!, one.generation, parent?.[0] ?? null, parent?.[5] ?? id, 0] as const),
          inventories.length === 0 ? null : inventories,
          traitKey === '' ? null : traitKey,
          one.aggregates.length === 0 ? null : one.aggregates.map((n) => `aggregate-${n}`).join(),
        ]);
      });
      return { classes: new Set(classes), traits: new Set(traits), providers };
    });
}

/** What differs, in any order, among it changes that were seen before. */
function changesBetween(from: World, to: World, random: Iterator<number>): TopologyChanges {
  const next = (): number => random.next().value as number;
  const shuffled = <T>(items: T[]): T[] =>
    items
      .map((item) => [next() % 1000, item] as const)
      .sort(([a], [b]) => a - b)
      .map(([, item]) => item);
  const names = (old: ReadonlySet<number>, now: ReadonlySet<number>, prefix: string): TopologyChanges['traits'] =>
    shuffled([1, 2, 3])
      .filter((id) => old.has(id) !== now.has(id) || next() % 3 === 0)
      .map((id) => [id, now.has(id) ? ([id, `${prefix}_${id}`, 0] as const) : null] as const);
  return {
    resourceClasses: names(from.classes, to.classes, 'CLASS'),
    traits: names(from.traits, to.traits, 'TRAIT'),
    providers: shuffled(IDS)
      .filter(
        (id) => JSON.stringify(from.providers.get(id)) !== JSON.stringify(to.providers.get(id)) || next() % 3 === 0,
      )
      .map((id) => [id, to.providers.get(id) ?? null] as const),
  };
}

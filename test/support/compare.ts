import assert from 'node:assert/strict';
import { differences } from '../../src/topology/differences.js';
import type { View } from '../../src/topology/model.js';

/** Every index of a view leads to exactly the providers that it should; `names` are ones that may have been left behind. */
export function assertIndexed(view: View, names: Iterable<string> = []): void {
  const providers = [...view.providers.values()];
  for (const provider of providers) {
    assert.equal(view.providerByUuid(provider.uuid), provider);
    assert.equal(view.providerByName(provider.name), provider);
    assert.equal(view.traitSets.get(provider.traits)?.get(provider.id), provider);
    assert.ok(view.treeOf(provider).members.includes(provider));
    for (const trait of provider.traits.traits) assert.equal(view.traits.get(trait.id), trait);
    for (const { resourceClass } of provider.inventories) {
      assert.equal(view.resourceClasses.get(resourceClass.id), resourceClass);
    }
  }
  for (const name of names) {
    assert.equal(
      view.providerByName(name),
      providers.find((provider) => provider.name === name),
    );
  }
  for (const resourceClass of view.resourceClasses.values()) {
    assert.equal(view.resourceClassByName(resourceClass.name), resourceClass);
    const having = providers.filter((one) => one.inventories.some((row) => row.resourceClass === resourceClass));
    assert.deepEqual(idsOf(view.providersWithClass(resourceClass.id)?.values()), idsOf(having));
  }
  for (const trait of view.traits.values()) {
    assert.equal(view.traitByName(trait.name), trait);
    const having = providers.filter((one) => one.traits.traits.includes(trait));
    assert.deepEqual(idsOf(view.providersWithTrait(trait)), idsOf(having));
  }
  for (const uuid of new Set(providers.flatMap((provider) => provider.aggregates))) {
    const members = providers.filter((provider) => provider.aggregates.includes(uuid));
    assert.deepEqual(idsOf(view.providersInAggregate(uuid)?.values()), idsOf(members));
  }
  const kept = [...view.traitSets.values()].flatMap((members) => [...members.keys()]);
  assert.deepEqual(kept.sort(ascending), idsOf(providers));
  // Interned: no two sets of the same traits.
  const keys = [...view.traitSets.keys()].map((set) => set.traits.map(({ id }) => id).join());
  assert.equal(new Set(keys).size, keys.length);
}

export function assertSame(ours: View, theirs: View): void {
  assert.deepEqual(differences(ours, theirs), []);
}

function idsOf(providers: Iterable<{ id: number }> = []): number[] {
  return [...providers].map(({ id }) => id).sort(ascending);
}

function ascending(a: number, b: number): number {
  return a - b;
}

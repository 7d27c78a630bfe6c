import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isAtOrAbove, placesOf } from '../../../src/candidates/ancestry.js';
import type { Provider, View } from '../../../src/topology/model.js';
import { buildWorld, type ProviderSpec } from '../../support/topology-world.js';

/** Ids of a provider and all above it. */
function lineage(view: View, { id, parentId }: Provider): number[] {
  const parent = parentId === null ? undefined : view.providers.get(parentId);
  return parent === undefined ? [id] : [id, ...lineage(view, parent)];
}

describe('places in a tree', () => {
  it('tell who is at or above whom as a walk up the parents does', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(30), { maxLength: 30 }), (parents) => {
        const spec: Record<string, ProviderSpec> = { p0: {} };
        for (const [i, parent] of parents.entries()) spec[`p${i + 1}`] = { parent: `p${parent % (i + 1)}` };
        const world = buildWorld(spec);
        const [tree] = world.trees.values();
        assert.ok(tree);
        const places = placesOf(tree);
        assert.equal(placesOf(tree), places, 'they are made once');
        for (const top of tree.members) {
          for (const provider of tree.members) {
            const above = lineage(world, provider).includes(top.id);
            const [a, b] = [places.get(top.id), places.get(provider.id)];
            assert.ok(a !== undefined && b !== undefined);
            assert.equal(isAtOrAbove(a, b), above, `${top.name} and ${provider.name}`);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('of a chain that is longer than the stack', () => {
    const spec: Record<string, ProviderSpec> = { p0: {} };
    for (let i = 1; i < 30_000; i++) spec[`p${i}`] = { parent: `p${i - 1}` };
    const [tree] = buildWorld(spec).trees.values();
    assert.ok(tree);
    assert.equal(placesOf(tree).size, 30_000);
  });
});

import fc from 'fast-check';
import type { CandidatesRequest, Group } from '../../../src/candidates/request.js';
import type { Topology } from '../../../src/topology/topology.js';
import { requestFrom } from '../../support/candidates.js';
import { buildWorld, type InventorySpec, type ProviderSpec } from '../../support/topology-world.js';

/** Random worlds and requests, small and crowded, so that groups meet, collide and often enough all find a place. */

const CLASSES = ['VCPU', 'DISK_GB', 'VF'];
const SHARES = 'MISC_SHARES_VIA_AGGREGATE';
const TRAITS = ['T1', 'T2', 'T3', SHARES];
const AGGREGATES = ['A', 'B', 'C'];

/** `likely` of a hundred. */
const chance = (likely: number): fc.Arbitrary<boolean> => fc.integer({ min: 1, max: 100 }).map((n) => n <= likely);

/** Each of `items` with the same chance, of a hundred. */
const some = <Item>(items: readonly Item[], likely: number): fc.Arbitrary<Item[]> =>
  fc.tuple(...items.map(() => chance(likely))).map((picks) => items.filter((_, i) => picks[i]));

const often = <Value>(likely: number, value: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> =>
  fc.tuple(chance(likely), value).map(([present, it]) => (present ? it : null));

const inventory: fc.Arbitrary<InventorySpec> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ total: fc.constantFrom(1, 2, 3, 4, 6, 8) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      total: fc.constantFrom(2, 4, 6, 8, 9),
      reserved: fc.integer({ min: 0, max: 2 }),
      minUnit: fc.constantFrom(1, 1, 1, 2),
      maxUnit: fc.constantFrom(1, 2, 3, 4, 9),
      stepSize: fc.constantFrom(1, 1, 1, 2),
      ratio: fc.constantFrom(1, 1, 1.5, 0.5, 2.7),
      used: fc.constantFrom(0, 0, 0, 1, 2, 4),
    }),
  },
);

interface ProviderDraft {
  readonly parent: number | null;
  readonly spec: ProviderSpec;
}

const providerDraft: fc.Arbitrary<ProviderDraft> = fc
  .record({
    parent: often(68, fc.nat(6)),
    classes: fc.tuple(...CLASSES.map(() => often(68, inventory))),
    traits: some(['T1', 'T2', 'T3'], 50),
    sharing: chance(20),
    aggregates: some(AGGREGATES, 40),
  })
  .map(({ parent, classes, traits, sharing, aggregates }) => ({
    parent,
    spec: {
      inventory: Object.fromEntries(
        classes.flatMap((spec, i): [string, InventorySpec][] => (spec === null ? [] : [[CLASSES[i] ?? '', spec]])),
      ),
      traits: sharing ? [...traits, SHARES] : traits,
      aggregates,
    },
  }));

/** Three to nine providers in trees at most three deep. */
const world: fc.Arbitrary<Topology> = fc
  .array(providerDraft, { minLength: 3, maxLength: 9, size: 'max' })
  .map((drafts) => {
    const spec: Record<string, ProviderSpec> = {};
    const depths: number[] = [];
    for (const [position, draft] of drafts.entries()) {
      const above = draft.parent === null || position === 0 ? null : draft.parent % position;
      const nested = above !== null && (depths[above] ?? 0) < 2;
      depths.push(nested ? (depths[above] ?? 0) + 1 : 0);
      spec[`p${position}`] = nested ? { ...draft.spec, parent: `p${above}` } : draft.spec;
    }
    return buildWorld(spec, { classes: CLASSES, traits: TRAITS });
  });

interface GroupDraft {
  readonly amounts: readonly (number | null)[];
  readonly resourceless: boolean;
  readonly required: readonly string[][];
  readonly forbidden: readonly string[];
  readonly memberOf: readonly string[][];
  readonly forbiddenAggregates: readonly string[];
  readonly inTree: string | null;
}

const anyOf = (items: readonly string[]) => fc.subarray([...items], { minLength: 1, maxLength: 2 });
const few = (likely: number, items: readonly string[]) =>
  often(likely, fc.array(anyOf(items), { minLength: 1, maxLength: 2 })).map((sets) => sets ?? []);

const groupDraft: fc.Arbitrary<GroupDraft> = fc.record({
  amounts: fc.tuple(...CLASSES.map(() => often(42, fc.constantFrom(1, 1, 1, 1, 2, 2, 3)))),
  resourceless: chance(25),
  required: few(13, TRAITS),
  forbidden: often(9, fc.subarray(['T1', 'T2', 'T3'], { minLength: 1, maxLength: 2 })).map((traits) => traits ?? []),
  memberOf: few(11, [...AGGREGATES, 'nobody']),
  forbiddenAggregates: often(5, fc.subarray(AGGREGATES, { minLength: 1, maxLength: 2 })).map((uuids) => uuids ?? []),
  inTree: often(5, fc.constantFrom('p0', 'p1', 'p2', 'p3', 'p4')),
});

export interface Case {
  readonly view: Topology;
  readonly request: CandidatesRequest;
}

export const cases: fc.Arbitrary<Case> = fc
  .record({
    view: world,
    unsuffixed: often(60, groupDraft),
    suffixed: fc.array(groupDraft, { minLength: 0, maxLength: 3 }),
    policy: fc.constantFrom('none', 'none', 'isolate', null),
    subtrees: often(35, fc.array(fc.tuple(...[0, 1, 2].map(() => chance(70))), { minLength: 1, maxLength: 2 })),
    rootRequired: often(
      10,
      fc
        .record({ required: some(['T1', 'T2'], 50), forbidden: some(['T3'], 30) })
        .filter(({ required, forbidden }) => required.length + forbidden.length > 0),
    ),
    nested: chance(80),
  })
  .map(({ view, unsuffixed, suffixed, policy, subtrees, rootRequired, nested }) => {
    const traits = (names: readonly string[]) => names.flatMap((name) => view.traitByName(name) ?? []);
    const toGroup = (draft: GroupDraft, suffix: string, canLackResources: boolean): Group => {
      const resources = draft.amounts.flatMap((amount, i) => {
        const resourceClass = view.resourceClassByName(CLASSES[i] ?? '');
        return amount === null || resourceClass === undefined ? [] : [{ resourceClass, amount }];
      });
      const vcpu = view.resourceClassByName('VCPU');
      const fallback = vcpu === undefined ? [] : [{ resourceClass: vcpu, amount: 1 }];
      return {
        suffix,
        resources: canLackResources && draft.resourceless ? [] : resources.length === 0 ? fallback : resources,
        requiredTraits: draft.required.map(traits),
        forbiddenTraits: traits(draft.forbidden),
        memberOf: draft.memberOf,
        forbiddenAggregates: draft.forbiddenAggregates,
        inTree: draft.inTree,
      };
    };
    const groups = suffixed.map((draft, i) => toGroup(draft, `_${i}`, i > 0 || unsuffixed !== null));
    if (unsuffixed !== null) groups.push(toGroup(unsuffixed, '', false));
    const sameSubtrees = (subtrees ?? [])
      .map((picks) => picks.flatMap((picked, i) => (picked && i < suffixed.length ? [`_${i}`] : [])))
      .filter((suffixes) => suffixes.length > 0);
    const request: CandidatesRequest = {
      groups,
      groupPolicy: policy,
      sameSubtrees,
      rootRequired: rootRequired && {
        required: traits(rootRequired.required),
        forbidden: traits(rootRequired.forbidden),
      },
      nested,
      limit: null,
      maxCandidates: null,
      strategy: 'depth-first',
      randomize: null,
    };
    return { view, request, [fc.toStringMethod]: () => describeCase(view, request) };
  })
  .filter(({ request }) => request.groups.length > 0);

/** One root, some children of one class, and groups that compete for it: what matching.ts must get right. */
export const crowdedCases: fc.Arbitrary<Case> = fc
  .record({
    children: fc.array(
      fc.record({
        total: fc.constantFrom(1, 2, 3, 5),
        maxUnit: fc.constantFrom(2, 3, 9),
        used: fc.constantFrom(0, 0, 1),
      }),
      { minLength: 2, maxLength: 5, size: 'max' },
    ),
    parents: fc.array(fc.nat(3), { minLength: 5, maxLength: 5 }),
    amounts: fc.array(fc.constantFrom(1, 1, 2, 3), { minLength: 2, maxLength: 5, size: 'max' }),
    unsuffixed: often(30, fc.constantFrom(1, 2)),
    policy: fc.constantFrom('none', 'isolate'),
    pairs: chance(30),
  })
  .map(({ children, parents, amounts, unsuffixed, policy, pairs }) => {
    const spec: Record<string, ProviderSpec> = { p0: {} };
    for (const [i, child] of children.entries()) {
      const above = parents[i] ?? 0;
      spec[`p${i + 1}`] = { parent: above <= i && above < 2 ? `p${above}` : 'p0', inventory: { VF: child } };
    }
    const view = buildWorld(spec, { classes: CLASSES, traits: TRAITS });
    const parts = amounts.map((amount, i) => `resources_${i}=VF:${amount}`);
    if (unsuffixed !== null) parts.push(`resources=VF:${unsuffixed}`);
    if (pairs) parts.push('same_subtree=_0,_1');
    parts.push(`group_policy=${policy}`);
    const request = requestFrom(view, parts.join('&'));
    return { view, request, [fc.toStringMethod]: () => describeCase(view, request) };
  });

/**
 * A root with cells that look alike, each with children that look alike, and pairs of groups that belong together: where equal
 * states must differ from those that are not, because the parents differ.
 */
export const alikeCases: fc.Arbitrary<Case> = fc
  .record({
    cells: fc.array(
      fc.record({
        room: fc.constantFrom(1, 2, 2),
        children: fc.array(fc.constantFrom(1, 1, 2), { minLength: 1, maxLength: 2, size: 'max' }),
        trait: chance(20),
      }),
      { minLength: 2, maxLength: 3, size: 'max' },
    ),
    pairs: fc.integer({ min: 1, max: 2 }),
    single: often(50, fc.constantFrom('VCPU:1', 'VF:1', 'VF:2')),
    amounts: fc.array(fc.constantFrom(1, 1, 2), { minLength: 2, maxLength: 2 }),
    policy: fc.constantFrom('none', 'isolate'),
    unsuffixed: often(40, fc.constantFrom('VCPU:1,VF:1&required=T1', 'VF:1')),
  })
  .map(({ cells, pairs, single, amounts, policy, unsuffixed }) => {
    const spec: Record<string, ProviderSpec> = { p0: {} };
    for (const [i, { room, children, trait }] of cells.entries()) {
      const cell = `p${10 * (i + 1)}`;
      spec[cell] = { parent: 'p0', inventory: { VCPU: room }, traits: trait ? ['T1'] : [] };
      for (const [j, total] of children.entries())
        spec[`p${10 * (i + 1) + j + 1}`] = { parent: cell, inventory: { VF: total } };
    }
    const view = buildWorld(spec, { classes: CLASSES, traits: TRAITS });
    const parts: string[] = [];
    for (let i = 0; i < pairs; i++) {
      parts.push(`resources_C${i}=VCPU:${amounts[i] ?? 1}`, `resources_N${i}=VF:1`, `same_subtree=_C${i},_N${i}`);
    }
    if (single !== null) parts.push(`resources_S=${single}`);
    if (unsuffixed !== null) parts.push(`resources=${unsuffixed}`);
    parts.push(`group_policy=${policy}`);
    const request = requestFrom(view, parts.join('&'));
    return { view, request, [fc.toStringMethod]: () => describeCase(view, request) };
  });

/** What a failed property prints: a case as short as it can be read. */
function describeCase(view: Topology, request: CandidatesRequest): string {
  const names = (items: readonly { name: string }[]) => items.map(({ name }) => name).join(',');
  const lines = [...view.providers.values()].map(({ name, parentId, inventories, traits, aggregates }) => {
    const amounts = inventories.map(
      ({ resourceClass, total, reserved, minUnit, maxUnit, stepSize, allocationRatio, used }) =>
        [resourceClass.name, total, reserved, minUnit, maxUnit, stepSize, allocationRatio, used].join(' '),
    );
    return `${name} under ${parentId}: ${amounts.join('; ')} [${names(traits.traits)}] {${aggregates.join()}}`;
  });
  const json = JSON.stringify(request, (key, value: unknown) =>
    key === 'resourceClass'
      ? (value as { name: string }).name
      : key === 'modified' || key === 'bit'
        ? undefined
        : value,
  );
  return `\n${lines.join('\n')}\n${json}\n`;
}

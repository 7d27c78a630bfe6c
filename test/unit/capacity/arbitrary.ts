import fc from 'fast-check';
import type { CandidatesRequest } from '../../../src/candidates/request.js';
import type { Topology } from '../../../src/topology/topology.js';
import { requestFrom } from '../../support/candidates.js';
import { buildWorld, type InventorySpec, type ProviderSpec } from '../../support/topology-world.js';

/** Small worlds and queries of the four shapes whose number is exact (docs/contract/explain-and-capacity.md#how-capacity-is-counted). */
export interface ExactCase {
  readonly shape: 'C1' | 'C2' | 'C3' | 'C4';
  readonly view: Topology;
  readonly request: CandidatesRequest;
}

const SHARES = 'MISC_SHARES_VIA_AGGREGATE';
const KNOWN = { classes: ['VCPU', 'DISK_GB', 'VF'], traits: ['T1', 'T2', SHARES] };

const inventory: fc.Arbitrary<InventorySpec> = fc.record({
  total: fc.constantFrom(1, 2, 3, 4, 5, 6),
  used: fc.constantFrom(0, 0, 0, 1, 7),
  ratio: fc.constantFrom(1, 1, 1, 1.5),
  maxUnit: fc.constantFrom(9, 9, 9, 1),
  stepSize: fc.constantFrom(1, 1, 1, 2),
});

const inventories = fc
  .record({ VCPU: inventory, DISK_GB: inventory, VF: inventory }, { requiredKeys: [] })
  .map((all) => Object.fromEntries(Object.entries(all)));

const provider: fc.Arbitrary<ProviderSpec> = fc.record({
  inventory: inventories,
  traits: fc.subarray(['T1', 'T2']),
  aggregates: fc.subarray(['A', 'B', 'C']),
});

interface Drafts {
  readonly trees: readonly (readonly ProviderSpec[])[];
  readonly pools: readonly ProviderSpec[];
}

/** Trees of a root and its children; pools beside them. */
function worldOf({ trees, pools }: Drafts): Topology {
  const spec: Record<string, ProviderSpec> = {};
  for (const [i, [root = {}, ...children]] of trees.entries()) {
    spec[`h${i}`] = root;
    for (const [j, child] of children.entries()) spec[`h${i}c${j}`] = { ...child, parent: `h${i}` };
  }
  for (const [i, pool] of pools.entries()) spec[`s${i}`] = { ...pool, traits: [...(pool.traits ?? []), SHARES] };
  return buildWorld(spec, KNOWN);
}

const trees = (most: number) =>
  fc.array(fc.array(provider, { minLength: 1, maxLength: most, size: 'max' }), {
    minLength: 1,
    maxLength: 3,
    size: 'max',
  });
const noPools = fc.constant<readonly ProviderSpec[]>([]);
const amount = fc.constantFrom(1, 1, 2);
/** Conditions that each provider meets by itself. */
const extras = (suffix: string) =>
  fc.constantFrom('', '', '', `&required${suffix}=!T2`, `&member_of${suffix}=A`, `&member_of${suffix}=!B`);

function casesOf(
  shape: ExactCase['shape'],
  drafts: fc.Arbitrary<Drafts>,
  query: fc.Arbitrary<string>,
  nested = true,
): fc.Arbitrary<ExactCase> {
  return fc.tuple(drafts, query).map(([draft, text]) => {
    const view = worldOf(draft);
    const request = requestFrom(view, text, { nested });
    const shown = (): string => `${text} nested ${nested}\n${JSON.stringify(draft, null, 1)}`;
    return { shape, view, request, [fc.toStringMethod]: shown };
  });
}

const suffixedGroup = fc
  .tuple(amount, amount, extras('_1'))
  .map(([vcpu, vf, extra]) => `resources_1=VCPU:${vcpu},VF:${vf}${extra}`);
const unsuffixed = fc
  .tuple(amount, amount, extras(''))
  .map(([vcpu, disk, extra]) => `resources=VCPU:${vcpu},DISK_GB:${disk}${extra}`);
const oneClass = fc
  .tuple(amount, fc.constantFrom('', '&required=T1'))
  .map(([vf, extra]) => `resources=VF:${vf}${extra}`);
const withTraits = unsuffixed.map((text) => (text.includes('required') ? text : `${text}&required=T1`));
const three = fc
  .tuple(amount, amount, amount)
  .map(([vcpu, disk, vf]) => `resources=VCPU:${vcpu},DISK_GB:${disk},VF:${vf}`);

const several = fc.record({ trees: trees(3), pools: noPools });
const lone = fc.record({ trees: trees(1), pools: noPools });
/** The third class stays at home. */
const pooled = fc.record({
  trees: trees(2),
  pools: fc.array(
    provider.map((pool) => {
      const given = Object.entries(pool.inventory ?? {}).filter(([name]) => name !== 'VCPU');
      return { ...pool, inventory: Object.fromEntries(given) };
    }),
    { minLength: 1, maxLength: 3 },
  ),
});

const separateGroups = fc
  .tuple(amount, amount, amount, extras('_1'))
  .map(
    ([vcpu, disk, vf, extra]) =>
      `resources=VCPU:${vcpu}&resources_1=DISK_GB:${disk}${extra}&resources_2=VF:${vf}&group_policy=none`,
  );
const equalGroups = fc
  .record({ groups: fc.integer({ min: 2, max: 3 }), vf: amount, extra: extras(''), beside: fc.boolean() })
  .map(({ groups, vf, extra, beside }) => {
    const suffixes = Array.from({ length: groups }, (_, i) => `_${i}`);
    const parts = suffixes.map((suffix) => `resources${suffix}=VF:${vf}`);
    return [...parts, ...(beside ? [`resources=VCPU:1,DISK_GB:1${extra}`] : []), 'group_policy=isolate'].join('&');
  });

export const exactCases: fc.Arbitrary<ExactCase> = fc.oneof(
  casesOf('C1', several, suffixedGroup),
  casesOf('C1', several, suffixedGroup, false),
  casesOf('C1', several, unsuffixed),
  casesOf('C1', several, oneClass),
  casesOf('C1', lone, withTraits),
  casesOf('C1', lone, withTraits, false),
  { weight: 3, arbitrary: casesOf('C2', pooled, unsuffixed) },
  { weight: 3, arbitrary: casesOf('C2', pooled, three) },
  { weight: 2, arbitrary: casesOf('C3', several, separateGroups) },
  { weight: 3, arbitrary: casesOf('C4', fc.record({ trees: trees(4), pools: noPools }), equalGroups) },
);

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { componentsOf } from '../../../src/capacity/components.js';
import { offersOf } from '../../../src/capacity/offers.js';
import { optionsTogether, pack } from '../../../src/capacity/pack.js';
import { proverOf } from '../../../src/capacity/proofs.js';
import type { HypotheticalClaim } from '../../../src/capacity/stock.js';
import { surveyTrees } from '../../../src/capacity/tree-survey.js';
import { rootCheck, rootOf } from '../../../src/candidates/anchors.js';
import { searchAtAnchor } from '../../../src/candidates/tree-search.js';
import { planOf } from '../../../src/candidates/plan.js';
import type { CandidatesRequest } from '../../../src/candidates/request.js';
import { DEFAULT_BOUNDS } from '../../../src/candidates/search.js';
import { sharingIn } from '../../../src/candidates/sharing.js';
import { startTrace } from '../../../src/candidates/trace.js';
import type { View } from '../../../src/topology/model.js';
import type { ProviderState } from '../../../src/topology/changes.js';
import type { Topology } from '../../../src/topology/topology.js';
import { findCandidates } from '../../support/candidates.js';
import { countAtOnce } from '../../support/capacity.js';
import { alikeCases, cases, crowdedCases } from '../candidates/arbitrary.js';
import { exactCases } from './arbitrary.js';
import { bruteForce } from './brute.js';

/** CAPACITY_RUNS sets how many worlds: a few hundred are for every day, 10,000 for the night. */
const numRuns = Number(process.env.CAPACITY_RUNS ?? 100);
/** Little, so that a busy machine is done in time, and enough for nearly all of these worlds. */
const BOUNDS = { maxSteps: 20_000 };

/** CAPACITY_SEED repeats a run that failed. */
const seed = process.env.CAPACITY_SEED === undefined ? {} : { seed: Number(process.env.CAPACITY_SEED) };

describe('capacity, random worlds against brute force', function () {
  this.timeout(3_600_000);

  for (const [title, arbitrary, runs] of [
    ['in all sorts of trees', cases, numRuns],
    ['where groups compete for few places', crowdedCases, Math.ceil(numRuns / 2)],
    ['where siblings are alike', alikeCases, Math.ceil(numRuns / 2)],
  ] as const) {
    it(`holds the right number between its bounds, ${title}`, () => {
      const tally = { worlds: 0, fits: 0, exact: 0, tooLarge: 0 };
      fc.assert(
        fc.property(arbitrary, ({ view, request }) => {
          const expected = bruteForce(view, request);
          const { count, trees, complete } = countAtOnce(view, request, BOUNDS);
          tally.worlds++;
          assert.ok(count.atLeast <= count.atMost);
          if (expected === null) {
            tally.tooLarge++;
            return;
          }
          if (expected > 0) tally.fits++;
          if (count.atLeast === count.atMost) tally.exact++;
          const text = `${count.atLeast} <= ${expected} <= ${count.atMost}`;
          assert.ok(count.atLeast <= expected && expected <= count.atMost, text);
          if (complete) assert.equal(trees.fitting > 0, expected > 0);
        }),
        { numRuns: runs, ...seed },
      );
      console.log(`      ${JSON.stringify(tally)}`);
      assert.ok(tally.fits > runs / 20 && tally.exact > runs / 2, JSON.stringify(tally));
    });
  }

  it('gives the very number in the exact cases', () => {
    const tally: Record<string, number> = { C1: 0, C2: 0, C3: 0, C4: 0, fits: 0, tooLarge: 0 };
    fc.assert(
      fc.property(exactCases, ({ shape, view, request }) => {
        const expected = bruteForce(view, request);
        const { count, trees } = countAtOnce(view, request, BOUNDS);
        assert.equal(count.atLeast, count.atMost);
        if (expected === null) {
          tally['tooLarge']!++;
          return;
        }
        tally[shape]!++;
        if (expected > 0) tally['fits']!++;
        assert.equal(count.atLeast, expected);
        assert.equal(trees.fitting, fittingRoots(view, request));
      }),
      { numRuns: numRuns * 2, ...seed },
    );
    console.log(`      ${JSON.stringify(tally)}`);
    assert.ok(tally['fits']! > numRuns / 10, JSON.stringify(tally));
  });

  it('constructs packings that can be claimed one by one', () => {
    const tally = { packings: 0, requests: 0 };
    fc.assert(
      fc.property(fc.oneof(cases, crowdedCases, alikeCases), ({ view, request }) => {
        for (const claims of packingsOf(view, request)) {
          if (claims.length > 0) tally.packings++;
          for (const claim of claims) {
            for (let time = 0; time < claim.times; time++) {
              const offered = findCandidates(view, request).candidates.some(
                ({ allocations }) =>
                  allocations.length === claim.parts.length &&
                  allocations.every(({ provider, resources }) => {
                    const part = claim.parts.find(({ providerId }) => providerId === provider.id);
                    return part !== undefined && amounts(part.resources) === amounts(resources);
                  }),
              );
              assert.ok(offered, `claim ${tally.requests} is no candidate any more`);
              take(view, claim);
              tally.requests++;
            }
          }
        }
      }),
      { numRuns: Math.ceil(numRuns / 2), ...seed },
    );
    console.log(`      ${JSON.stringify(tally)}`);
    assert.ok(tally.requests > numRuns / 20);
  });
});

const amounts = (resources: readonly { resourceClass: { name: string }; amount: number }[]): string =>
  resources
    .map(({ resourceClass, amount }) => `${resourceClass.name}:${amount}`)
    .sort()
    .join();

/** How many roots the search finds a candidate at, each anchor by itself. */
function fittingRoots(view: View, request: CandidatesRequest): number {
  const trace = startTrace(request);
  const plan = planOf(view, request, trace);
  if (plan === null) return 0;
  const sharing = sharingIn(view, plan.slots);
  const isAllowed = rootCheck(plan);
  const pace = { isDue: () => false, seconds: () => 0 };
  const common = {
    counts: trace.combinations,
    bounds: DEFAULT_BOUNDS,
    pace,
    share: { steps: Infinity },
    triesBeforeCare: 64,
  };
  return [...view.trees.values()].filter((tree) => {
    if (!isAllowed(rootOf(tree))) return false;
    const candidates = searchAtAnchor(plan, (provider) => view.treeOf(provider), sharing, trace, common)(tree);
    return [...candidates].length > 0;
  }).length;
}

function packingsOf(view: View, request: CandidatesRequest): readonly (readonly HypotheticalClaim[])[] {
  const pace = { isDue: () => false, seconds: () => 0 };
  const plan = planOf(view, request, startTrace(request));
  if (plan === null) return [];
  const sharing = sharingIn(view, plan.slots);
  const surveys = finished(surveyTrees(view, [...view.trees.values()], plan, sharing, pace));
  const offers = offersOf(plan, sharing, (provider) => view.treeOf(provider), pace);
  const prover = proverOf(plan);
  const items = surveys.map((survey) => ({ survey }));
  return finished(componentsOf(items, sharing.providers, pace)).map((trees) => {
    const component = trees.map(({ survey }) => survey);
    const target = prover.prove(optionsTogether(component)).atMost;
    return finished(pack(component, offers, prover, target, { left: 20_000 })).claims;
  });
}

function finished<Result>(work: Generator<unknown, Result, void>): Result {
  const next = work.next();
  if (next.done !== true) throw new Error('it paused');
  return next.value;
}

/** One request claims what it was offered. */
function take(view: Topology, { parts }: HypotheticalClaim): void {
  const providers = parts.map(({ providerId, resources }): [number, ProviderState] => {
    const provider = view.providers.get(providerId);
    assert.ok(provider);
    const inventories = provider.inventories.map((row) => {
      const taken = resources.find(({ resourceClass }) => resourceClass.id === row.resourceClass.id)?.amount ?? 0;
      const { resourceClass, total, reserved, minUnit, maxUnit, stepSize, allocationRatio, used, modified } = row;
      const numbers = [total, reserved, minUnit, maxUnit, stepSize, allocationRatio, used + taken, modified] as const;
      return [resourceClass.id, ...numbers] as const;
    });
    const traits = provider.traits.traits.map(({ id }) => id).join();
    const { id, uuid, name, generation, parentId, rootId, modified } = provider;
    const aggregates = provider.aggregates.join();
    return [id, [id, uuid, name, generation + 1, parentId, rootId, modified, inventories, traits, aggregates]];
  });
  view.apply({ resourceClasses: [], traits: [], providers });
}

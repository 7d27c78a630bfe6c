import { searchAtAnchor } from '../candidates/tree-search.js';
import { candidateMaker } from '../candidates/candidate.js';
import type { Pace, Pause } from '../candidates/effort.js';
import type { TreeOf } from '../candidates/levels.js';
import type { Plan } from '../candidates/plan.js';
import { DEFAULT_BOUNDS } from '../candidates/search.js';
import type { Sharing } from '../candidates/sharing.js';
import { startTrace } from '../candidates/trace.js';
import type { Provider } from '../topology/model.js';
import { claimOf, takesOf, type HypotheticalClaim, type Stock } from './stock.js';
import type { TreeSurvey } from './tree-survey.js';

/** The steps that a packing may still take: providers that the search tries, and providers that are examined. */
export interface Effort {
  left: number;
}

/** Yields the candidates at an anchor after some claims. Candidates that take the same amounts are yielded once. */
export type Offers = (
  survey: TreeSurvey,
  stock: Stock,
  effort: Effort,
) => Generator<HypotheticalClaim | Pause, void, void>;

export function offersOf(plan: Plan, sharing: Sharing, treeOf: TreeOf, pace: Pace): Offers {
  const toCandidate = candidateMaker(plan);
  const classIds = plan.slots.flatMap(({ resources }) => resources.map(({ resourceClass }) => resourceClass.id));
  return function* (survey, stock, effort) {
    const members = survey.tree.members.map((member) => stock.now(member));
    const sharers = survey.sharers.map(({ provider }) => stock.now(provider));
    const cost = 2 * plan.slots.length * (members.length + sharers.length) + 10;
    effort.left -= cost;
    if (effort.left <= 0) return;
    if (pace.isDue(4 * cost)) yield 'pause';
    // The search tries the providers with most room first, so that no provider is used up early.
    const tree = { rootId: survey.tree.rootId, members: roomiestFirst(members, classIds) };
    const reaching = roomiestFirst(sharers, classIds).map((provider) => ({
      provider,
      serves: (slot: Plan['slots'][number]) => slot.servesAbroad(provider),
    }));
    const now: Sharing = { providers: sharing.providers, reaching: () => reaching, reach: () => 1 };
    const trace = startTrace(plan.request);
    const bounds = { ...DEFAULT_BOUNDS, maxSteps: effort.left };
    const common = { counts: trace.combinations, bounds, pace, share: { steps: Infinity }, triesBeforeCare: 64 };
    const seen = new Set<string>();
    let counted = 0;
    for (const found of searchAtAnchor(plan, treeOf, now, trace, common)(tree)) {
      effort.left -= trace.combinations.tried - counted;
      counted = trace.combinations.tried;
      if (typeof found === 'string') {
        yield 'pause';
        continue;
      }
      const claim = claimOf(toCandidate(found), survey.tree.rootId);
      const takes = takesOf(claim);
      effort.left -= 2;
      if (seen.has(takes)) continue;
      seen.add(takes);
      yield claim;
    }
    effort.left -= trace.combinations.tried - counted;
  };
}

function roomiestFirst(providers: readonly Provider[], classIds: readonly number[]): Provider[] {
  if (providers.length < 2) return [...providers];
  const rooms = providers.map((provider) => ({ provider, room: roomIn(provider, classIds) }));
  return rooms.sort((a, b) => b.room - a.room).map(({ provider }) => provider);
}

/** Returns the sum of the free part of the capacity, over the requested classes. */
function roomIn({ inventories }: Provider, classIds: readonly number[]): number {
  let room = 0;
  for (const { resourceClass, capacity, used } of inventories) {
    if (classIds.includes(resourceClass.id)) room += (capacity - used) / Math.max(capacity, 1);
  }
  return room;
}

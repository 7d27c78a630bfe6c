import type { Provider, Tree, View } from '../topology/model.js';
import { rootOf } from './anchors.js';
import { candidateMaker, type Candidate } from './candidate.js';
import { combinations, type Bounds } from './combine.js';
import { levelsAt, type Level } from './levels.js';
import type { Plan } from './match.js';
import { rulesOf } from './rules.js';
import { seatingsAt } from './seating.js';
import type { Sharing } from './sharing.js';
import { subtreesOf } from './subtrees.js';
import type { Trace } from './trace.js';

const NONE: readonly Candidate[] = [];

/** The search at one anchor: gives the candidates of a tree that no tree before has given, found as they are asked for. */
export function searchAtAnchor(
  view: View,
  plan: Plan,
  sharing: Sharing,
  trace: Trace,
  bounds: Bounds,
): (tree: Tree) => Iterable<Candidate> {
  const atFlatHost = flatHostSearch(plan, trace);
  const make = candidateMaker(plan);
  const subtrees = subtreesOf(plan);
  const rules = rulesOf(view, plan, subtrees);
  const isRepeated = repetitionCheck(sharing);

  function* inTree(levels: readonly Level[]): Generator<Candidate, void, void> {
    const seatings = seatingsAt(plan, levels);
    for (const decided of combinations(levels, rules, seatings, trace.combinations, bounds)) {
      const chosen = inSlotOrder(decided);
      if (isRepeated(chosen)) {
        trace.combinations.duplicates++;
        continue;
      }
      trace.combinations.found++;
      yield make(chosen);
    }
  }

  return (tree) => {
    const root = rootOf(view, tree);
    const sharers = sharing.reaching(tree);
    if (atFlatHost !== null && tree.members.length === 1 && sharers.length === 0 && !sharing.providers.has(root.id)) {
      return atFlatHost(root);
    }
    const levels = levelsAt(view, plan, subtrees, tree, root, sharers);
    if (levels === null) return NONE;
    trace.anchors.everyGroup++;
    return inTree(levels);
  };
}

/**
 * Most clouds are flat hosts asked for one group: there a host either serves everything or is no candidate, and nothing has
 * to be combined. `null` when the request is another one.
 */
function flatHostSearch(plan: Plan, trace: Trace): ((root: Provider) => readonly Candidate[]) | null {
  const [group, ...others] = plan.request.groups;
  if (group === undefined || others.length > 0 || group.resources.length === 0) return null;
  const { resources } = group;
  const hasTraits = plan.conditions[0]?.requiredTraits ?? null;
  return (root) => {
    for (const slot of plan.slots) if (!slot.servesAtHome(root, root)) return NONE;
    trace.anchors.everyGroup++;
    trace.combinations.tried++;
    if (hasTraits !== null && !hasTraits(root.traits)) {
      trace.combinations.dropped['required traits']++;
      return NONE;
    }
    trace.combinations.found++;
    return [{ allocations: [{ provider: root, resources }], mappings: [[root]] }];
  };
}

function inSlotOrder(levels: readonly Level[]): Provider[] {
  const chosen: Provider[] = [];
  for (const { slot, chosen: provider } of levels) if (provider !== null) chosen[slot.index] = provider;
  return chosen;
}

/**
 * Whether a combination was there before. The providers of the slots say all about a candidate, allocations and mappings,
 * and only providers that share have more than one anchor: so nothing but combinations of sharing providers is remembered.
 */
function repetitionCheck({ providers }: Sharing): (chosen: readonly Provider[]) => boolean {
  const seen = new Set<string>();
  return (chosen) => {
    for (const { id } of chosen) if (!providers.has(id)) return false;
    const key = chosen.map(({ id }) => id).join();
    if (seen.has(key)) return true;
    seen.add(key);
    return false;
  };
}

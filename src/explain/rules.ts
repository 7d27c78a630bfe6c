import type { Pause } from '../candidates/effort.js';
import type { RuleName } from '../candidates/trace.js';
import type { AnchorSearch } from './anchor.js';
import { asking, type Ask } from './ask.js';
import { bit, type Judge } from './judge.js';
import { NOT_FOUND, type Code, type Reason } from './reasons.js';
import type { JudgedTree } from './tree.js';

/** A rule that several providers meet together. */
interface TogetherRule {
  /** Position of the condition it is told by. */
  readonly condition: number;
  readonly code: Code;
  /** The request without it. */
  readonly without: Ask;
  /** As the search calls it. */
  readonly name: RuleName;
}

/**
 * Why a tree has no candidate although each slot has an option by itself: the rules without which it would have one; if there
 * is no single one, all that ended a combination.
 */
export function* ruleReasons(
  judge: Judge,
  search: AnchorSearch,
  tree: JudgedTree,
): Generator<Pause, readonly Reason[], void> {
  const rules = rulesOf(judge);
  const decisive: TogetherRule[] = [];
  for (const rule of rules) {
    const fits = yield* search.fits(tree, rule.without);
    if (fits === null) return [NOT_FOUND];
    if (fits) decisive.push(rule);
  }
  const told = decisive.length > 0 ? decisive : yield* endingRules(rules, judge, search, tree);
  return told.map(({ condition, code }): Reason => ({ condition, code, provider: null }));
}

function* endingRules(
  rules: readonly TogetherRule[],
  judge: Judge,
  search: AnchorSearch,
  tree: JudgedTree,
): Generator<Pause, readonly TogetherRule[], void> {
  const names = yield* search.endedBy(tree, asking(judge.all));
  const ending = rules.filter(({ name }) => names.has(name));
  return ending.length > 0 ? ending : rules;
}

function rulesOf({ conditions, slots, all }: Judge): TogetherRule[] {
  const rules: TogetherRule[] = [];
  const together = new Set(slots.filter(({ traitsTogether }) => traitsTogether).map(({ group }) => group));
  for (const [condition, one] of conditions.entries()) {
    const without = asking(all & ~bit(condition));
    if (one.kind === 'group_policy') rules.push({ condition, code: 'isolate', without, name: 'isolate' });
    if (one.kind === 'same_subtree') rules.push({ condition, code: 'same_subtree', without, name: 'same_subtree' });
    if (one.kind === 'version') rules.push({ condition, code: 'one_provider_per_tree', without, name: 'nested' });
    if (one.kind === 'required' && one.group !== null && together.has(one.group))
      rules.push({ condition, code: 'traits_together', without, name: 'required traits' });
  }
  const seen = new Map<number, number>();
  const summed = new Set<number>();
  for (const [condition, one] of conditions.entries()) {
    if (one.kind !== 'resources') continue;
    const { id } = one.resourceClass;
    const first = seen.get(id);
    if (first === undefined) seen.set(id, condition);
    else if (!summed.has(id)) {
      summed.add(id);
      rules.push({ condition: first, code: 'sum', without: asking(all, { withoutSum: id }), name: 'capacity' });
    }
  }
  return rules.sort((a, b) => a.condition - b.condition);
}

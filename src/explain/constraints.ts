import type { Pause } from '../candidates/effort.js';
import type { ConstraintName } from '../candidates/trace.js';
import type { AnchorSearch } from './anchor-search.js';
import { variantOf, type Variant } from './variant.js';
import { bit, type Evaluator } from './evaluate.js';
import { NOT_FOUND, type Code, type Reason } from './reasons.js';
import type { EvaluatedTree } from './tree.js';

/** A rule that several providers meet together. */
interface GroupConstraint {
  /** Position of the condition of this constraint. */
  readonly condition: number;
  readonly code: Code;
  /** The request without this constraint. */
  readonly without: Variant;
  /** Its name in the trace of the search. */
  readonly name: ConstraintName;
}

/**
 * Returns why a tree has no candidate although each slot has an option: the constraints of which each alone prevents a candidate. If
 * there is no such constraint, returns all constraints that ended a combination.
 */
export function* constraintReasons(
  evaluator: Evaluator,
  search: AnchorSearch,
  tree: EvaluatedTree,
): Generator<Pause, readonly Reason[], void> {
  const constraints = constraintsOf(evaluator);
  const decisive: GroupConstraint[] = [];
  for (const constraint of constraints) {
    const fits = yield* search.fits(tree, constraint.without);
    if (fits === null) return [NOT_FOUND];
    if (fits) decisive.push(constraint);
  }
  const told = decisive.length > 0 ? decisive : yield* endingConstraints(constraints, evaluator, search, tree);
  return told.map(({ condition, code }): Reason => ({ condition, code, provider: null }));
}

function* endingConstraints(
  constraints: readonly GroupConstraint[],
  evaluator: Evaluator,
  search: AnchorSearch,
  tree: EvaluatedTree,
): Generator<Pause, readonly GroupConstraint[], void> {
  const names = yield* search.endedBy(tree, variantOf(evaluator.all));
  const ending = constraints.filter(({ name }) => names.has(name));
  return ending.length > 0 ? ending : constraints;
}

function constraintsOf({ conditions, slots, all }: Evaluator): GroupConstraint[] {
  const constraints: GroupConstraint[] = [];
  const together = new Set(slots.filter(({ traitsTogether }) => traitsTogether).map(({ group }) => group));
  for (const [condition, one] of conditions.entries()) {
    const without = variantOf(all & ~bit(condition));
    if (one.kind === 'group_policy') constraints.push({ condition, code: 'isolate', without, name: 'isolate' });
    if (one.kind === 'same_subtree')
      constraints.push({ condition, code: 'same_subtree', without, name: 'same_subtree' });
    if (one.kind === 'version') constraints.push({ condition, code: 'one_provider_per_tree', without, name: 'nested' });
    if (one.kind === 'required' && one.group !== null && together.has(one.group))
      constraints.push({ condition, code: 'traits_together', without, name: 'required traits' });
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
      constraints.push({
        condition: first,
        code: 'sum',
        without: variantOf(all, { withoutSum: id }),
        name: 'capacity',
      });
    }
  }
  return constraints.sort((a, b) => a.condition - b.condition);
}

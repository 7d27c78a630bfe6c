import type { Pause } from '../candidates/effort.js';
import { otherAmount } from './amounts.js';
import { variantOf } from './variant.js';
import type { Condition } from './conditions.js';
import { bit, type Evaluator } from './evaluate.js';
import { countFitting, type CloudSurvey } from './survey.js';

/** A single change of the request after which more trees fit. */
export interface RequestChange {
  /** Position of the condition. */
  readonly condition: number;
  readonly change: 'lower' | 'raise' | 'drop';
  /** An amount, or a version; null for `drop`. */
  readonly from: number | string | null;
  readonly to: number | string | null;
  /** How many trees fit with the change. */
  readonly trees: number;
}

/** The version of a request below 1.29, unless given. NESTED_VERSION is the first version with nested candidates. */
const FLAT_VERSION = '1.28';
const NESTED_VERSION = '1.29';

/** Returns every such change. Those with most trees come first, then lower, raise and drop, then the order of the conditions. */
export function* changesOf(
  survey: CloudSurvey,
  version: string = FLAT_VERSION,
): Generator<Pause, RequestChange[], void> {
  const { evaluator, fitting, cloud } = survey;
  if (fitting === cloud.total) return [];
  const changes: RequestChange[] = [];
  for (const [position, condition] of evaluator.conditions.entries()) {
    if (condition.kind === 'resources') {
      for (const change of ['lower', 'raise'] as const) {
        const other = yield* otherAmount(survey, { position, condition }, change);
        if (other === null) continue;
        changes.push({ condition: position, change, from: condition.amount, to: other.amount, trees: other.trees });
      }
      continue;
    }
    if (!mayDrop(evaluator, position, condition)) continue;
    const trees = yield* countFitting(survey, variantOf(evaluator.all & ~bit(position)));
    changes.push(
      condition.kind === 'version'
        ? { condition: position, change: 'raise', from: version, to: NESTED_VERSION, trees }
        : { condition: position, change: 'drop', from: null, to: null, trees },
    );
  }
  return changes.filter(({ trees }) => trees > fitting).sort(byUse);
}

const ORDER = { lower: 0, raise: 1, drop: 2 };

function byUse(a: RequestChange, b: RequestChange): number {
  return b.trees - a.trees || ORDER[a.change] - ORDER[b.change] || a.condition - b.condition;
}

/**
 * Whether the query is valid without a condition. A resourceless group needs a required trait or a member_of, and a
 * same_subtree that lists it.
 */
function mayDrop({ request, conditions }: Evaluator, position: number, condition: Condition): boolean {
  if (condition.kind === 'same_subtree') {
    const others = conditions.flatMap((one, i) => (one.kind === 'same_subtree' && i !== position ? one.suffixes : []));
    const resourceless = request.groups.filter(({ resources }) => resources.length === 0);
    return !resourceless.some(({ suffix }) => condition.suffixes.includes(suffix) && !others.includes(suffix));
  }
  if (condition.group === null || request.groups[condition.group]?.resources.length !== 0) return true;
  return conditions.some(
    (one, i) =>
      i !== position && one.group === condition.group && (one.kind === 'required' || one.kind === 'member_of'),
  );
}

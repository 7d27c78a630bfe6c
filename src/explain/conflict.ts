import type { Pause } from '../candidates/effort.js';
import { variantOf } from './variant.js';
import { bit, NONE, positionsOf } from './evaluate.js';
import { anyFits, countFitting, type CloudSurvey } from './survey.js';

/** A condition of a conflict, and how many trees meet it alone. */
export interface ConflictingCondition {
  readonly condition: number;
  readonly metBy: number;
}

/**
 * An irreducible set of conditions: no tree meets all of them, and some tree meets each proper subset. The deletion filter
 * goes through the conditions from last to first and leaves out each one without which there is still no candidate. To leave
 * out a condition on resources still requires an inventory of the class, however full; where no tree has inventories of all
 * classes, not even that.
 */
export function* conflictOf(survey: CloudSurvey): Generator<Pause, ConflictingCondition[], void> {
  const { evaluator } = survey;
  const withoutClasses = !(yield* anyFits(survey, variantOf(NONE)));
  let kept = evaluator.all;
  for (let condition = evaluator.conditions.length - 1; condition >= 0; condition--) {
    const fewer = kept & ~bit(condition);
    if (!(yield* anyFits(survey, variantOf(fewer, { withoutClasses })))) kept = fewer;
  }
  const conflict: ConflictingCondition[] = [];
  for (const condition of positionsOf(kept)) {
    conflict.push({ condition, metBy: yield* countFitting(survey, variantOf(bit(condition), { withoutClasses })) });
  }
  return conflict;
}

import type { Pause } from '../candidates/effort.js';
import { variantOf } from './variant.js';
import { bit, NONE, positionsOf } from './evaluate.js';
import { anyFits, countFitting, type CloudSurvey } from './survey.js';

/** A condition of a conflict, and the number of trees that fit when only this condition counts. */
export interface ConflictingCondition {
  readonly condition: number;
  readonly metBy: number;
}

/**
 * Finds an irreducible set of conditions: no tree meets all of them, but for each proper subset some tree meets it. The deletion filter
 * goes through the conditions from last to first, and drops each condition without which there is still no candidate. When it drops a
 * condition on resources, a tree still needs an inventory of the class, with any usage. When no tree has inventories of all classes, it
 * does not need the inventory, either.
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

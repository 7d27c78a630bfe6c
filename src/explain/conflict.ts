import type { Pause } from '../candidates/effort.js';
import { variantOf } from './variant.js';
import { bit, NONE, positionsOf } from './evaluate.js';
import { anyFits, countFitting, type CloudSurvey } from './survey.js';

/** A condition of a conflict, and how many trees meet it when nothing else is asked. */
export interface ConflictingCondition {
  readonly condition: number;
  readonly metBy: number;
}

/**
 * An irreducible set of conditions that no tree meets together, while any proper subset is met by some tree: goes through the
 * conditions from last to first and leaves out each one without which there is still no candidate (deletion filter). A
 * condition on resources is left out by asking for an inventory of the class, however full; where no tree has inventories of
 * all classes, by not asking for the class.
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

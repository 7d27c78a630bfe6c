import type { ConflictingCondition } from './conflict.js';
import type { ConditionCount } from './statistics.js';
import type { CloudSurvey } from './survey.js';
import { shortLabel } from './text.js';

/** The most conditions that the summary names. A query may have hundreds. */
const MOST_NAMED = 12;

/** The explanation in one sentence, for the log and the response. */
export function summaryOf(
  { evaluator, cloud, fitting, fittingWhenEmpty }: CloudSurvey,
  counts: readonly ConditionCount[],
  conflict: readonly ConflictingCondition[] | null,
): string {
  const trees = `${cloud.total} ${cloud.total === 1 ? 'tree' : 'trees'}`;
  const verb = fitting <= 1 ? 'fits' : 'fit';
  const empty = fittingWhenEmpty === 0 ? 'none' : String(fittingWhenEmpty);
  const aside = fittingWhenEmpty > fitting || fitting === 0 ? ` (${empty} would if nothing were used)` : '';
  const head = `${fitting === 0 ? 'none' : fitting} of ${trees} ${verb}${aside}`;
  const failing = evaluator.conditions.flatMap((condition, position) => {
    const fails = counts[position]?.fails ?? 0;
    return fails === 0 ? [] : [{ label: shortLabel(condition, evaluator.request), fails }];
  });
  if (failing.length === 0) {
    const labels = (conflict ?? []).flatMap(({ condition }) => {
      const one = evaluator.conditions[condition];
      return one === undefined ? [] : [shortLabel(one, evaluator.request)];
    });
    return labels.length === 0 ? head : `${head}: no tree meets ${labels.join(', ')}`;
  }
  const named = failing
    .slice(0, MOST_NAMED)
    .map(({ label, fails }, i) => (i === 0 ? `${label} fails on ${fails}` : `${label} on ${fails}`));
  const more = failing.length > MOST_NAMED ? ` and ${failing.length - MOST_NAMED} more` : '';
  return `${head}: ${named.join(', ')}${more}`;
}

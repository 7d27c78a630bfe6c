import type { Pace, Pause } from '../candidates/effort.js';
import type { Plan } from '../candidates/plan.js';
import type { Provider } from '../topology/model.js';
import { freeOf } from './copies-of-options.js';
import type { TreeCount } from './count.js';
import type { AmountCondition } from './model.js';

/** Counts the requests that would fit if the free amounts of all options in fitting trees were on one provider, as dashboards compute it. */
export function* pooledRoom(
  plan: Plan,
  conditions: readonly AmountCondition[],
  fitting: readonly TreeCount[],
  pace: Pace,
): Generator<Pause, number, void> {
  if (fitting.length === 0) return 0;
  let least = Infinity;
  for (const classId of new Set(conditions.map(({ resourceClass }) => resourceClass.id))) {
    let asked = 0;
    for (const { resourceClass, amount } of conditions) if (resourceClass.id === classId) asked += amount;
    const wanting = plan.slots.filter(({ resources }) => resources.some((one) => one.resourceClass.id === classId));
    let free = 0;
    // Several trees and slots may have the same provider.
    const counted = new Set<Provider>();
    const lists = new Set<readonly Provider[]>();
    for (const { survey } of fitting) {
      if (pace.isDue(4 * survey.tree.members.length)) yield 'pause';
      const once = !survey.pooled && wanting.length === 1;
      for (const { index } of wanting) {
        const options = survey.options[index] ?? [];
        if (survey.pooled) {
          if (lists.has(options)) continue;
          lists.add(options);
        }
        for (const option of options) {
          if (!once) {
            if (counted.has(option)) continue;
            counted.add(option);
          }
          free += freeOf(option, classId);
        }
      }
    }
    least = Math.min(least, Math.floor(free / asked));
  }
  return least;
}

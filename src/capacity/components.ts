import type { Pace, Pause } from '../candidates/effort.js';
import type { TreeSurvey } from './tree-survey.js';

/** Connected components: trees that use the same sharing providers, directly or through other trees. They compete for the same resources. */
export function* componentsOf<Item extends { readonly survey: TreeSurvey }>(
  items: readonly Item[],
  sharing: ReadonlyMap<number, unknown>,
  pace: Pace,
): Generator<Pause, Item[][], void> {
  const above = new Map<TreeSurvey, TreeSurvey>();
  const firstTaker = new Map<number, TreeSurvey>();

  function topOf(survey: TreeSurvey): TreeSurvey {
    let top = survey;
    for (let next = above.get(top); next !== undefined; next = above.get(top)) top = next;
    // Path compression makes later look-ups shorter.
    for (let at = survey; at !== top;) {
      const next = above.get(at) ?? top;
      above.set(at, top);
      at = next;
    }
    return top;
  }

  // Thousands of trees have the same list of options, so each list is examined only once.
  const lists = new Map<readonly unknown[], TreeSurvey>();
  for (const { survey } of items) {
    if (!survey.pooled) continue;
    if (pace.isDue(10 * survey.options.length)) yield 'pause';
    for (const options of survey.options) {
      const known = lists.get(options);
      if (known !== undefined) {
        join(survey, known);
        continue;
      }
      let isPooled = false;
      for (const { id } of options) {
        if (!sharing.has(id)) continue;
        isPooled = true;
        const taker = firstTaker.get(id);
        if (taker === undefined) firstTaker.set(id, survey);
        else join(survey, taker);
      }
      if (isPooled) lists.set(options, survey);
    }
  }

  function join(one: TreeSurvey, other: TreeSurvey): void {
    const [a, b] = [topOf(one), topOf(other)];
    if (a !== b) above.set(a, b);
  }

  const components = new Map<TreeSurvey, Item[]>();
  for (const item of items) {
    const top = item.survey.pooled ? topOf(item.survey) : item.survey;
    const members = components.get(top);
    if (members === undefined) components.set(top, [item]);
    else members.push(item);
  }
  return [...components.values()];
}

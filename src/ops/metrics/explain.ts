import type { Registry } from 'prom-client';
import type { Explanation } from '../../explain/explain.js';
import { REASON_CODES } from '../../explain/reasons.js';
import type { Explaining } from '../../resources/explain/explaining.js';
import { addHistogram, SECONDS } from './histogram.js';
import { addNumbers } from './series.js';

/** Returns functions that count explanations, and explanations of empty responses. */
export function meterExplanations(registry: Registry): Pick<Explaining, 'onExplain' | 'onEmptyExplained'> {
  const durations = addHistogram(registry, {
    name: 'stockroom_explain_duration_seconds',
    help: 'Explanations, by outcome: none when nothing fits, some when something does, incomplete at the bound.',
    buckets: SECONDS,
  });
  const [none, some, incomplete] = ['none', 'some', 'incomplete'].map((outcome) => durations.series({ outcome }));
  // Each code has a series from the start, so that Prometheus sees its first count as an increase.
  const codes: Record<string, number> = Object.fromEntries(REASON_CODES.map((code) => [code, 0]));
  addNumbers(
    registry,
    {
      name: 'stockroom_empty_answers_total',
      help: 'Explained empty responses of GET /allocation_candidates, by each code among the reasons of the conditions that conflict. At most one response a second is explained.',
      type: 'counter',
    },
    'code',
    () => codes,
  );
  return {
    onExplain({ complete, trees }, seconds) {
      const observe = !complete ? incomplete : trees.fitting > 0 ? some : none;
      observe?.(seconds);
    },
    onEmptyExplained(explanation) {
      for (const code of conflictingCodes(explanation)) codes[code] = (codes[code] ?? 0) + 1;
    },
  };
}

/** Returns the codes of the reasons of the conditions in the conflict. */
function conflictingCodes({ conflict, counts }: Explanation): Set<string> {
  const found = new Set<string>();
  for (const { condition } of conflict ?? []) {
    const codes = [...(counts[condition]?.codes.keys() ?? [])];
    // When no tree has a class, no tree is relevant, so there are no reasons.
    for (const code of codes.length === 0 ? ['no_inventory'] : codes) found.add(code);
  }
  return found;
}

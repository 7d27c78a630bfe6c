import type { Explanation } from './explain.js';
import { showReason, type ShownReason } from './shown-reason.js';

/** The response of GET /stockroom/explain (docs/contract/explain-and-capacity.md#response). */
export interface ExplainDocument {
  readonly version: string;
  readonly outcome: 'some' | 'none';
  readonly complete: boolean;
  readonly trees: {
    readonly all: number;
    readonly relevant: number;
    readonly fitting: number;
    readonly fitting_when_empty: number;
  };
  readonly summary: string;
  readonly funnel: readonly { readonly stage: string; readonly trees: number }[];
  readonly conditions: readonly ConditionDocument[];
  readonly conflict: readonly { readonly id: string; readonly met_by: number }[] | null;
  readonly changes: readonly ChangeDocument[];
  readonly nearest: readonly {
    readonly root: { readonly uuid: string; readonly name: string };
    readonly fits: boolean;
    readonly reasons: readonly ShownReason[];
  }[];
}

export interface ConditionDocument {
  readonly id: string;
  /** The suffix of its group; null for a condition on the root or between groups. */
  readonly group: string | null;
  readonly asked?: number;
  readonly fails: number;
  readonly only: number;
  readonly codes: Readonly<Record<string, number>>;
  readonly free?: { readonly sum: number; readonly largest: number };
  readonly largest_ask?: number;
}

export interface ChangeDocument {
  readonly condition: string;
  readonly change: 'lower' | 'raise' | 'drop';
  readonly from?: number | string;
  readonly to?: number | string;
  readonly trees: number;
}

export function documentOf(explanation: Explanation, version: string): ExplainDocument {
  const { evaluator, complete, trees, summary, funnel, conflict, changes, nearest } = explanation;
  const idOf = (position: number): string => evaluator.conditions[position]?.id ?? '';
  return {
    version,
    outcome: trees.fitting > 0 ? 'some' : 'none',
    complete,
    trees: {
      all: trees.all,
      relevant: trees.relevant,
      fitting: trees.fitting,
      fitting_when_empty: trees.fittingWhenEmpty,
    },
    summary,
    funnel,
    conditions: conditionsDocument(explanation),
    conflict: conflict?.map(({ condition, metBy }) => ({ id: idOf(condition), met_by: metBy })) ?? null,
    changes: changes.map(({ condition, change, from, to, trees: fitting }) => ({
      condition: idOf(condition),
      change,
      ...(from === null || to === null ? {} : { from, to }),
      trees: fitting,
    })),
    nearest: nearest.map(({ root, fits, reasons }) => ({
      root: { uuid: root.uuid, name: root.name },
      fits,
      reasons: reasons.map((reason) => showReason(evaluator, reason)),
    })),
  };
}

function conditionsDocument({ evaluator, counts, supplies }: Explanation): ConditionDocument[] {
  return evaluator.conditions.map((condition, position) => {
    const supply = supplies.get(position);
    const count = counts[position];
    const group = condition.group === null ? null : (evaluator.request.groups[condition.group]?.suffix ?? null);
    return {
      id: condition.id,
      group,
      ...(condition.kind === 'resources' ? { asked: condition.amount } : {}),
      fails: count?.fails ?? 0,
      only: count?.only ?? 0,
      codes: Object.fromEntries(count?.codes ?? []),
      ...(supply === undefined
        ? {}
        : { free: { sum: supply.sum, largest: supply.largest }, largest_ask: supply.largestAsk }),
    };
  });
}

import type { Slot } from '../candidates/plan.js';
import type { Group, ResourceAmount } from '../candidates/request.js';
import type { Provider } from '../topology/model.js';

/** How much work a count may take. */
export interface CapacityBounds {
  /** `[stockroom] capacity_max_steps`: providers tried and looked at while packings are constructed, over all trees. */
  readonly maxSteps: number;
  /** Stop when this many requests fit for sure; null: never. */
  readonly enough: number | null;
}

/** A number of requests. Where it is not exact, it is between these two, both included. */
export interface Count {
  /** A packing with this many requests exists. */
  readonly atLeast: number;
  /** A proof says that no more requests fit. */
  readonly atMost: number;
}

/** One class that one group asks for: what can limit a count. */
export interface AmountCondition extends ResourceAmount {
  /** As in docs/contract/explain-and-capacity.md: `resources_GPU.VGPU`. */
  readonly id: string;
  /** Position of the group in the request. */
  readonly group: number;
}

/** A sharing provider that has nothing left for a condition when as many requests fit as can. */
export interface FullProvider {
  readonly provider: Provider;
  readonly condition: AmountCondition;
}

/** The amounts that a request asks for, in the order of the query. */
export function amountConditions(groups: readonly Group[]): AmountCondition[] {
  return groups.flatMap(({ suffix, resources }, group) =>
    resources.map(({ resourceClass, amount }) => ({
      id: `resources${suffix}.${resourceClass.name}`,
      group,
      resourceClass,
      amount,
    })),
  );
}

/** Those of the conditions that the provider of a slot has to meet. */
export function conditionsOfSlot(conditions: readonly AmountCondition[], slot: Slot): AmountCondition[] {
  return conditions.filter(
    ({ group, resourceClass }) =>
      group === slot.group && slot.resources.some((wanted) => wanted.resourceClass === resourceClass),
  );
}

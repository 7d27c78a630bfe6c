import type { Slot } from '../candidates/plan.js';
import type { Group, ResourceAmount } from '../candidates/request.js';
import type { Provider } from '../topology/model.js';

/** How much work a count may take. */
export interface CapacityBounds {
  /** `[stockroom] capacity_max_steps`: the providers that are tried and examined while packings are constructed, in all trees together. */
  readonly maxSteps: number;
  /** The count stops constructing packings when so many requests certainly fit. Null for no such limit. */
  readonly enough: number | null;
}

/** A number of requests, which is between these two bounds, both included. */
export interface Count {
  /** A packing with this many requests exists. */
  readonly atLeast: number;
  /** There is a proof that no more requests fit. */
  readonly atMost: number;
}

/** The amount of one class that one group asks for. Such a condition can limit a count. */
export interface AmountCondition extends ResourceAmount {
  /** The name of the condition, as in docs/contract/explain-and-capacity.md: `resources_GPU.VGPU`. */
  readonly id: string;
  /** Position of the group in the request. */
  readonly group: number;
}

/** A sharing provider that has no room left for a condition when the largest possible number of requests is placed. */
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

/** Returns the conditions that the provider of a slot has to meet. */
export function conditionsOfSlot(conditions: readonly AmountCondition[], slot: Slot): AmountCondition[] {
  return conditions.filter(
    ({ group, resourceClass }) =>
      group === slot.group && slot.resources.some((wanted) => wanted.resourceClass === resourceClass),
  );
}

import type { CandidatesRequest } from '../candidates/request.js';
import { inventoryOf, type Inventory } from '../topology/model.js';
import type { Condition, ConditionOf } from './conditions.js';
import type { Evaluator } from './evaluate.js';
import type { Reason } from './reasons.js';
import { freeOf } from './misfit.js';
import { listed } from './text.js';

/** A reason as a response shows it (docs/contract/explain-and-capacity.md#reasons). */
export interface ShownReason {
  readonly condition: string | null;
  readonly code: string;
  readonly provider?: { readonly uuid: string; readonly name: string };
  readonly text: string;
  readonly [member: string]: unknown;
}

/** The further members of a reason, and its text. */
type Details = Readonly<Record<string, unknown>> & { readonly text: string };

export function showReason({ request, conditions }: Evaluator, reason: Reason): ShownReason {
  const { condition: position, code, provider } = reason;
  const condition = position === null ? null : (conditions[position] ?? null);
  const who = provider === null ? {} : { provider: { uuid: provider.uuid, name: provider.name } };
  const details = condition === null ? UNDECIDED : detailsOf(request, conditions, condition, reason);
  return { condition: condition?.id ?? null, code, ...who, ...details };
}

const UNDECIDED: Details = { text: 'undecided: the search ended at its bound' };

function detailsOf(
  request: CandidatesRequest,
  conditions: readonly Condition[],
  condition: Condition,
  reason: Reason,
): Details {
  switch (condition.kind) {
    case 'resources':
      return reason.code === 'sum' ? sumDetails(request, conditions, condition) : roomDetails(condition, reason);
    case 'required':
      return requiredDetails(request, condition, reason);
    case 'forbidden':
      return { traits: [condition.trait.name], text: `has ${condition.trait.name}` };
    case 'member_of': {
      const { anyOf } = condition;
      const text =
        anyOf.length === 1 ? `not in aggregate ${anyOf.join()}` : `in none of the aggregates ${anyOf.join(', ')}`;
      return { aggregates: anyOf, text };
    }
    case 'forbidden_aggregates': {
      const { aggregates } = condition;
      const text = aggregates.length === 1 ? 'in aggregate' : 'in one of the aggregates';
      return { aggregates, text: `${text} ${aggregates.join(', ')}` };
    }
    case 'in_tree':
      return { text: `not in the tree of ${condition.uuid}` };
    case 'root_required':
      return { traits: [condition.trait.name], text: `the root lacks ${condition.trait.name}` };
    case 'root_forbidden':
      return { traits: [condition.trait.name], text: `the root has ${condition.trait.name}` };
    case 'group_policy': {
      const groups = request.groups.flatMap(({ suffix }) => (suffix === '' ? [] : [suffix]));
      return { groups, text: `has no different provider for each of the groups ${listed(groups)}` };
    }
    case 'same_subtree': {
      const { suffixes } = condition;
      return { groups: suffixes, text: `no provider of the groups ${listed(suffixes)} is above the others` };
    }
    case 'version': {
      const groups = request.groups.map(({ suffix }) => suffix);
      return { groups, text: 'needs several providers of the tree, which candidates have from version 1.29 on' };
    }
  }
}

function requiredDetails(request: CandidatesRequest, condition: ConditionOf<'required'>, { code }: Reason): Details {
  const traits = condition.anyOf.map(({ name }) => name);
  const lacks = traits.length === 1 ? `lacks ${traits.join()}` : `has none of ${traits.join(', ')}`;
  if (code !== 'traits_together') return { traits, text: lacks };
  const groups = request.groups.filter((_, position) => position === condition.group).map(({ suffix }) => suffix);
  const some = traits.length === 1 ? traits.join() : `one of ${traits.join(', ')}`;
  return { traits, groups, text: `no providers that fit together have ${some}` };
}

function sumDetails(
  request: CandidatesRequest,
  conditions: readonly Condition[],
  { resourceClass }: ConditionOf<'resources'>,
): Details {
  const asking = conditions.flatMap((one) =>
    one.kind === 'resources' && one.resourceClass.id === resourceClass.id ? [one] : [],
  );
  const groups = asking.map(({ group }) => (group === null ? '' : (request.groups[group]?.suffix ?? '')));
  const asked = asking.reduce((sum, { amount }) => sum + amount, 0);
  const names = listed(groups.map((suffix) => (suffix === '' ? 'without suffix' : suffix)));
  const text = `${resourceClass.name}: the groups ${names} ask ${asked} together, more than is free or max_unit allows`;
  return { asked, groups, text };
}

function roomDetails({ resourceClass, amount }: ConditionOf<'resources'>, reason: Reason): Details {
  const { name } = resourceClass;
  const inventory = reason.provider === null ? undefined : inventoryOf(reason.provider, resourceClass.id);
  if (inventory === undefined) return { text: `${name}: no inventory` };
  const { minUnit, maxUnit, stepSize } = inventory;
  if (reason.code === 'min_unit') {
    return { asked: amount, min_unit: minUnit, text: `${name}: asks ${amount}, min_unit ${minUnit}` };
  }
  if (reason.code === 'max_unit') {
    return { asked: amount, max_unit: maxUnit, text: `${name}: asks ${amount}, max_unit ${maxUnit}` };
  }
  if (reason.code === 'step_size') {
    return { asked: amount, step_size: stepSize, text: `${name}: asks ${amount}, step_size ${stepSize}` };
  }
  return capacityDetails(name, amount, inventory, reason.treeFree);
}

function capacityDetails(name: string, asked: number, inventory: Inventory, treeFree: number | undefined): Details {
  const { used, total, reserved, allocationRatio } = inventory;
  const [free, capacity] = [freeOf(inventory), Math.floor(inventory.capacity)];
  const members = { asked, free, capacity, used, total, reserved, allocation_ratio: allocationRatio };
  const text = `${name}: asks ${asked}, free ${free} (capacity ${capacity}, used ${used})`;
  if (treeFree === undefined) return { ...members, text };
  const more = `${treeFree} are free in the tree, but one class never comes from two providers`;
  return { ...members, tree_free: treeFree, text: `${text}; ${more}` };
}

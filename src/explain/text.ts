import type { Condition } from './conditions.js';
import type { CandidatesRequest } from '../candidates/request.js';

/** The name of a condition in a sentence: `VCPU:8`, `!CUSTOM_OLD`, `VGPU:1 (_GPU)`. Aggregates and trees are without their UUID. */
export function shortLabel(condition: Condition, { groups }: CandidatesRequest): string {
  const suffix = condition.group === null ? '' : (groups[condition.group]?.suffix ?? '');
  const bare = bareLabel(condition);
  return suffix === '' ? bare : `${bare} (${suffix})`;
}

function bareLabel(condition: Condition): string {
  switch (condition.kind) {
    case 'resources':
      return `${condition.item}:${condition.amount}`;
    case 'required':
    case 'forbidden':
      return condition.item;
    case 'member_of':
      return 'member_of';
    case 'forbidden_aggregates':
      return '!member_of';
    case 'in_tree':
      return 'in_tree';
    case 'root_required':
    case 'root_forbidden':
      return `root_required ${condition.item}`;
    case 'group_policy':
      return 'group_policy isolate';
    case 'same_subtree':
      return `same_subtree ${condition.item}`;
    case 'version':
      return 'one provider a tree below 1.29';
  }
}

/** `_A and _B` */
export function listed(items: readonly string[]): string {
  const last = items.at(-1) ?? '';
  return items.length < 2 ? last : `${items.slice(0, -1).join(', ')} and ${last}`;
}

import { traitMasks } from '../candidates/constraints.js';
import { contestedClasses, freeRoom } from '../candidates/contested-classes.js';
import type { Plan } from '../candidates/plan.js';
import { freeOf } from './copies-of-options.js';
import type { TreeSurvey } from './tree-survey.js';

/**
 * Describes a tree. Trees with equal descriptions have the same count. The description has the parents, the free amounts, the most that
 * one request may take, which of the required traits each member has, and which slots it can serve. It is null for a tree that has sharing
 * providers among its options.
 */
export function descriptions(plan: Plan): (survey: TreeSurvey) => string | null {
  const classIds = [...new Set(plan.slots.flatMap(({ resources }) => resources.map((one) => one.resourceClass.id)))];
  const contested = [...contestedClasses(plan)];
  const maskOf = traitMasks(plan.unsuffixed);
  return ({ tree, options, pooled }) => {
    if (pooled) return null;
    const positions = new Map(tree.members.map(({ id }, position) => [id, position]));
    const members = tree.members.map((member) => {
      const free = classIds.map((id) => freeOf(member, id));
      const room = contested.map((id) => freeRoom(member, id));
      const parent = member.parentId === null ? '' : (positions.get(member.parentId) ?? '');
      return [parent, ...free, ...room, maskOf?.(member.traits) ?? ''].join();
    });
    const lists = options.map((some) => some.map(({ id }) => positions.get(id)).join());
    return `${members.join(';')}|${lists.join(';')}`;
  };
}

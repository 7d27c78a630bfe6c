import type { Provider, Tree } from '../topology/model.js';
import type { Ask } from './ask.js';
import { override } from './ask.js';
import { NONE, type Judge, type JudgedSlot, type Mask, type Verdict } from './judge.js';

/** A provider that can be picked for a slot and has inventories of its classes, however full. */
export interface Option {
  readonly provider: Provider;
  readonly verdict: Verdict;
}

/** A tree that is not a lone host, with all that can be picked at its root. */
export interface JudgedTree {
  readonly tree: Tree;
  readonly root: Provider;
  /** Providers of other trees that share with it and have what some slot asks for. */
  readonly sharers: readonly Provider[];
  /** root_required. */
  readonly rootFails: Mask;
  /** By index of the slot. */
  readonly options: readonly (readonly Option[])[];
}

export function judgeTree(judge: Judge, tree: Tree, root: Provider, sharers: readonly Provider[]): JudgedTree {
  const options = judge.slots.map((slot) => {
    const found: Option[] = [];
    for (const provider of pickable({ tree, sharers })) {
      const verdict = judge.verdict(slot, provider, root);
      if (verdict.lacks === NONE) found.push({ provider, verdict });
    }
    return found;
  });
  return { tree, root, sharers, rootFails: judge.rootFails(root), options };
}

export function* pickable({ tree, sharers }: Pick<JudgedTree, 'tree' | 'sharers'>): Generator<Provider, void, void> {
  yield* tree.members;
  yield* sharers;
}

/** Whether every slot has an option. */
export function hasOptions({ options }: JudgedTree): boolean {
  return options.every((list) => list.length > 0);
}

/** Whether an option meets every condition that counts; required traits that are met together are left to the search. */
export function passes(
  judge: Judge,
  slot: JudgedSlot,
  { provider, verdict }: Option,
  ask: Ask,
  whateverIsUsed = false,
): boolean {
  const { lacks, other, missingTraits, ownMember, rootMember } = verdict;
  const { active } = ask;
  if (lacks !== NONE && (!ask.withoutClasses || (lacks & active) !== NONE)) return false;
  if ((other & active) !== NONE) return false;
  const together = slot.traitsTogether && (!ask.withoutClasses || slotsLeft(judge, slot, ask) > 1);
  if (!together && (missingTraits & active) !== NONE) return false;
  if ((ownMember & active) !== NONE && (rootMember & active) !== NONE) return false;
  const room = ((whateverIsUsed ? NONE : verdict.capacity) | verdict.units) & ~lacks & active;
  return ask.override === null ? room === NONE : override(judge, slot, provider, room, ask.override) === NONE;
}

/** How many slots of the unsuffixed group are left. */
function slotsLeft({ slots }: Judge, { group }: JudgedSlot, { active }: Ask): number {
  return slots.filter((slot) => slot.group === group && slot.resources.some((one) => (active >> BigInt(one)) & 1n))
    .length;
}

/**
 * Whether each slot has an option that passes, and the root does: without it no search is needed.
 *
 * @param whateverIsUsed capacity is not looked at
 */
export function mayFit(judge: Judge, { rootFails, options }: JudgedTree, ask: Ask, whateverIsUsed = false): boolean {
  if ((rootFails & ask.active) !== NONE) return false;
  // There the options are others, too.
  if (ask.withoutClasses) return true;
  for (const slot of judge.slots) {
    if (!(options[slot.index] ?? []).some((option) => passes(judge, slot, option, ask, whateverIsUsed))) return false;
  }
  return true;
}

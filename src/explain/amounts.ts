import type { Pause } from '../candidates/effort.js';
import { inventoryOf, type Inventory, type Provider } from '../topology/model.js';
import { variantOf, type Variant } from './variant.js';
import { isContested } from './cloud.js';
import type { ConditionOf } from './conditions.js';
import type { TreeResult } from './tree-results.js';
import { bit, NONE, type Evaluator, type EvaluatedSlot } from './evaluate.js';
import type { LoneKind } from './lone-hosts.js';
import { largestAmount, misfitCode, smallestAbove } from './misfit.js';
import { WORK_FOR_A_TREE, type CloudSurvey } from './survey.js';
import { mayFit, passes, type SlotOption } from './tree.js';

/** Another amount of a condition on resources, and the number of trees that fit with it. */
export interface OtherAmount {
  readonly amount: number;
  readonly trees: number;
}

/** A condition on resources with its position. */
interface Asked {
  readonly position: number;
  readonly condition: ConditionOf<'resources'>;
}

type Direction = 'lower' | 'raise';

/** The amount nearest to the requested one with which another tree fits; null when there is none. */
export function* otherAmount(
  survey: CloudSurvey,
  asked: Asked,
  direction: Direction,
): Generator<Pause, OtherAmount | null, void> {
  const hosts = bestOfHosts(survey, asked, direction);
  const amount = yield* bestOfTrees(survey, asked, direction, hosts);
  if (amount === null) return null;
  return { amount, trees: yield* countWith(survey, asked, amount) };
}

function amountAt(inventory: Inventory | undefined, asked: number, direction: Direction): number | null {
  if (inventory === undefined) return null;
  if (direction === 'raise') return smallestAbove(inventory, asked);
  const amount = largestAmount(inventory, asked - 1);
  return amount === 0 ? null : amount;
}

function isNearer(amount: number, best: number | null, direction: Direction): boolean {
  if (best === null) return true;
  return direction === 'lower' ? amount > best : amount < best;
}

function isOnlyMissing({ fails, constraints, lacks }: LoneKind, position: number): boolean {
  return !lacks && ((fails | constraints) & ~bit(position)) === NONE;
}

function bestOfHosts({ cloud }: CloudSurvey, { position, condition }: Asked, direction: Direction): number | null {
  let best: number | null = null;
  for (const kind of cloud.lone) {
    if (kind.fails === NONE || !isOnlyMissing(kind, position)) continue;
    for (const host of kind.hosts) {
      const amount = amountAt(inventoryOf(host, condition.resourceClass.id), condition.amount, direction);
      if (amount !== null && isNearer(amount, best, direction)) best = amount;
    }
  }
  return best;
}

function* bestOfTrees(
  survey: CloudSurvey,
  asked: Asked,
  direction: Direction,
  ofHosts: number | null,
): Generator<Pause, number | null, void> {
  const { evaluator, results, search, pace } = survey;
  const slot = evaluator.slots.find(({ resources }) => resources.includes(asked.position));
  if (slot === undefined) return ofHosts;
  const open = variantOf(evaluator.all & ~bit(asked.position));
  let best = ofHosts;
  for (const result of results) {
    if (pace.isDue(WORK_FOR_A_TREE)) yield 'pause';
    if (result.fits !== false || !result.relevant || !mayFit(evaluator, result.tree, open)) continue;
    if (!mayBeNearer(survey, asked, direction, { result, slot, open, best })) continue;
    // A tree that does not fit without the condition does not fit with any amount.
    if ((yield* search.fits(result.tree, open)) !== true) continue;
    best = yield* bestInTree(survey, asked, direction, { result, slot, open, best });
  }
  return best;
}

interface Place {
  readonly result: TreeResult;
  readonly slot: EvaluatedSlot;
  /** The request without the condition. */
  readonly open: Variant;
  readonly best: number | null;
}

interface UsefulOption {
  readonly provider: Provider;
  readonly inventory: Inventory;
  /** The amount nearest to the requested one that the option allows by itself. */
  readonly amount: number;
}

/** Returns the options at which another amount may help: the requested amount fails there, or amounts of several groups add up. */
function usefulOptions(
  evaluator: Evaluator,
  { position, condition }: Asked,
  direction: Direction,
  { result, slot, open }: Omit<Place, 'best'>,
): UsefulOption[] {
  const { id } = condition.resourceClass;
  const isSummed = direction === 'lower' && isContested(evaluator);
  return (result.tree.options[slot.index] ?? []).flatMap((option) => {
    const { capacity, units } = option.verdict;
    if (!isSummed && ((capacity | units) & bit(position)) === NONE) return [];
    if (!passes(evaluator, slot, option, open)) return [];
    const inventory = inventoryOf(option.provider, id);
    const amount = amountAt(inventory, condition.amount, direction);
    return inventory === undefined || amount === null ? [] : [{ provider: option.provider, inventory, amount }];
  });
}

function mayBeNearer({ evaluator }: CloudSurvey, asked: Asked, direction: Direction, place: Place): boolean {
  return usefulOptions(evaluator, asked, direction, place).some(({ amount }) =>
    isNearer(amount, place.best, direction),
  );
}

/** Tries each option of the slot with the amount that it allows by itself, when that is nearer than the best so far. */
function* bestInTree(
  { evaluator, search }: CloudSurvey,
  { position, condition }: Asked,
  direction: Direction,
  { result, slot, open, best }: Place,
): Generator<Pause, number | null, void> {
  const { tree } = result;
  const options = usefulOptions(evaluator, { position, condition }, direction, { result, slot, open }).sort((a, b) =>
    direction === 'lower' ? b.amount - a.amount : a.amount - b.amount,
  );
  let nearest = best;
  const fitsWith = function* (provider: Provider, amount: number): Generator<Pause, boolean, void> {
    const variant = variantOf(evaluator.all, { override: { condition: position, amount } });
    return (yield* search.fits(tree, variant, { slot, provider })) === true;
  };
  for (const { provider, inventory, amount } of options) {
    if (!isNearer(amount, nearest, direction)) break;
    if (yield* fitsWith(provider, amount)) {
      nearest = amount;
      continue;
    }
    // Other groups may leave less of the provider than the amount needs, so smaller amounts are tried as well. With larger amounts even less
    // would be left.
    if (direction === 'raise' || !isContested(evaluator)) continue;
    const { stepSize, minUnit } = inventory;
    let low = Math.ceil(Math.max(minUnit, 1, (nearest ?? 0) + 1) / stepSize);
    let high = amount / stepSize - 1;
    while (low <= high) {
      const middle = Math.floor((low + high) / 2);
      if (yield* fitsWith(provider, middle * stepSize)) {
        nearest = middle * stepSize;
        low = middle + 1;
      } else high = middle - 1;
    }
  }
  return nearest;
}

/** How many trees fit with another amount. Trees that fit only with the requested amount do not count. */
function* countWith(
  { evaluator, cloud, search, results, pace }: CloudSurvey,
  { position, condition }: Asked,
  amount: number,
): Generator<Pause, number, void> {
  const classId = condition.resourceClass.id;
  let count = 0;
  for (const kind of cloud.lone) {
    if (!isOnlyMissing(kind, position)) continue;
    for (const host of kind.hosts) if (misfitCode(inventoryOf(host, classId), amount) === 0) count++;
  }
  const variant = variantOf(evaluator.all, { override: { condition: position, amount } });
  const slot = evaluator.slots.find(({ resources }) => resources.includes(position));
  for (const { tree, fits } of results) {
    if (pace.isDue(WORK_FOR_A_TREE)) yield 'pause';
    // A fitting tree fits with a smaller amount as well if all its options allow that amount.
    const isSafe = fits === true && amount < condition.amount && slot !== undefined;
    if (isSafe && (tree.options[slot.index] ?? []).every((option) => stillPasses(evaluator, slot, option, variant)))
      count++;
    else if (mayFit(evaluator, tree, variant) && (yield* search.fits(tree, variant)) === true) count++;
  }
  return count;
}

function stillPasses(evaluator: Evaluator, slot: EvaluatedSlot, option: SlotOption, variant: Variant): boolean {
  return !passes(evaluator, slot, option, variantOf(evaluator.all)) || passes(evaluator, slot, option, variant);
}

import type { Pause } from '../candidates/effort.js';
import { inventoryOf, type Inventory, type Provider } from '../topology/model.js';
import { bit, positionsOf, type Evaluator } from './evaluate.js';
import type { LoneKind } from './lone-hosts.js';
import { codeOf, loneMask, roomCodes, type Code } from './reasons.js';
import { freeOf, largestAmount } from './misfit.js';
import type { CloudSurvey } from './survey.js';
import { pickable } from './tree.js';

/** Counts of a condition over the relevant trees. */
export interface ConditionCount {
  /** Trees that fail the condition. */
  fails: number;
  /** Trees that fail only this condition. */
  only: number;
  readonly codes: Map<Code, number>;
}

/** The free amounts of a class on the options of relevant trees, each provider once. */
export interface Supply {
  /** The sum over all these providers. An overcommitted inventory counts as 0. */
  sum: number;
  largest: number;
  /** The largest amount of this class that one provider allows. */
  largestAsk: number;
}

/** Counts the relevant trees that fail each condition, by position of the condition. */
export function countConditions({ evaluator, relevantKinds, relevantResults }: CloudSurvey): ConditionCount[] {
  const counts = evaluator.conditions.map((): ConditionCount => ({ fails: 0, only: 0, codes: new Map() }));
  const add = (position: number, trees: number, isOnly: boolean, codes: readonly Code[]): void => {
    const count = counts[position];
    if (count === undefined) return;
    count.fails += trees;
    if (isOnly) count.only += trees;
    for (const code of codes) count.codes.set(code, (count.codes.get(code) ?? 0) + trees);
  };
  for (const kind of relevantKinds) {
    const mask = loneMask(kind);
    for (const position of positionsOf(mask))
      add(position, kind.hosts.length, mask === bit(position), codesOfKind(evaluator, kind, position));
  }
  for (const { reasons } of relevantResults) {
    const positions = new Set(reasons.map(({ condition }) => condition));
    for (const position of positions) {
      if (position === null) continue;
      const codes = reasons.filter(({ condition }) => condition === position).map(({ code }) => code);
      add(position, 1, positions.size === 1, codes);
    }
  }
  return counts;
}

function codesOfKind({ conditions }: Evaluator, { codes }: LoneKind, position: number): Code[] {
  const condition = conditions[position];
  if (condition === undefined) return [];
  if (condition.kind !== 'resources') return [codeOf(condition.kind)];
  const before = conditions.slice(0, position).filter(({ kind }) => kind === 'resources').length;
  return roomCodes(codes[before] ?? 0);
}

/** Returns the supply for each condition on resources, by position of the condition. */
export function* suppliesOf(survey: CloudSurvey): Generator<Pause, Map<number, Supply>, void> {
  const { evaluator, relevantKinds, relevantResults, pace, anyRelevant } = survey;
  const asked = evaluator.conditions.flatMap((condition, position) => {
    if (condition.kind !== 'resources') return [];
    const slot = evaluator.slots.find(({ resources }) => resources.includes(position));
    const supply: Supply = { sum: 0, largest: 0, largestAsk: 0 };
    return [{ position, classId: condition.resourceClass.id, slot, supply, seen: new Set<Provider>() }];
  });
  for (const { hosts } of relevantKinds) {
    for (const host of hosts) {
      for (const { classId, supply } of asked) {
        const inventory = inventoryOf(host, classId);
        if (inventory !== undefined) enlarge(supply, inventory);
      }
      if (pace.isDue(4 * asked.length)) yield 'pause';
    }
  }
  for (const { tree } of relevantResults) {
    for (const { classId, slot, supply, seen } of asked) {
      const options = anyRelevant && slot !== undefined ? (tree.options[slot.index] ?? []) : null;
      for (const provider of options === null ? pickable(tree) : options.map((option) => option.provider)) {
        const inventory = inventoryOf(provider, classId);
        if (inventory === undefined || seen.has(provider)) continue;
        seen.add(provider);
        enlarge(supply, inventory);
      }
    }
    if (pace.isDue(20 * asked.length)) yield 'pause';
  }
  return new Map(asked.map(({ position, supply }) => [position, supply]));
}

function enlarge(supply: Supply, inventory: Inventory): void {
  const free = Math.max(freeOf(inventory), 0);
  supply.sum += free;
  if (free > supply.largest) supply.largest = free;
  const variant = largestAmount(inventory);
  if (variant > supply.largestAsk) supply.largestAsk = variant;
}

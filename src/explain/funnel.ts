import type { Pause } from '../candidates/effort.js';
import { NONE, type Evaluator, type EvaluatedSlot, type Mask } from './evaluate.js';
import type { LoneKind } from './lone-hosts.js';
import { MISFIT, UNITS } from './misfit.js';
import { WORK_FOR_A_TREE, type CloudSurvey } from './survey.js';
import type { EvaluatedTree, SlotOption } from './tree.js';

export interface FunnelStage {
  readonly stage: StageName;
  /** The number of trees that have, for every slot, an option that meets all conditions of the stages up to this one. */
  readonly trees: number;
}

type StageName =
  | 'all'
  | 'inventory'
  | 'capacity'
  | 'units'
  | 'required'
  | 'forbidden'
  | 'member_of'
  | 'forbidden_aggregates'
  | 'in_tree'
  | 'root'
  | 'candidate';

const KINDS = ['required', 'forbidden', 'member_of', 'forbidden_aggregates', 'in_tree'] as const;

/** Counts the trees that are left when conditions are added kind by kind. Leaves out kinds that the query does not use. */
export function* funnelOf({
  evaluator,
  cloud,
  results,
  fitting,
  pace,
}: CloudSurvey): Generator<Pause, FunnelStage[], void> {
  const root = evaluator.ofKind('root_required') | evaluator.ofKind('root_forbidden');
  const used = KINDS.filter((kind) => evaluator.ofKind(kind) !== NONE);
  const stages: StageName[] = ['inventory', 'capacity', 'units', ...used, ...(root === NONE ? [] : ['root' as const])];
  const counts = stages.map(() => 0);
  const add = (passed: number, trees: number): void => {
    for (let stage = 0; stage < passed; stage++) counts[stage] = (counts[stage] ?? 0) + trees;
  };
  for (const kind of cloud.lone) add(stagesOfKind(evaluator, stages, kind), kind.hosts.length);
  for (const { tree } of results) {
    if (pace.isDue(WORK_FOR_A_TREE * stages.length)) yield 'pause';
    add(stagesOfTree(evaluator, stages, tree), 1);
  }
  return [
    { stage: 'all', trees: cloud.total },
    ...stages.map((stage, i) => ({ stage, trees: counts[i] ?? 0 })),
    { stage: 'candidate', trees: fitting },
  ];
}

/** Returns the number of stages before the first stage that is not passed. */
function firstNot(stages: readonly StageName[], passes: (stage: StageName) => boolean): number {
  const first = stages.findIndex((stage) => !passes(stage));
  return first === -1 ? stages.length : first;
}

function stagesOfKind(evaluator: Evaluator, stages: readonly StageName[], { fails, codes }: LoneKind): number {
  const room = (bits: number): boolean => codes.every((code) => (code & bits) === 0);
  return firstNot(stages, (stage) => {
    if (stage === 'inventory') return room(MISFIT.lacking);
    if (stage === 'capacity') return room(MISFIT.capacity);
    if (stage === 'units') return room(UNITS);
    return (fails & maskOf(evaluator, stage)) === NONE;
  });
}

function maskOf(evaluator: Evaluator, stage: StageName): Mask {
  if (stage === 'root') return evaluator.ofKind('root_required') | evaluator.ofKind('root_forbidden');
  return evaluator.ofKind(stage as (typeof KINDS)[number]);
}

/** Each stage keeps a subset of the options of the stage before. */
function stagesOfTree(
  evaluator: Evaluator,
  stages: readonly StageName[],
  { options, rootFails }: EvaluatedTree,
): number {
  const left = evaluator.slots.map((slot) => options[slot.index] ?? []);
  return firstNot(stages, (stage) => {
    if (stage === 'root') return rootFails === NONE;
    for (const [i, slot] of evaluator.slots.entries()) {
      left[i] = (left[i] ?? []).filter((option) => passesKind(evaluator, slot, option, stage));
    }
    const isBefore = stage === 'inventory' || stage === 'capacity' || stage === 'units';
    return left.every((some) => some.length > 0) && (isBefore || hasTogether(evaluator, left));
  });
}

function passesKind(evaluator: Evaluator, slot: EvaluatedSlot, { verdict }: SlotOption, stage: StageName): boolean {
  switch (stage) {
    case 'inventory':
      return verdict.lacks === NONE;
    case 'capacity':
      return verdict.capacity === NONE;
    case 'units':
      return verdict.units === NONE;
    case 'required':
      return slot.traitsTogether || verdict.missingTraits === NONE;
    case 'member_of':
      return verdict.ownMember === NONE || verdict.rootMember === NONE;
    case 'all':
    case 'forbidden':
    case 'forbidden_aggregates':
    case 'in_tree':
    case 'root':
    case 'candidate':
      return (verdict.other & maskOf(evaluator, stage)) === NONE;
  }
}

/** Whether each required trait of the unsuffixed group is on some of its options. Checked from the stage `required` on. */
function hasTogether(evaluator: Evaluator, left: readonly (readonly SlotOption[])[]): boolean {
  const slots = evaluator.slots.filter(({ traitsTogether }) => traitsTogether);
  if (slots.length === 0) return true;
  let missing = evaluator.all;
  for (const { index } of slots) for (const { verdict } of left[index] ?? []) missing &= verdict.missingTraits;
  return missing === NONE;
}

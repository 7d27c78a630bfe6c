import type { CandidatesRequest, Group } from './request.js';

/**
 * Counts of providers at each stage of the search. They cover the providers that the search examined: the whole cloud when `complete`, else
 * the part until it had enough candidates. The search begins with the smallest index, so it often does not examine providers that lack a
 * rare required trait.
 */
export interface Trace {
  readonly groups: readonly GroupTrace[];
  readonly anchors: AnchorCounts;
  readonly combinations: CombinationCounts;
  complete: boolean;
}

/** The counts of one group: the number of providers that passed each stage, in the order in which the stages are tried. */
export interface GroupTrace {
  readonly suffix: string;
  readonly stages: StageCount[];
}

export interface StageCount {
  readonly stage: Stage;
  /** The class of a stage of the unsuffixed group, or of the stage `room` of any group. */
  readonly resourceClass: string | null;
  left: number;
}

export type Stage =
  'looked at' | 'room' | 'required traits' | 'forbidden traits' | 'member_of' | 'forbidden aggregates' | 'in_tree';

export interface AnchorCounts {
  /** Root providers that could be the anchor of a candidate. */
  lookedAt: number;
  /** Of these, the roots that meet root_required and the conditions of the unsuffixed group on the root. */
  rootAllowed: number;
  /** Of these, the roots with at least one provider for every group. */
  everyGroup: number;
}

/** `dead end`: the search had explored an equal state before, and had found no candidate. */
export type ConstraintName = 'capacity' | 'isolate' | 'same_subtree' | 'nested' | 'required traits' | 'dead end';

export interface CombinationCounts {
  /** The number of providers tried for a place in a combination. `maxSteps` limits it. */
  tried: number;
  /** The number of tries that each constraint ended. */
  readonly dropped: Record<ConstraintName, number>;
  /** Complete combinations that had been found before, at another anchor. */
  duplicates: number;
  found: number;
}

export function startTrace(request: CandidatesRequest): Trace {
  return {
    groups: request.groups.map(({ suffix }: Group) => ({ suffix, stages: [] })),
    anchors: { lookedAt: 0, rootAllowed: 0, everyGroup: 0 },
    combinations: {
      tried: 0,
      dropped: { capacity: 0, isolate: 0, same_subtree: 0, nested: 0, 'required traits': 0, 'dead end': 0 },
      duplicates: 0,
      found: 0,
    },
    complete: false,
  };
}

export function addStage(group: GroupTrace, stage: Stage, resourceClass: string | null = null): StageCount {
  const count = { stage, resourceClass, left: 0 };
  group.stages.push(count);
  return count;
}

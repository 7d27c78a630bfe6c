import type { ResourceClass, Trait } from '../topology/model.js';

/** So much of a resource class: what a group asks for, or what a provider gives in a candidate. */
export interface ResourceAmount {
  readonly resourceClass: ResourceClass;
  readonly amount: number;
}

/** The parameters of the query that share one suffix, resolved to what the topology knows. */
export interface Group {
  /** '' for the unsuffixed group, of which there is at most one. */
  readonly suffix: string;
  /** Each class once. Empty for a resourceless group, which must have a suffix. */
  readonly resources: readonly ResourceAmount[];
  /** At least one trait of every inner list: `required=A,in:B,C` is `[[A], [B, C]]`. */
  readonly requiredTraits: readonly (readonly Trait[])[];
  readonly forbiddenTraits: readonly Trait[];
  /** At least one aggregate uuid of every inner list; empty ones may be listed, too. */
  readonly memberOf: readonly (readonly string[])[];
  readonly forbiddenAggregates: readonly string[];
  /** Uuid of any provider of the tree, whether it exists or not. */
  readonly inTree: string | null;
}

export interface CandidatesRequest {
  readonly groups: readonly Group[];
  /** `null` when the query says nothing, which is the same as 'none'. */
  readonly groupPolicy: 'none' | 'isolate' | null;
  /** Each item lists suffixes of groups in `groups`, never ''. */
  readonly sameSubtrees: readonly (readonly string[])[];
  readonly rootRequired: { readonly required: readonly Trait[]; readonly forbidden: readonly Trait[] } | null;
  /** False as below 1.29: no candidate uses two providers of one tree, summaries leave out the rest of the trees. */
  readonly nested: boolean;

  readonly limit: number | null;
  /** `[placement] max_allocation_candidates`; `null` when off. */
  readonly maxCandidates: number | null;
  /** `[placement] allocation_candidates_generation_strategy`. */
  readonly strategy: 'depth-first' | 'breadth-first';
  /** Numbers from 0 up to but not including 1 when candidates shall be shuffled, else `null`. */
  readonly randomize: (() => number) | null;
}

import type { ResourceClass, Trait } from '../topology/model.js';

/** An amount of a resource class that a group asks for, or that a provider gives in a candidate. */
export interface ResourceAmount {
  readonly resourceClass: ResourceClass;
  readonly amount: number;
}

/** The parameters of the query with one suffix. Their names are resolved to objects of the topology. */
export interface Group {
  /** '' for the unsuffixed group, of which there is at most one. */
  readonly suffix: string;
  /** Each class once. Empty for a resourceless group, which must have a suffix. */
  readonly resources: readonly ResourceAmount[];
  /** At least one trait of every inner list: `required=A,in:B,C` is `[[A], [B, C]]`. */
  readonly requiredTraits: readonly (readonly Trait[])[];
  readonly forbiddenTraits: readonly Trait[];
  /** At least one aggregate UUID of every inner list. The lists may have aggregates without providers. */
  readonly memberOf: readonly (readonly string[])[];
  readonly forbiddenAggregates: readonly string[];
  /** The UUID of any provider of the tree. The provider may not exist. */
  readonly inTree: string | null;
}

export interface CandidatesRequest {
  readonly groups: readonly Group[];
  /** Null when the query does not have it, which means the same as 'none'. */
  readonly groupPolicy: 'none' | 'isolate' | null;
  /** Each item lists suffixes of groups in `groups`, never ''. */
  readonly sameSubtrees: readonly (readonly string[])[];
  readonly rootRequired: { readonly required: readonly Trait[]; readonly forbidden: readonly Trait[] } | null;
  /** False below 1.29: no candidate has two providers of one tree, and summaries leave out the rest of the trees. */
  readonly nested: boolean;

  readonly limit: number | null;
  /** `[placement] max_allocation_candidates`; `null` when off. */
  readonly maxCandidates: number | null;
  /** `[placement] allocation_candidates_generation_strategy`. */
  readonly strategy: 'depth-first' | 'breadth-first';
  /** Returns random numbers from 0 up to but not including 1. Null when candidates are not shuffled. */
  readonly randomize: (() => number) | null;
}

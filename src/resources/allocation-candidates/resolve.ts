import type { CandidatesRequest, Group } from '../../candidates/request.js';
import { noSuchTraitsInQuery, unknownClassInResources } from '../../errors.js';
import type { TraitFilter } from '../../http/grammar.js';
import type { Version } from '../../http/microversions.js';
import type { Trait, View } from '../../topology/model.js';
import type { ParsedGroup } from './groups.js';
import type { ParsedQuery } from './parse.js';

/** The options of `[placement]` for the search, with the same names. */
export interface CandidatesOptions {
  /** Null when only the bounds of the search itself apply. */
  readonly maxAllocationCandidates: number | null;
  readonly allocationCandidatesGenerationStrategy: 'depth-first' | 'breadth-first';
  readonly randomizeAllocationCandidates: boolean;
  /** The most seconds of work for one request (option of `[stockroom]`). */
  readonly maxSearchSeconds: number;
}

/** Looks up the names of a query. @throws 400 for an unknown resource class or trait */
export function resolveQuery(
  view: View,
  query: ParsedQuery,
  version: Version,
  options: CandidatesOptions,
): CandidatesRequest {
  const root = query.rootRequired === null ? null : resolveTraits(view, query.rootRequired);
  return {
    groups: query.groups.map((group) => resolveGroup(view, group)),
    groupPolicy: query.groupPolicy,
    sameSubtrees: query.sameSubtrees,
    rootRequired: root === null ? null : { required: root.required.flat(), forbidden: root.forbidden },
    nested: version.has('nestedCandidates'),
    limit: query.limit,
    maxCandidates: options.maxAllocationCandidates,
    strategy: options.allocationCandidatesGenerationStrategy,
    randomize: options.randomizeAllocationCandidates ? Math.random : null,
  };
}

function resolveGroup(view: View, { suffix, resources, traits, aggregates, inTree }: ParsedGroup): Group {
  const { required, forbidden } = resolveTraits(view, traits);
  return {
    suffix,
    resources: Array.from(resources, ([name, amount]) => {
      const resourceClass = view.resourceClassByName(name);
      if (resourceClass === undefined) throw unknownClassInResources(name);
      return { resourceClass, amount };
    }),
    requiredTraits: required,
    forbiddenTraits: forbidden,
    memberOf: aggregates.memberOf,
    forbiddenAggregates: aggregates.forbidden,
    inTree,
  };
}

function resolveTraits(view: View, { required, forbidden }: TraitFilter): { required: Trait[][]; forbidden: Trait[] } {
  const unknown = [...required.flat(), ...forbidden].filter((name) => view.traitByName(name) === undefined);
  if (unknown.length > 0) throw noSuchTraitsInQuery([...new Set(unknown)].sort());
  const known = (names: readonly string[]): Trait[] => names.flatMap((name) => view.traitByName(name) ?? []);
  return { required: required.map(known), forbidden: known(forbidden) };
}

import {
  conflictingTraits,
  emptySameSubtree,
  groupsWithoutResources,
  noGroups,
  noGroupWithResources,
  orphanedMemberOf,
  orphanedTraits,
  resourcelessGroups,
  unknownSameSubtrees,
} from '../../errors.js';
import type { AggregateFilter, TraitFilter } from '../../http/grammar.js';
import type { Version } from '../../http/microversions.js';
import type { Query } from '../../http/query.js';

/** The parameters that share a suffix. Their names have not been looked up. */
export interface ParsedGroup {
  readonly suffix: string;
  readonly resources: ReadonlyMap<string, number>;
  readonly traits: TraitFilter;
  readonly aggregates: AggregateFilter;
  readonly inTree: string | null;
}

/** Checks the rules between the groups of a query. @throws 400 */
export function checkGroups(
  groups: readonly ParsedGroup[],
  query: Query,
  sameSubtrees: readonly (readonly string[])[],
  version: Version,
): void {
  if (version.has('sameSubtree')) checkResourceless(groups, query, sameSubtrees);
  else if (version.has('granularGroups')) checkEveryGroupHasResources(groups, query);
  if (version.has('forbiddenTraits')) checkTraitConflicts(groups);
}

/** Before 1.36 every group must ask for resources. */
function checkEveryGroupHasResources(groups: readonly ParsedGroup[], query: Query): void {
  const resourceless = groups.filter(({ resources }) => resources.size === 0);
  const orphans = (name: string): string[] =>
    resourceless
      .map(({ suffix }) => `${name}${suffix}`)
      .filter((key) => query.has(key))
      .sort();
  if (orphans('required').length > 0) throw orphanedTraits(orphans('required'));
  if (orphans('member_of').length > 0) throw orphanedMemberOf(orphans('member_of'));
  if (groups.length === 0) throw noGroups();
  if (resourceless.length > 0) throw groupsWithoutResources();
}

/** From 1.36 on a group may have no resources when a same_subtree names it. */
function checkResourceless(
  groups: readonly ParsedGroup[],
  query: Query,
  sameSubtrees: readonly (readonly string[])[],
): void {
  if (groups.every(({ resources }) => resources.size === 0)) throw noGroupWithResources();
  const suffixes = new Set(groups.map(({ suffix }) => suffix));
  const named = new Set(sameSubtrees.flat());
  if (query.has('same_subtree') && named.has('')) throw emptySameSubtree();
  const unknown = [...named].filter((suffix) => !suffixes.has(suffix));
  if (unknown.length > 0) throw unknownSameSubtrees(unknown.sort(), [...suffixes].sort());
  const homeless = groups.filter(({ suffix, resources }) => resources.size === 0 && !named.has(suffix));
  if (homeless.length > 0) throw resourcelessGroups(homeless.map(({ suffix }) => suffix).sort());
}

/** Within one group a required trait must not be forbidden as well, and neither must all traits of an any-of set. */
function checkTraitConflicts(groups: readonly ParsedGroup[]): void {
  const conflicts = groups.flatMap(({ suffix, traits: { required, forbidden } }) => {
    const isForbidden = new Set(forbidden);
    const impossible = required.filter((anyOf) => anyOf.every((name) => isForbidden.has(name))).flat();
    return impossible.length === 0 ? [] : [{ key: `required${suffix}`, traits: [...new Set(impossible)].sort() }];
  });
  if (conflicts.length > 0) throw conflictingTraits(conflicts);
}

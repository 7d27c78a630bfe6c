import { isInAny } from '../../candidates/conditions.js';
import { unknownClassInResources, unknownTraitsInRequired } from '../../errors.js';
import {
  parseMemberOf,
  parseRequired,
  parseResources,
  type AggregateFilter,
  type TraitFilter,
} from '../../http/grammar.js';
import type { Version } from '../../http/microversions.js';
import { lastValues, type Query } from '../../http/query.js';
import { hasRoom, hasTrait, inventoryOf, type Provider, type Trait, type View } from '../../topology/model.js';
import { listQuery } from './schema.js';

/** All filters must hold for a provider alone, without its tree and sharing providers (docs/contract/semantics.md#list-of-providers). */
export interface ProviderFilters {
  readonly name: string | undefined;
  readonly uuid: string | undefined;
  readonly inTree: string | undefined;
  readonly resources: ReadonlyMap<string, number>;
  readonly traits: TraitFilter;
  readonly aggregates: AggregateFilter;
}

/** @throws 400 for a parameter that this version does not know, or a malformed value */
export function parseListQuery(query: Query, version: Version): ProviderFilters {
  const last = listQuery(version)(lastValues(query));
  return {
    // An empty name is no filter.
    name: last.name === '' ? undefined : last.name,
    uuid: last.uuid,
    inTree: last.in_tree,
    resources: last.resources === undefined ? new Map() : parseResources(last.resources),
    traits: parseRequired(query.get('required') ?? [], version),
    aggregates: parseMemberOf(query.get('member_of') ?? [], version),
  };
}

/** @throws 400 for an unknown resource class or trait */
export function listProviders(view: View, filters: ProviderFilters): Provider[] {
  const { name, uuid } = filters;
  const resources = [...filters.resources].map(([className, amount]) => {
    const resourceClass = view.resourceClassByName(className);
    if (resourceClass === undefined) throw unknownClassInResources(className);
    return { classId: resourceClass.id, amount };
  });
  const { required, forbidden } = resolveTraits(view, filters.traits);
  const memberOf = filters.aggregates.memberOf.map((anyOf) => new Set(anyOf));
  const forbiddenAggregates = new Set(filters.aggregates.forbidden);

  return startingPoint(view, filters).filter(
    (provider) =>
      (name === undefined || provider.name === name) &&
      (uuid === undefined || provider.uuid === uuid) &&
      resources.every(({ classId, amount }) => {
        const inventory = inventoryOf(provider, classId);
        return inventory !== undefined && hasRoom(inventory, amount);
      }) &&
      required.every((anyOf) => anyOf.some((trait) => hasTrait(provider.traits, trait))) &&
      !forbidden.some((trait) => hasTrait(provider.traits, trait)) &&
      memberOf.every((anyOf) => isInAny(provider.aggregates, anyOf)) &&
      !isInAny(provider.aggregates, forbiddenAggregates),
  );
}

/** Returns the providers that can match: the members of a tree, one provider by UUID or name, the providers of an aggregate, else all. */
function startingPoint(view: View, { name, uuid, inTree, aggregates }: ProviderFilters): readonly Provider[] {
  if (inTree !== undefined) {
    const member = view.providerByUuid(inTree);
    return member === undefined ? [] : view.treeOf(member).members;
  }
  if (uuid !== undefined) return asList(view.providerByUuid(uuid));
  if (name !== undefined) return asList(view.providerByName(name));
  const single = aggregates.memberOf.find((anyOf) => anyOf.length === 1)?.[0];
  if (single !== undefined) return [...(view.providersInAggregate(single)?.values() ?? [])];
  return [...view.providers.values()];
}

function asList(provider: Provider | undefined): Provider[] {
  return provider === undefined ? [] : [provider];
}

function resolveTraits(view: View, { required, forbidden }: TraitFilter): { required: Trait[][]; forbidden: Trait[] } {
  const unknown = [...required.flat(), ...forbidden].filter((name) => view.traitByName(name) === undefined);
  if (unknown.length > 0) throw unknownTraitsInRequired([...new Set(unknown)].sort());
  const known = (names: readonly string[]): Trait[] => names.flatMap((name) => view.traitByName(name) ?? []);
  return { required: required.map(known), forbidden: known(forbidden) };
}

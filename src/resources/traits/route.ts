import { badAssociated, badTraitNameFilter, invalidTraitName, noSuchProviderTwice, noSuchTrait } from '../../errors.js';
import { toJson } from '../../http/json.js';
import { lastValues } from '../../http/query.js';
import { nowSeconds } from '../../http/respond.js';
import type { Reply, Route, RouteRequest } from '../../http/route.js';
import type { Trait, View } from '../../topology/model.js';
import { findProvider } from '../find-provider.js';
import { isCustomTraitName, providerTraitsBody, traitListQuery } from './schema.js';
import { deleteProviderTraits, deleteTrait, ensureTrait, replaceProviderTraits } from './store.js';
import type { Pool } from '../../db/pool.js';
import type { TopologyReader } from '../../topology/catch-up.js';
import type { AuthorOf } from '../author.js';

/** The dependencies of the routes of traits. */
export interface TraitRouteDependencies {
  readonly pool: Pool;
  readonly topology: TopologyReader;
  readonly authorOf: AuthorOf;
}

export function traitRoutes({ pool, topology, authorOf }: TraitRouteDependencies): Route[] {
  return [
    {
      method: 'GET',
      path: '/resource_providers/:uuid/traits',
      introducedBy: 'traits',
      rule: 'placement:resource_providers:traits:list',
      checkAccept: true,
      async handle(request) {
        const uuid = request.param('uuid');
        const provider = findProvider(await topology.current(), uuid, () => noSuchProviderTwice(uuid, ': '));
        const { traits } = provider.traits;
        return {
          status: 200,
          body: renderProviderTraits(
            traits.map(({ name }) => name),
            provider.generation,
          ),
          modified: newest(traits),
        };
      },
    },
    {
      method: 'PUT',
      path: '/resource_providers/:uuid/traits',
      introducedBy: 'traits',
      rule: 'placement:resource_providers:traits:update',
      jsonBody: true,
      // Unlike other routes below a provider, this one validates the body before it looks for the provider.
      async handle(request) {
        const { traits, resource_provider_generation } = providerTraitsBody(await request.json());
        const uuid = request.param('uuid');
        const { generation, names, modified } = await replaceProviderTraits(
          pool,
          authorOf(request),
          uuid,
          resource_provider_generation,
          traits,
        );
        return { status: 200, body: renderProviderTraits(names, generation), modified: modified ?? nowSeconds() };
      },
    },
    {
      method: 'DELETE',
      path: '/resource_providers/:uuid/traits',
      introducedBy: 'traits',
      rule: 'placement:resource_providers:traits:delete',
      async handle(request) {
        await deleteProviderTraits(pool, authorOf(request), request.param('uuid'));
        return { status: 204 };
      },
    },
    {
      method: 'GET',
      path: '/traits',
      introducedBy: 'traits',
      rule: 'placement:traits:list',
      checkAccept: true,
      async handle({ query }) {
        const { name, associated } = traitListQuery(lastValues(query));
        const matches = [nameFilter(name), associatedFilter(associated)];
        const view = await topology.current();
        const traits = [...view.traits.values()].filter((trait) => matches.every((match) => match(trait, view)));
        return { status: 200, body: toJson({ traits: traits.map((trait) => trait.name) }), modified: newest(traits) };
      },
    },
    {
      method: 'GET',
      path: '/traits/:name',
      introducedBy: 'traits',
      rule: 'placement:traits:show',
      async handle(request) {
        const name = request.param('name');
        const trait = (await topology.current()).traitByName(name);
        if (trait === undefined) throw noSuchTrait(name);
        return { status: 204, modified: trait.modified };
      },
    },
    {
      method: 'PUT',
      path: '/traits/:name',
      introducedBy: 'traits',
      rule: 'placement:traits:update',
      handle: create,
    },
    {
      method: 'DELETE',
      path: '/traits/:name',
      introducedBy: 'traits',
      rule: 'placement:traits:delete',
      async handle(request) {
        await deleteTrait(pool, authorOf(request), request.param('name'));
        return { status: 204 };
      },
    },
  ];

  /** Creates a trait unless it exists. Clients send this request each time they use a trait, so usually no write is needed. */
  async function create(request: RouteRequest): Promise<Reply> {
    const name = request.param('name');
    if (!isCustomTraitName(name)) throw invalidTraitName();
    const location = `/traits/${name}`;
    const known = (await topology.current()).traitByName(name);
    if (known !== undefined) return { status: 204, location, modified: known.modified };
    const created = await ensureTrait(pool, authorOf(request), name);
    return { status: created ? 201 : 204, location, modified: nowSeconds() };
  }
}

type Match = (trait: Trait, view: View) => boolean;

/** Parses `in:A,B` (unknown names are ignored) or `startswith:PREFIX`. Any other operator filters nothing, as upstream. */
function nameFilter(value: string | undefined): Match {
  if (value === undefined) return () => true;
  const colon = value.indexOf(':');
  if (colon === -1) throw badTraitNameFilter(value);
  const operand = value.slice(colon + 1);
  switch (value.slice(0, colon)) {
    case 'in': {
      const names = new Set(operand.split(','));
      return ({ name }) => names.has(name);
    }
    case 'startswith':
      return ({ name }) => name.startsWith(operand);
    default:
      return () => true;
  }
}

function associatedFilter(value: string | undefined): Match {
  if (value === undefined) return () => true;
  const wanted = { true: true, false: false }[value.toLowerCase()];
  if (wanted === undefined) throw badAssociated();
  return (trait, view) => isAssociated(trait, view) === wanted;
}

function isAssociated(trait: Trait, view: View): boolean {
  for (const set of view.traitSets.keys()) if (set.traits.includes(trait)) return true;
  return false;
}

function newest(traits: readonly Trait[]): number {
  if (traits.length === 0) return nowSeconds();
  return traits.reduce((latest, { modified }) => Math.max(latest, modified), 0);
}

function renderProviderTraits(names: readonly string[], generation: number): string {
  return toJson({ traits: names, resource_provider_generation: generation });
}

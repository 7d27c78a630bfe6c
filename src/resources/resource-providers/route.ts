import { randomUUID } from 'node:crypto';
import { providerNotCreated } from '../../errors.js';
import { nowSeconds } from '../../http/respond.js';
import type { Reply, Route, RouteRequest } from '../../http/route.js';
import { normalizeUuid } from '../../http/validate.js';
import { bodyForProvider, findProvider } from '../find-provider.js';
import { withViewInSlice } from '../view-in-slice.js';
import { listProviders, parseListQuery } from './list.js';
import { createBody, updateBody } from './schema.js';
import { createProvider, deleteProvider, updateProvider } from './store.js';
import { renderAll } from './render-all.js';
import { renderFromView, renderList, renderProvider } from './render.js';
import type { Pool } from '../../db/pool.js';
import type { TopologyReader } from '../../topology/catch-up.js';
import type { AuthorOf } from '../author.js';
import type { Slices } from '../../event-loop.js';

/** The dependencies of the routes of resource providers. */
export interface ResourceProviderRouteDependencies {
  readonly pool: Pool;
  readonly topology: TopologyReader;
  readonly authorOf: AuthorOf;
  readonly slices: Slices;
}

export function resourceProviderRoutes({
  pool,
  topology,
  authorOf,
  slices,
}: ResourceProviderRouteDependencies): Route[] {
  return [
    {
      method: 'GET',
      path: '/resource_providers/:uuid',
      rule: 'placement:resource_providers:show',
      checkAccept: true,
      async handle(request) {
        const view = await topology.current();
        const provider = findProvider(view, request.param('uuid'));
        const { version, prefix } = request;
        return { status: 200, body: renderFromView(provider, view, version, prefix), modified: provider.modified };
      },
    },
    {
      method: 'DELETE',
      path: '/resource_providers/:uuid',
      rule: 'placement:resource_providers:delete',
      async handle(request) {
        await deleteProvider(pool, authorOf(request), request.param('uuid'));
        return { status: 204 };
      },
    },
    {
      method: 'PUT',
      path: '/resource_providers/:uuid',
      rule: 'placement:resource_providers:update',
      jsonBody: true,
      handle: update,
    },
    {
      method: 'GET',
      path: '/resource_providers',
      rule: 'placement:resource_providers:list',
      checkAccept: true,
      async handle({ query, version, prefix }) {
        const filters = parseListQuery(query, version);
        return withViewInSlice(topology, slices, (view) => {
          const found = listProviders(view, filters);
          const isAll = prefix === '' && found.length === view.providers.size;
          const modified = found.reduce((newest, provider) => Math.max(newest, provider.modified), 0);
          return {
            status: 200,
            body: isAll ? renderAll(view, version) : renderList(found, view, version, prefix),
            modified: found.length === 0 ? nowSeconds() : modified,
          };
        });
      },
    },
    {
      method: 'POST',
      path: '/resource_providers',
      rule: 'placement:resource_providers:create',
      jsonBody: true,
      handle: create,
    },
  ];

  async function create(request: RouteRequest): Promise<Reply> {
    const { version, prefix } = request;
    const {
      name,
      uuid: givenUuid,
      parent_provider_uuid: parentUuid = null,
    } = createBody(version)(await request.json());
    const uuid = givenUuid === undefined ? randomUUID() : (normalizeUuid(givenUuid) ?? givenUuid);
    if (name === '') throw providerNotCreated(name, uuid, 'name is required');
    if (parentUuid === uuid) {
      throw providerNotCreated(
        name,
        uuid,
        'parent provider UUID cannot be same as UUID. Please set parent provider UUID to None if there is no parent.',
      );
    }
    const created = await createProvider(pool, authorOf(request), { uuid, name, parentUuid });
    const location = `/resource_providers/${uuid}`;
    if (!version.has('createdProvider')) return { status: 201, location };
    return { status: 200, location, body: renderProvider(created, version, prefix), modified: nowSeconds() };
  }

  async function update(request: RouteRequest): Promise<Reply> {
    const { version, prefix } = request;
    const uuid = request.param('uuid');
    const body = await bodyForProvider(topology, uuid, async () => updateBody(version)(await request.json()));
    const updated = await updateProvider(pool, authorOf(request), request.param('uuid'), {
      name: body.name,
      ...(body.parent_provider_uuid === undefined ? {} : { parentUuid: body.parent_provider_uuid }),
      reparent: version.has('reparenting'),
    });
    return { status: 200, body: renderProvider(updated, version, prefix), modified: nowSeconds() };
  }
}

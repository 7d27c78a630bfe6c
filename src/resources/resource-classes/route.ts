import { noSuchResourceClass } from '../../errors.js';
import { jsonString } from '../../http/json.js';
import type { Reply, Route, RouteRequest } from '../../http/route.js';
import { resourceClassBody } from './schema.js';
import { createResourceClass, deleteResourceClass, ensureResourceClass, renameResourceClass } from './store.js';
import type { Pool } from '../../db/pool.js';
import type { TopologyReader } from '../../topology/catch-up.js';
import type { AuthorOf } from '../author.js';

/** The dependencies of the routes of resource classes. */
export interface ResourceClassRouteDependencies {
  readonly pool: Pool;
  readonly topology: TopologyReader;
  readonly authorOf: AuthorOf;
}

export function resourceClassRoutes({ pool, topology, authorOf }: ResourceClassRouteDependencies): Route[] {
  return [
    {
      method: 'GET',
      path: '/resource_classes',
      introducedBy: 'resourceClasses',
      rule: 'placement:resource_classes:list',
      checkAccept: true,
      async handle({ prefix }) {
        const view = await topology.current();
        const classes = [...view.resourceClasses.values()].sort((a, b) => a.id - b.id);
        const items = classes.map(({ name }) => render(name, prefix));
        return {
          status: 200,
          body: `{"resource_classes": [${items.join(', ')}]}`,
          modified: classes.reduce((newest, { modified }) => Math.max(newest, modified), 0),
        };
      },
    },
    {
      method: 'POST',
      path: '/resource_classes',
      introducedBy: 'resourceClasses',
      rule: 'placement:resource_classes:create',
      jsonBody: true,
      async handle(request) {
        const { name } = resourceClassBody(await request.json());
        await createResourceClass(pool, authorOf(request), name);
        return { status: 201, location: `/resource_classes/${name}` };
      },
    },
    {
      method: 'GET',
      path: '/resource_classes/:name',
      introducedBy: 'resourceClasses',
      rule: 'placement:resource_classes:show',
      checkAccept: true,
      async handle(request) {
        const name = request.param('name');
        const resourceClass = (await topology.current()).resourceClassByName(name);
        if (resourceClass === undefined) throw noSuchResourceClass(name);
        return { status: 200, body: render(name, request.prefix), modified: resourceClass.modified };
      },
    },
    {
      method: 'PUT',
      path: '/resource_classes/:name',
      introducedBy: 'resourceClasses',
      rule: 'placement:resource_classes:update',
      jsonBody: (version) => !version.has('resourceClassUpsert'),
      handle: (request) => (request.version.has('resourceClassUpsert') ? upsert(request) : rename(request)),
    },
    {
      method: 'DELETE',
      path: '/resource_classes/:name',
      introducedBy: 'resourceClasses',
      rule: 'placement:resource_classes:delete',
      async handle(request) {
        await deleteResourceClass(pool, authorOf(request), request.param('name'));
        return { status: 204 };
      },
    },
  ];

  /** From 1.7 on: creates the class unless it exists. Nova sends this request before every inventory, so usually no write is needed. */
  async function upsert(request: RouteRequest): Promise<Reply> {
    const { name } = resourceClassBody({ name: request.param('name') });
    const location = `/resource_classes/${name}`;
    const known = (await topology.current()).resourceClassByName(name) !== undefined;
    const created = !known && (await ensureResourceClass(pool, authorOf(request), name));
    return { status: created ? 201 : 204, location };
  }

  async function rename(request: RouteRequest): Promise<Reply> {
    const { name: newName } = resourceClassBody(await request.json());
    await renameResourceClass(pool, authorOf(request), request.param('name'), newName);
    return { status: 200, body: render(newName, request.prefix) };
  }
}

function render(name: string, prefix: string): string {
  return `{"name": ${jsonString(name)}, "links": [{"rel": "self", "href": ${jsonString(`${prefix}/resource_classes/${name}`)}}]}`;
}

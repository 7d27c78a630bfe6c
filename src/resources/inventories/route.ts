import type { InventoryNumbers } from '../../domain/inventory.js';
import { generationConflict, invalidCapacity, noInventory, noSuchProviderTwice } from '../../errors.js';
import { nowSeconds } from '../../http/respond.js';
import type { Reply, Route, RouteRequest } from '../../http/route.js';
import { inventoryOf } from '../../topology/model.js';
import { bodyForProvider, findProvider } from '../find-provider.js';
import { completeRecord, createBody, leavesCapacity, replaceBody, updateBody } from './schema.js';
import { createInventory, deleteInventories, deleteInventory, replaceInventories, updateInventory } from './store.js';
import { renderInventories, renderInventoriesOf, renderInventory, renderInventoryOf } from './render.js';
import type { Pool } from '../../db/pool.js';
import type { TopologyReader } from '../../topology/catch-up.js';
import type { AuthorOf } from '../author.js';

const ALL = '/resource_providers/:uuid/inventories';
const ONE = '/resource_providers/:uuid/inventories/:resource_class';

/** The dependencies of the routes of inventories. */
export interface InventoryRouteDependencies {
  readonly pool: Pool;
  readonly topology: TopologyReader;
  readonly authorOf: AuthorOf;
}

export function inventoryRoutes({ pool, topology, authorOf }: InventoryRouteDependencies): Route[] {
  return [
    {
      method: 'GET',
      path: ALL,
      rule: 'placement:resource_providers:inventories:list',
      checkAccept: true,
      async handle(request) {
        const provider = findProvider(await topology.current(), request.param('uuid'), (uuid) =>
          noSuchProviderTwice(uuid, ' : '),
        );
        const { inventories } = provider;
        const modified = inventories.reduce((newest, inventory) => Math.max(newest, inventory.modified), 0);
        return {
          status: 200,
          body: renderInventoriesOf(provider),
          modified: inventories.length === 0 ? null : modified,
        };
      },
    },
    {
      method: 'POST',
      path: ALL,
      rule: 'placement:resource_providers:inventories:create',
      jsonBody: true,
      handle: create,
    },
    {
      method: 'PUT',
      path: ALL,
      rule: 'placement:resource_providers:inventories:update',
      jsonBody: true,
      handle: replace,
    },
    {
      method: 'DELETE',
      path: ALL,
      introducedBy: 'deleteInventories',
      below: 405,
      rule: 'placement:resource_providers:inventories:delete',
      async handle(request) {
        await deleteInventories(pool, authorOf(request), request.param('uuid'));
        return { status: 204 };
      },
    },
    {
      method: 'GET',
      path: ONE,
      rule: 'placement:resource_providers:inventories:show',
      checkAccept: true,
      async handle(request) {
        const view = await topology.current();
        const provider = findProvider(view, request.param('uuid'), (uuid) => noSuchProviderTwice(uuid, ' : '));
        const name = request.param('resource_class');
        const inventory = inventoryOf(provider, view.resourceClassByName(name)?.id ?? -1);
        if (inventory === undefined) throw noInventory(name, provider.uuid);
        return { status: 200, body: renderInventoryOf(provider, inventory), modified: inventory.modified };
      },
    },
    {
      method: 'PUT',
      path: ONE,
      rule: 'placement:resource_providers:inventories:update',
      jsonBody: true,
      handle: update,
    },
    {
      method: 'DELETE',
      path: ONE,
      rule: 'placement:resource_providers:inventories:delete',
      async handle(request) {
        await deleteInventory(pool, authorOf(request), request.param('uuid'), request.param('resource_class'));
        return { status: 204 };
      },
    },
  ];

  async function create(request: RouteRequest): Promise<Reply> {
    const uuid = request.param('uuid');
    const body = await bodyForProvider(topology, uuid, async () => createBody(await request.json()));
    const record = completeRecord(body);
    const name = body.resource_class;
    await checkCapacity(request, 'create', [[name, record]], null);
    const generation = await createInventory(pool, authorOf(request), uuid, name, record);
    return {
      status: 201,
      location: `/resource_providers/${uuid}/inventories/${name}`,
      body: renderInventory(record, generation),
      modified: nowSeconds(),
    };
  }

  async function replace(request: RouteRequest): Promise<Reply> {
    const uuid = request.param('uuid');
    const body = await bodyForProvider(topology, uuid, async () => replaceBody(await request.json()));
    const records = Object.entries(body.inventories).map(([name, inventory]): [string, InventoryNumbers] => [
      name,
      completeRecord(inventory),
    ]);
    await checkCapacity(request, 'update', records, body.resource_provider_generation);
    const generation = await replaceInventories(
      pool,
      authorOf(request),
      uuid,
      body.resource_provider_generation,
      records,
    );
    return {
      status: 200,
      body: renderInventories(records, generation),
      modified: records.length === 0 ? null : nowSeconds(),
    };
  }

  async function update(request: RouteRequest): Promise<Reply> {
    const uuid = request.param('uuid');
    const name = request.param('resource_class');
    const body = await bodyForProvider(topology, uuid, async () => updateBody(await request.json()));
    const record = completeRecord(body);
    await checkCapacity(request, 'update', [[name, record]], body.resource_provider_generation);
    const generation = await updateInventory(
      pool,
      authorOf(request),
      uuid,
      body.resource_provider_generation,
      name,
      record,
    );
    return { status: 200, body: renderInventory(record, generation), modified: nowSeconds() };
  }

  /**
   * Checks the capacity rule. The errors for an unknown provider and a stale generation have precedence, so they are checked here when the
   * rule is broken. Otherwise the write checks them.
   */
  async function checkCapacity(
    request: RouteRequest,
    action: 'create' | 'update',
    records: readonly (readonly [string, InventoryNumbers])[],
    generation: number | null,
  ): Promise<void> {
    const reservedMayEqualTotal = request.version.has('reservedMayEqualTotal');
    const broken = records.find(([, record]) => !leavesCapacity(record, reservedMayEqualTotal));
    if (broken === undefined) return;
    const provider = findProvider(await topology.current(), request.param('uuid'));
    if (generation !== null && provider.generation !== generation) {
      throw generationConflict(provider.generation, generation);
    }
    throw invalidCapacity(action, broken[0], provider.uuid, reservedMayEqualTotal);
  }
}

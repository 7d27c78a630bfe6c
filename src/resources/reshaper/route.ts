import type { Route } from '../../http/route.js';
import { validateInSlices } from '../../http/validate.js';
import type { InventorySet } from '../../ledger/model.js';
import { reshape } from '../../ledger/write.js';
import { toClaims, type IncompleteConsumer } from '../allocations/parse.js';
import { completeRecord, type InventoriesBody } from '../inventories/schema.js';
import { reshaperBody } from './schema.js';
import type { Pool } from '../../db/pool.js';
import type { AuthorOf } from '../author.js';

/** The dependencies of the routes of the reshaper. */
export interface ReshaperRouteDependencies {
  readonly pool: Pool;
  readonly authorOf: AuthorOf;
  readonly incompleteConsumer: IncompleteConsumer;
}

/** Moves inventory and the allocations on it between providers, in one transaction. */
export function reshaperRoutes({ pool, authorOf, incompleteConsumer }: ReshaperRouteDependencies): Route[] {
  return [
    {
      method: 'POST',
      path: '/reshaper',
      introducedBy: 'reshaper',
      rule: 'placement:reshaper:reshape',
      jsonBody: true,
      async handle(request) {
        const { version } = request;
        const { inventories, allocations } = await validateInSlices(reshaperBody(version), await request.json());
        await reshape(
          pool,
          authorOf(request),
          Object.entries(inventories).map(([uuid, body]) => toInventorySet(uuid, body)),
          await toClaims(allocations, version, incompleteConsumer),
        );
        return { status: 204 };
      },
    },
  ];
}

function toInventorySet(providerUuid: string, body: InventoriesBody): InventorySet {
  const { resource_provider_generation: generation, inventories } = body;
  const records = Object.entries(inventories).map(([name, record]) => [name, completeRecord(record)] as const);
  return { providerUuid, generation, inventories: new Map(records) };
}

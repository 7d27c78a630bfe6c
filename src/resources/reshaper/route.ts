import type { Parts } from '../../parts.js';
import type { Route } from '../../http/route.js';
import { validateInSlices } from '../../http/validate.js';
import type { InventorySet } from '../../ledger/model.js';
import { reshape } from '../../ledger/write.js';
import { toClaims } from '../allocations/parse.js';
import { completeRecord, type InventoriesBody } from '../inventories/schema.js';
import { reshaperBody } from './schema.js';

/** Moves inventory and the allocations on it between providers, in one transaction. */
export function reshaperRoutes({ pool, authorOf, incompleteConsumer }: Parts): Route[] {
  return [
    {
      method: 'POST',
      path: '/reshaper',
      since: 'reshaper',
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

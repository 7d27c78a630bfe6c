import { consumersByUuid, perConsumersSchema, type ConsumersBody } from '../allocations/schema.js';
import { inventoriesSchema, type InventoriesBody } from '../inventories/schema.js';

export interface ReshaperBody {
  readonly inventories: Readonly<Record<string, InventoriesBody>>;
  readonly allocations: ConsumersBody;
}

export const reshaperBody = perConsumersSchema<ReshaperBody>((version) => ({
  type: 'object',
  required: ['inventories', 'allocations'],
  additionalProperties: false,
  properties: {
    inventories: {
      type: 'object',
      minProperties: 1,
      patternProperties: { '^[0-9a-fA-F-]{36}$': inventoriesSchema },
      additionalProperties: false,
    },
    allocations: consumersByUuid(version, {}),
  },
}));

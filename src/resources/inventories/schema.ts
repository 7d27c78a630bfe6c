import { capacityOf, type InventoryNumbers } from '../../domain/inventory.js';
import { bodyValidator, type Schema } from '../../http/validate.js';

/** Numbers that a request leaves out get their defaults, also with PUT. */
type InventoryBody = Partial<InventoryNumbers> & {
  readonly total: number;
  readonly resource_provider_generation?: number;
};

const INT_MAX = 2147483647;
const RESOURCE_CLASS = '^[A-Z0-9_]+$';

const integer = (minimum: number): Schema => ({ type: 'integer', minimum, maximum: INT_MAX });
const record: Schema = {
  total: integer(1),
  reserved: integer(0),
  min_unit: integer(1),
  max_unit: integer(1),
  step_size: integer(1),
  allocation_ratio: { type: 'number', maximum: 3.40282e38 },
  resource_provider_generation: { type: 'integer' },
};
const closed = (properties: Schema, required: readonly string[]): Schema => ({
  type: 'object',
  required,
  additionalProperties: false,
  properties,
});

/** POST of one inventory. The generation is accepted and ignored, as upstream does. */
export const createBody = bodyValidator<InventoryBody & { readonly resource_class: string }>(
  closed({ ...record, resource_class: { type: 'string', pattern: RESOURCE_CLASS } }, ['resource_class', 'total']),
);

/** PUT of one inventory. */
export const updateBody = bodyValidator<InventoryBody & { readonly resource_provider_generation: number }>(
  closed(record, ['total', 'resource_provider_generation']),
);

export interface InventoriesBody {
  readonly resource_provider_generation: number;
  readonly inventories: Readonly<Record<string, InventoryBody>>;
}

/** Upstream does not check records whose keys are not names of classes. This service rejects such keys. */
export const inventoriesSchema: Schema = closed(
  {
    resource_provider_generation: { type: 'integer' },
    inventories: {
      type: 'object',
      patternProperties: { [RESOURCE_CLASS]: closed(record, ['total']) },
      additionalProperties: false,
    },
  },
  ['resource_provider_generation', 'inventories'],
);

/** PUT of all inventories. */
export const replaceBody = bodyValidator<InventoriesBody>(inventoriesSchema);

/** A record with its defaults. */
export function completeRecord(body: InventoryBody): InventoryNumbers {
  const { total, reserved = 0, min_unit = 1, max_unit = INT_MAX, step_size = 1, allocation_ratio = 1 } = body;
  return { total, reserved, min_unit, max_unit, step_size, allocation_ratio };
}

/**
 * Whether the capacity of an inventory is allowed: trunc((total - reserved) * ratio) must be above 0, and from 1.26 on not below 0
 * (docs/contract/microversions.md#126).
 */
export function leavesCapacity(record: InventoryNumbers, reservedMayEqualTotal: boolean): boolean {
  const capacity = Math.trunc(capacityOf(record.total, record.reserved, record.allocation_ratio));
  return reservedMayEqualTotal ? capacity >= 0 : capacity > 0;
}

/** The numbers of one inventory, as the API and the tables name them (docs/contract/schemas.md). */
export interface InventoryNumbers {
  readonly total: number;
  readonly reserved: number;
  readonly min_unit: number;
  readonly max_unit: number;
  readonly step_size: number;
  readonly allocation_ratio: number;
}

/**
 * The units that may be allocated, in double precision and not rounded: 3 units at a ratio of 1.5 have room for 4.5, so 4 fit and 5 do not
 * (docs/contract/semantics.md#capacity).
 */
export function capacityOf(total: number, reserved: number, allocationRatio: number): number {
  return (total - reserved) * allocationRatio;
}

/** Whether one allocation may be of this amount: min_unit, max_unit and step_size (docs/contract/semantics.md#capacity). */
export function meetsUnits(amount: number, minUnit: number, maxUnit: number, stepSize: number): boolean {
  return amount >= minUnit && amount <= maxUnit && amount % stepSize === 0;
}

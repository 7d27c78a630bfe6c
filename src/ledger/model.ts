import type { InventoryNumbers } from '../domain/inventory.js';

/** What a request wants to be written, before anything is known of the database. Names and uuids are as the client gave them. */

/** The whole of what one consumer shall have; what it had before goes. Empty `allocations` remove the consumer. */
export interface Claim {
  readonly consumerUuid: string;
  readonly projectId: string;
  readonly userId: string;
  /** Null keeps the stored type (before 1.38 requests had none). */
  readonly consumerType: string | null;
  /** What the client believes: a generation, null for "there is no such consumer", or 'any' before 1.28. */
  readonly consumerGeneration: number | null | 'any';
  readonly allocations: readonly ProviderAmounts[];
}

/** Of one claim there may be very many (src/slices.ts, inPartsOfEach). */
export const allocationsOf = ({ allocations }: Claim): Claim['allocations'] => allocations;

export interface ProviderAmounts {
  readonly providerUuid: string;
  /** Amounts by resource class. */
  readonly resources: ReadonlyMap<string, number>;
}

/** The complete new inventories of one provider, for a reshape. */
export interface InventorySet {
  readonly providerUuid: string;
  readonly generation: number;
  readonly inventories: ReadonlyMap<string, InventoryNumbers>;
}

/** What the database holds of everything a request names, read while the rows are locked. */
export interface LockedState {
  readonly consumers: ReadonlyMap<string, { readonly id: number; readonly generation: number }>;
  readonly providers: ReadonlyMap<string, { readonly id: number; readonly generation: number }>;
  /** Ids of the resource classes that exist, by name. */
  readonly classes: ReadonlyMap<string, number>;
  /** Inventories of the named providers, by {@link inventoryKey}. */
  readonly inventories: ReadonlyMap<string, StoredInventory>;
  /** What the consumers hold now. */
  readonly held: readonly HeldAllocation[];
  readonly projects: ReadonlyMap<string, number>;
  readonly users: ReadonlyMap<string, number>;
  readonly consumerTypes: ReadonlyMap<string, number>;
}

export interface StoredInventory extends InventoryNumbers {
  readonly providerId: number;
  readonly classId: number;
  readonly className: string;
  readonly used: number;
}

export interface HeldAllocation {
  readonly consumerId: number;
  readonly providerId: number;
  readonly classId: number;
  readonly used: number;
}

/** How many consumers and allocations claims have: what the work on them grows with. */
export function sizeOf(claims: readonly Claim[]): number {
  return claims.reduce((size, { allocations }) => size + allocations.length, claims.length);
}

export function inventoryKey(providerId: number, classId: number): string {
  return `${providerId}/${classId}`;
}

/** Makes the 400 for a resource class that does not exist; routes word it differently. */
export type UnknownClass = (name: string, consumerUuid: string) => Error;

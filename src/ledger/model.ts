import type { InventoryNumbers } from '../domain/inventory.js';

/** What a request writes, before the database was read. Names and uuids are as the client gave them. */

/** All allocations of one consumer after the request. Empty `allocations` remove the consumer. */
export interface Claim {
  readonly consumerUuid: string;
  readonly projectId: string;
  readonly userId: string;
  /** Null keeps the stored type (before 1.38 requests had none). */
  readonly consumerType: string | null;
  /** The generation that the client expects; null: no such consumer; 'any' before 1.28. */
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

/** The rows that a request names, read under locks. */
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

/** The number of consumers and allocations in claims: the work grows with it. */
export function sizeOf(claims: readonly Claim[]): number {
  return claims.reduce((size, { allocations }) => size + allocations.length, claims.length);
}

export function inventoryKey(providerId: number, classId: number): string {
  return `${providerId}/${classId}`;
}

/** Makes the 400 for a resource class that does not exist; routes word it differently. */
export type UnknownClass = (name: string, consumerUuid: string) => Error;

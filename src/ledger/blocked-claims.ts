import type { Transaction } from '../db/transaction.js';
import { consumerRow, providerRow, type Row } from '../db/scheduler/rows.js';
import type { Claim, HeldAllocation, LockedState } from './model.js';
import { nameRows, type NamedRow } from './sql/name-rows.js';

/**
 * Finds the claims that cannot be checked, because another transaction has locked a consumer of theirs, a provider that they
 * name or one that a consumer has something of. Locking left those out (SKIP LOCKED), so they are missing in the state.
 *
 * When nothing is missing it asks the database nothing. A provider that does not exist is missing, too, so a claim that names
 * one costs a round trip before it is rejected.
 *
 * @returns the row to wait for, for each such list of claims
 */
export async function findBlockedClaims<Request extends { readonly claims: readonly Claim[] }>(
  transaction: Transaction,
  requests: readonly Request[],
  state: LockedState,
): Promise<Map<Request, Row>> {
  const lockedProviders = new Set(Array.from(state.providers.values(), ({ id }) => id));
  const lockedConsumers = new Set(Array.from(state.consumers.values(), ({ id }) => id));
  const isHeldUp = ({ consumerId, providerId }: HeldAllocation): boolean =>
    !lockedConsumers.has(consumerId) || !lockedProviders.has(providerId);
  const heldUp = state.held.filter(isHeldUp);
  const missing = providersOf(requests.flatMap(({ claims }) => claims)).filter((uuid) => !state.providers.has(uuid));
  if (heldUp.length + missing.length === 0) return new Map();

  const { rows } = await transaction.query<NamedRow>(
    nameRows(
      missing,
      heldUp.map(({ providerId }) => providerId),
      heldUp.map(({ consumerId }) => consumerId).filter((id) => !lockedConsumers.has(id)),
    ),
  );
  const providers = rows.filter(({ kind }) => kind === 'provider');
  const uuidOf = new Map(providers.map(({ id, uuid }) => [id, uuid]));
  const there = new Set(providers.map(({ uuid }) => uuid));
  const consumers = new Set(rows.filter(({ kind }) => kind === 'consumer').map(({ uuid }) => uuid));

  const rowFor = ({ claims }: Request): Row | undefined => {
    const consumer = claims.find(({ consumerUuid }) => consumers.has(consumerUuid));
    if (consumer !== undefined) return consumerRow(consumer.consumerUuid);
    const named = providersOf(claims).find((uuid) => !state.providers.has(uuid) && there.has(uuid));
    if (named !== undefined) return providerRow(named);
    const ids = new Set(claims.map(({ consumerUuid }) => state.consumers.get(consumerUuid)?.id));
    const held = heldUp.find(({ consumerId }) => ids.has(consumerId));
    const uuid = held === undefined ? undefined : uuidOf.get(held.providerId);
    return uuid === undefined ? undefined : providerRow(uuid);
  };
  return new Map(
    requests.flatMap((request) => {
      const row = rowFor(request);
      return row === undefined ? [] : [[request, row] as const];
    }),
  );
}

function providersOf(claims: readonly Claim[]): string[] {
  return [...new Set(claims.flatMap(({ allocations }) => allocations.map(({ providerUuid }) => providerUuid)))];
}

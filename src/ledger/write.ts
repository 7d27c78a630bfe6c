import { violatedConstraint } from '../db/failures.js';
import type { Pool } from '../db/pool.js';
import { withTransaction, type Transaction } from '../db/transaction.js';
import { allocationsChanged, ApiError, unknownClassInReshape } from '../errors.js';
import {
  checkConsumers,
  checkReshapedProviders,
  checkRoom,
  interimInventories,
  inventoriesAfter,
  ownState,
  providersToBump,
  removedInventories,
  resolveClaims,
  type NewAllocation,
} from './check.js';
import { lockAndRead } from './lock.js';
import type { Claim, InventorySet, LockedState } from './model.js';
import { createPause } from '../slices.js';
import { createQueue, type Job } from './queue.js';
import { CREATE_OWNERS, DELETE_CONSUMER, LOCK_CONSUMERS, LOCK_PROVIDERS } from './sql.js';
import { overlayStatement, removeStatement, writeStatement, type Owners } from './statements.js';

/** How often a claim starts over because a rival created the same consumer, or changed what no lock of ours guards. */
const ATTEMPTS = 10;

/** Makes the 400 for a resource class that does not exist; routes word it differently. */
export type UnknownClass = (name: string, consumerUuid: string) => Error;

/** Claims of one request: all of them are written or none. */
interface Request extends Job {
  readonly claims: readonly Claim[];
  readonly unknownClass: UnknownClass;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Writes what consumers shall have. The claims of one request are written all or none; requests that come at the same moment
 * are written in one transaction, each judged by itself in the order of arrival.
 *
 * @throws 400 for unknown providers and classes, 409 for another consumer generation or what does not fit
 */
export type WriteClaims = (claims: readonly Claim[], unknownClass: UnknownClass) => Promise<void>;

/** How the requests of one group fared. */
export interface GroupResult {
  readonly written: number;
  readonly refused: number;
  readonly failed: number;
}

/** `onGroup` is told of each group that was tried, after its requests. */
export function createClaimWriter(pool: Pool, onGroup: (result: GroupResult) => void = () => undefined): WriteClaims {
  const submit = createQueue<Request>(async (group) => {
    onGroup(await writeGroup(pool, group));
  });
  return (claims, unknownClass) =>
    new Promise((resolve, reject) => {
      const consumers = claims.map(({ consumerUuid }) => `consumer ${consumerUuid}`);
      const providers = claims.flatMap(({ allocations }) => allocations.map(({ providerUuid }) => providerUuid));
      submit({
        keys: new Set([...consumers, ...providers]),
        alone: new Set(consumers),
        claims,
        unknownClass,
        resolve,
        reject,
      });
    });
}

/** Tells every request of a group how it went. */
async function writeGroup(pool: Pool, group: readonly Request[]): Promise<GroupResult> {
  try {
    const refusals = await startingOver(() => writeTogether(pool, group));
    for (const request of group) {
      const refusal = refusals.get(request);
      if (refusal === undefined) request.resolve();
      else request.reject(refusal);
    }
    return { written: group.length - refusals.size, refused: refusals.size, failed: 0 };
  } catch (error) {
    for (const request of group) request.reject(error);
    return { written: 0, refused: 0, failed: group.length };
  }
}

/**
 * One transaction in two round trips: BEGIN, the locks and the reading go out together, and after the check the writing goes
 * out together with COMMIT. Answers the requests that were refused.
 */
function writeTogether(pool: Pool, group: readonly Request[]): Promise<Map<Request, unknown>> {
  return withTransaction(pool, async (transaction) => {
    const pause = createPause();
    const refusals = new Map<Request, unknown>();
    const state = await lockAndRead(
      transaction,
      group.flatMap(({ claims }) => claims),
    );
    // What one request takes, the next finds taken.
    let { inventories } = state;
    const accepted: { claims: readonly Claim[]; wanted: readonly NewAllocation[] }[] = [];
    for (const request of group) {
      const { claims, unknownClass } = request;
      try {
        const own = ownState(claims, { ...state, inventories });
        await pause();
        checkConsumers(claims, own);
        const wanted = resolveClaims(claims, own, unknownClass);
        await pause();
        checkRoom(wanted, own);
        await pause();
        inventories = inventoriesAfter(wanted, own);
        accepted.push({ claims, wanted });
      } catch (refusal) {
        if (!(refusal instanceof ApiError)) throw refusal;
        refusals.set(request, refusal);
      }
    }
    if (accepted.length === 0) return refusals;
    const claims = accepted.flatMap((one) => one.claims);
    const wanted = accepted.flatMap((one) => one.wanted);
    const owners = await ensureOwners(transaction, claims, state);
    await pause();
    // The generation of a provider grows once for each request that names it.
    const bumps = new Map<number, number>();
    for (const one of accepted) {
      for (const id of providersToBump(one.claims, one.wanted, state)) bumps.set(id, (bumps.get(id) ?? 0) + 1);
    }
    await transaction.commitWith(await writeStatement(claims, wanted, owners, bumps));
    return refusals;
  });
}

/**
 * Replaces inventories of several providers and allocations of several consumers in one transaction. The allocations are
 * checked against the old inventories overlaid with the new; what the new ones leave out must then be unused.
 *
 * @throws 400 for unknown providers and classes, 409 for other generations, what does not fit, or what is still in use
 */
export function reshape(pool: Pool, sets: readonly InventorySet[], claims: readonly Claim[]): Promise<void> {
  return startingOver(() =>
    withTransaction(pool, async (transaction) => {
      const state = await lockAndRead(transaction, claims, sets);
      checkReshapedProviders(sets, state);
      checkConsumers(claims, state);
      const interim = interimInventories(sets, state, unknownClassInReshape);
      const wanted = resolveClaims(claims, state, unknownClassInReshape);
      checkRoom(wanted, state, interim);
      const removed = removedInventories(sets, wanted, state);
      const owners = await ensureOwners(transaction, claims, state);
      const write = await writeStatement(claims, wanted, owners, reshapeBumps(sets, claims, wanted, state));
      await Promise.all([
        transaction.query(overlayStatement(sets, state)),
        transaction.query(write),
        transaction.commitWith(removeStatement(removed)),
      ]);
    }),
  );
}

/** Removes all a consumer has, in one round trip, without looking at generations. Answers how many allocations it had. */
export function removeConsumer(pool: Pool, uuid: string): Promise<number> {
  return startingOver(() =>
    withTransaction(pool, async (transaction) => {
      const [, , { rows }] = await Promise.all([
        transaction.query({ name: 'lock_consumers', text: LOCK_CONSUMERS, values: [[uuid]] }),
        transaction.query({ name: 'lock_providers', text: LOCK_PROVIDERS, values: [[], [uuid]] }),
        transaction.commitWith<{ removed: number }>({
          name: 'delete_consumer',
          text: DELETE_CONSUMER,
          values: [[uuid]],
        }),
      ]);
      return rows[0]?.removed ?? 0;
    }),
  );
}

/**
 * Two claims for a consumer that does not exist yet have nothing to lock; the second violates the unique uuid, and when it
 * starts over it finds the consumer. Other violated constraints mean that something changed without taking our locks:
 * hand-typed SQL.
 */
async function startingOver<T>(write: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await write();
    } catch (error) {
      if (violatedConstraint(error) === undefined) throw error;
      if (attempt === ATTEMPTS) throw allocationsChanged();
    }
  }
}

/** Creates the projects, users and types that are new; only the first claim of each pays for it. */
async function ensureOwners(transaction: Transaction, claims: readonly Claim[], state: LockedState): Promise<Owners> {
  const staying = claims.filter(({ allocations }) => allocations.length > 0);
  const missing = (names: (string | null)[], known: ReadonlyMap<string, number>): string[] => [
    ...new Set(names.filter((name) => name !== null && !known.has(name)) as string[]),
  ];
  const projects = missing(
    staying.map(({ projectId }) => projectId),
    state.projects,
  ).sort();
  const users = missing(
    staying.map(({ userId }) => userId),
    state.users,
  ).sort();
  const types = missing(
    staying.map(({ consumerType }) => consumerType),
    state.consumerTypes,
  ).sort();
  if (projects.length + users.length + types.length === 0) return state;
  await transaction.query({ text: CREATE_OWNERS, values: [projects, users, types] });
  const { projects: allProjects, users: allUsers, consumerTypes } = await lockAndRead(transaction, claims);
  return { consumers: state.consumers, projects: allProjects, users: allUsers, consumerTypes };
}

/**
 * A reshape counts as several operations on a provider's generation: the interim set when the new one is not empty, the
 * allocations that name it, and the final set (spec: semantics.md, generations).
 */
function reshapeBumps(
  sets: readonly InventorySet[],
  claims: readonly Claim[],
  wanted: readonly NewAllocation[],
  state: LockedState,
): Map<number, number> {
  const bumps = new Map(providersToBump(claims, wanted, state).map((id) => [id, 1]));
  for (const { providerUuid, inventories } of sets) {
    const id = state.providers.get(providerUuid)?.id ?? 0;
    bumps.set(id, (bumps.get(id) ?? 0) + (inventories.size > 0 ? 2 : 1));
  }
  return bumps;
}

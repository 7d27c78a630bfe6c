import type { Pool } from '../db/pool.js';
import { withBriefTransaction, type Transaction } from '../db/transaction.js';
import type { Wait } from '../db/scheduler/model.js';
import type { Row } from '../db/scheduler/rows.js';
import { waitingFirst } from '../db/scheduler/write.js';
import { ApiError } from '../errors.js';
import type { Author, AuthorOfConsumers } from '../history/author.js';
import { withRequests } from '../history/set-author.js';
import { createYieldPoint, neverYield, withPauses, type Divided, type YieldPoint } from '../slices.js';
import {
  checkConsumers,
  checkRoom,
  inventoriesAfter,
  ownState,
  providersToBump,
  resolveClaims,
  type NewAllocation,
} from './rules.js';
import { findBlockedClaims } from './blocked-claims.js';
import { lockAndRead, lockFreeAndRead } from './lock.js';
import { sizeOf, type Claim, type LockedState, type StoredInventory, type UnknownClass } from './model.js';
import { ensureOwners } from './owners.js';
import { writeClaims } from './sql/write-claims.js';

/** Claims of one request: all of them are written or none. */
export interface ClaimRequest {
  /** Null: no history is kept. */
  readonly author: Author | null;
  readonly claims: readonly Claim[];
  readonly unknownClass: UnknownClass;
}

/** The size of a group that meets the rules in one go, and whose statements keep their plans. */
const LARGEST_AT_ONCE = 500;

interface Written<R> {
  readonly rejections: ReadonlyMap<R, unknown>;
  /** Not checked, because of a locked row. */
  readonly heldUp: ReadonlyMap<R, Row>;
}

/**
 * One transaction in two round trips: BEGIN, the locks and the reading go out together, and after the check the writing goes
 * out together with COMMIT.
 */
export function writeTogether<R extends ClaimRequest>(
  pool: Pool,
  group: readonly R[],
  wait: Wait | null,
  skip: boolean,
): Promise<Written<R>> {
  const all = group.flatMap(({ claims }) => claims);
  const isLarge = sizeOf(all) > LARGEST_AT_ONCE;
  const work = async (transaction: Transaction): Promise<Written<R>> => {
    const rejections = new Map<R, unknown>();
    // Small claims do not wait for their turn among large bodies: they hold locks.
    const pause = isLarge ? createYieldPoint() : neverYield;
    const state = skip ? await lockFreeAndRead(transaction, all) : await lockAndRead(transaction, all);
    const heldUp = skip ? await findBlockedClaims(transaction, group, state) : new Map<R, Row>();
    // Each request sees the amounts of the requests before it.
    let { inventories } = state;
    const accepted: Accepted[] = [];
    for (const request of group) {
      if (heldUp.has(request)) continue;
      const { author, claims, unknownClass } = request;
      try {
        const present = { ...state, inventories };
        const own = group.length === 1 ? present : ownState(claims, present);
        checkConsumers(claims, own);
        const { wanted, after } = await withPauses(applyRules(claims, own, unknownClass), pause);
        inventories = after;
        accepted.push({ author, claims, wanted });
        await pause();
      } catch (rejection) {
        if (!(rejection instanceof ApiError)) throw rejection;
        rejections.set(request, rejection);
      }
    }
    if (accepted.length > 0) await write(transaction, accepted, state, pause);
    return { rejections, heldUp };
  };
  return withBriefTransaction(pool, waitingFirst(wait, work), isLarge ? 'custom' : 'generic');
}

/** @throws ApiError when the claims cannot be written */
function* applyRules(
  claims: readonly Claim[],
  own: LockedState,
  unknownClass: UnknownClass,
): Divided<{ wanted: NewAllocation[]; after: ReadonlyMap<string, StoredInventory> }> {
  const wanted = yield* resolveClaims(claims, own, unknownClass);
  yield* checkRoom(wanted, own);
  return { wanted, after: yield* inventoriesAfter(wanted, own) };
}

/** The claims of a request that are written. */
interface Accepted {
  readonly author: Author | null;
  readonly claims: readonly Claim[];
  readonly wanted: readonly NewAllocation[];
}

async function write(
  transaction: Transaction,
  accepted: readonly Accepted[],
  state: LockedState,
  pause: YieldPoint,
): Promise<void> {
  const [first] = accepted;
  const isOne = accepted.length === 1 && first !== undefined;
  const claims = isOne ? first.claims : accepted.flatMap((one) => one.claims);
  const wanted = isOne ? first.wanted : accepted.flatMap((one) => one.wanted);
  const owners = await ensureOwners(transaction, claims, state);
  await pause();
  // The generation of a provider grows once for each request that names it.
  const bumps = new Map<number, number>();
  for (const one of accepted) {
    for (const id of await withPauses(providersToBump(one.claims, one.wanted, state), pause))
      bumps.set(id, (bumps.get(id) ?? 0) + 1);
  }
  await transaction.commitWith(withRequests(await writeClaims(claims, wanted, owners, bumps), authors(accepted)));
}

/** Within a group no two requests name the same consumer: by the consumer of a change its request is found. */
function authors(accepted: readonly Accepted[]): AuthorOfConsumers[] {
  const isOne = accepted.length === 1;
  return accepted.flatMap(({ author, claims }) =>
    author === null ? [] : [{ author, consumers: isOne ? [] : claims.map(({ consumerUuid }) => consumerUuid) }],
  );
}

import type { Pool } from '../db/pool.js';
import { runBriefStatement } from '../db/transaction.js';
import { nothingLeft, type NotMade, type Runner, type Wait, type Write } from '../db/scheduler/model.js';
import { consumerRow, providerRow, UNKNOWN, type Row } from '../db/scheduler/rows.js';
import { culpritsOf } from '../db/scheduler/write.js';
import { databaseTooSlow } from '../errors.js';
import type { Author } from '../history/author.js';
import { writeTogether, type ClaimRequest } from './group.js';
import { allocationsOf, sizeOf, type Claim, type UnknownClass } from './model.js';
import { createOwnersStatement } from './owners.js';
import { retryConflicts } from './retry-conflicts.js';
import { createSmallestFirst } from '../smallest-first.js';
import { inParts, inPartsOfEach, withPauses, type Divided } from '../slices.js';

/**
 * Groups of claims. A claim takes five statements, a dozen triggers and a flush of the WAL, and a group takes most of them
 * once. One by one, claims of one provider would also queue for its row, each with two round trips under the lock. (100
 * claims at a time on one provider: 136 a second one by one, 4,100 in groups. In the same runs the reference made 20.)
 *
 * A group that meets a row which another session has locked for long goes on without the claims that want it. They wait apart
 * (db/scheduler).
 */

/** Two groups run at a time: one computes while the other waits for the disk. */
const GROUPS_UNDER_WAY = 2;
const LARGEST_GROUP = 100;

/**
 * How a group takes its locks. `first`: it waits for none while some row is known to be locked by others, and briefly for all
 * of them otherwise. `waiting` and `alone`: briefly for all of them. `alone`: it was not to be found out which of a group was
 * held up.
 */
type How = 'first' | 'waiting' | 'alone';

/**
 * Writes what consumers shall have. The claims of one request are written all or none; requests that come at the same moment
 * are written in one transaction, and the rules see each by itself, in the order of arrival.
 *
 * @throws 400 for unknown providers and classes, 409 for another consumer generation or what does not fit, 503 when rows stay
 *   locked
 */
export type WriteClaims = (
  author: Author | null,
  claims: readonly Claim[],
  unknownClass: UnknownClass,
) => Promise<void>;

/** The results of the requests of a group. */
export interface GroupResult {
  readonly written: number;
  readonly rejected: number;
  readonly failed: number;
}

/** A request for claims in the queue. */
interface QueuedClaims extends ClaimRequest, Write {
  runner: Runner;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** `onGroup` is told of each group that was tried, after its requests. */
export function createClaimWriter(pool: Pool, onGroup: (result: GroupResult) => void = () => undefined): WriteClaims {
  const runnerOf = (how: How): Runner => ({
    largest: how === 'alone' ? 1 : LARGEST_GROUP,
    limit: GROUPS_UNDER_WAY,
    // The runner gets only writes that are submitted with it below.
    run: (group, wait) => writeGroup({ pool, onGroup, runners, how }, group as readonly QueuedClaims[], wait),
  });
  const runners = { first: runnerOf('first'), waiting: runnerOf('waiting'), alone: runnerOf('alone') };
  const submit = (
    author: Author | null,
    claims: readonly Claim[],
    unknownClass: UnknownClass,
    { changes, alone }: ClaimedRows,
  ) =>
    new Promise<void>((resolve, reject) => {
      const request: QueuedClaims = {
        changes,
        alone,
        refersTo: NO_ROWS,
        runner: runners.first,
        deadline: pool.writeDeadline(),
        expired() {
          reject(databaseTooSlow(new Error(`waited for ${[...request.changes].join(', ')}`)));
        },
        author,
        claims,
        unknownClass,
        resolve,
        reject,
      };
      pool.scheduler.submit(request);
    });
  // Whenever a turn begins, each write that waits for one is looked at with all its rows: not many large ones wait there.
  const large = createSmallestFirst();
  return (author, claims, unknownClass) => {
    const rows = withPauses(rowsOf(claims));
    if (!(rows instanceof Promise)) return submit(author, claims, unknownClass, rows);
    return large(sizeOf(claims), async () => submit(author, claims, unknownClass, await rows));
  };
}

const NO_ROWS: ReadonlySet<Row> = new Set();

type ClaimedRows = Pick<Write, 'changes' | 'alone'>;

function* rowsOf(claims: readonly Claim[]): Divided<ClaimedRows> {
  const [changes, alone] = [new Set<Row>(), new Set<Row>()];
  yield* inParts(claims, ({ consumerUuid }) => {
    const consumer = consumerRow(consumerUuid);
    alone.add(consumer);
    changes.add(consumer);
  });
  yield* inPartsOfEach(claims, allocationsOf, ({ providerUuid }) => void changes.add(providerRow(providerUuid)));
  return { changes, alone };
}

/** What groups of one kind work with. */
interface Groups {
  readonly pool: Pool;
  readonly onGroup: (result: GroupResult) => void;
  readonly runners: Readonly<Record<How, Runner>>;
  readonly how: How;
}

/** Settles every request of a group, except the requests that were not made. */
async function writeGroup(
  groups: Groups,
  group: readonly QueuedClaims[],
  wait: Wait | null,
): Promise<ReadonlyMap<Write, NotMade>> {
  const { pool, onGroup, how } = groups;
  try {
    if (wait?.rows.length === 0) await createOwnersFirst(pool, group);
    // Other processes lock rows for moments. While none is locked for longer it is cheapest to wait for all of them.
    const skip = how === 'first' && wait === null && pool.scheduler.isLocked();
    const { rejections, heldUp } = await retryConflicts(() => writeTogether(pool, group, wait, skip));
    for (const request of group) {
      if (heldUp.has(request)) continue;
      const rejection = rejections.get(request);
      if (rejection === undefined) request.resolve();
      else request.reject(rejection);
    }
    onGroup({ written: group.length - rejections.size - heldUp.size, rejected: rejections.size, failed: 0 });
    return new Map(Array.from(heldUp, ([request, row]) => [request, afterSkipping(groups, request, row)]));
  } catch (error) {
    try {
      const locked = await culpritsOf(pool, error, new Set(group.flatMap(({ changes }) => [...changes])));
      return new Map(group.map((request) => [request, afterWaiting(groups, request, locked, group.length)]));
    } catch (failure) {
      for (const request of group) request.reject(failure);
      onGroup({ written: 0, rejected: 0, failed: group.length });
      return nothingLeft;
    }
  }
}

/** A claim was left out for a locked row. When that is not known to be stuck, the claim waits briefly, with others like it. */
function afterSkipping({ pool, runners }: Groups, request: QueuedClaims, row: Row): NotMade {
  const stuck = pool.scheduler.isLocked(row);
  request.runner = stuck ? runners.first : runners.waiting;
  return stuck ? { row } : 'again';
}

/** A group waited for a row in vain. Those who want that row wait for it, and the others are free of it. */
function afterWaiting(
  { pool, runners }: Groups,
  request: QueuedClaims,
  locked: readonly Row[],
  groupSize: number,
): NotMade {
  // A claim of the group may leave a provider without naming it. Skipping finds out which claim that is.
  for (const row of locked) pool.scheduler.note(row);
  const row = locked.find((one) => request.changes.has(one));
  request.runner = runners.first;
  if (row !== undefined) return { row };
  if (groupSize === 1) return { row: locked[0] ?? UNKNOWN };
  if (locked.length === 0) request.runner = runners.alone;
  return 'again';
}

/**
 * An unknown row that blocks a claim is mostly an uncommitted project, user or consumer type of another session. The claim
 * waits for it before it locks its providers, which other claims need.
 */
async function createOwnersFirst(pool: Pool, group: readonly QueuedClaims[]): Promise<void> {
  const claims = group.flatMap((request) => request.claims);
  await runBriefStatement(pool, await withPauses(createOwnersStatement(claims, NO_OWNERS)), 'write');
}

const NO_OWNERS = { projects: new Map(), users: new Map(), consumerTypes: new Map() };

import { createHash, randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Pool } from '../../db/pool.js';
import {
  forgetRuns,
  holdLock,
  leftoverRuns,
  markCleaned,
  markFailed,
  markRemoved,
  outdatedRuns,
  type Cleanable,
  type Leftover,
  type Reach,
} from './rows.js';
import { keysBelow, partName } from '../manifest/keys.js';
import { DestinationError, type Destination, type ListBucket } from '../model.js';
import { smallObject } from '../destination/objects.js';
import { bucketOf } from '../run/run.js';

export interface CleanDeps {
  readonly pool: Pool;
  readonly log: Logger;
  readonly host: string;
  readonly buckets: readonly ListBucket[];
  readonly destinationOf: (bucket: ListBucket) => Destination;
  readonly onFailure: (bucket: string) => void;
  /** Seconds between the end of a run and the removal of its leftovers. A process that was paused may still send objects meanwhile. */
  readonly quiet?: number;
  /** Seconds between two rounds. All processes share the rounds. */
  readonly every?: number;
}

const QUIET_S = 3600;
const EVERY_S = 600;

/**
 * The cleaner (docs/contract/inventory-lists.md#cleaning-and-retention). It removes objects that no row needs from a bucket.
 * It knows the keys from the rows and never lists a bucket. One process at a time cleans the buckets. On each machine, one process at
 * a time cleans its folders.
 *
 * @returns a function that the worker calls at each look; it does nothing while no round is due
 */
export function createCleaner(deps: CleanDeps): (signal: AbortSignal) => Promise<void> {
  const { every = EVERY_S } = deps;
  let nextAt = 0;
  return async (signal) => {
    if (performance.now() < nextAt) return;
    // The lock decides when the next round is due. The process asks for it after a tenth of that time.
    nextAt = performance.now() + every * 100;
    const named = (type: ListBucket['type']): string[] =>
      deps.buckets.filter((one) => one.type === type).map(({ name }) => name);
    const rounds: [string, Reach][] = [
      ['clean', { buckets: named('s3'), host: null }],
      [`clean:${deps.host}`, { buckets: named('folder'), host: deps.host }],
    ];
    for (const [lock, reach] of rounds) {
      // The process does not release the lock: there is no other round until it expires.
      const holder = randomUUID();
      const hold = (): Promise<boolean> => holdLock(deps.pool, lock, holder, every);
      if (!(await hold())) continue;
      await round(deps, reach, hold, signal);
      if (lock === 'clean') await forgetRuns(deps.pool);
    }
  };
}

async function round(deps: CleanDeps, reach: Reach, hold: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  const away = new Set<string>();
  const each = async (
    what: readonly Cleanable[],
    work: (one: Cleanable, destination: Destination) => Promise<void>,
  ): Promise<void> => {
    for (const one of what) {
      if (signal.aborted || !(await hold())) return;
      // After one failure, the round skips the other objects of that bucket.
      if (away.has(one.bucket)) continue;
      try {
        await work(one, deps.destinationOf(bucketOf(deps.buckets, one.bucket)));
      } catch (error) {
        if (!(error instanceof DestinationError)) throw error;
        away.add(one.bucket);
        await failed(deps, one, error);
      }
    }
  };
  await each(await outdatedRuns(deps.pool, reach), (one, destination) => removeList(deps, one, destination, signal));
  await each(await leftoverRuns(deps.pool, reach, deps.quiet ?? QUIET_S), (one, destination) =>
    removeLeftovers(deps, one, reach, destination, signal),
  );
}

async function failed(
  { pool, log, onFailure }: CleanDeps,
  { run, bucket }: Cleanable,
  error: DestinationError,
): Promise<void> {
  onFailure(bucket);
  const rejected = error.retry === 'late';
  const warning = `The cleaner could not remove what is left in the bucket ${bucket}: ${error.code}.`;
  log.warn(
    { list: run.job, run: run.id, bucket, code: error.code },
    `lists run ${run.id} of ${run.job}: ${warning} ${error.message} It tries again in ${rejected ? 'a day' : 'an hour'}.`,
  );
  await markFailed(pool, run.id, rejected, warning);
}

/** Removes a list whose time is over. Removes its checksum first, because a list without checksum does not count as a list. */
async function removeList(
  { pool, log }: CleanDeps,
  { run, attempts }: Cleanable,
  destination: Destination,
  signal: AbortSignal,
): Promise<void> {
  const winner = attempts.find(({ attempt }) => attempt === run.attempt);
  if (winner === undefined) return;
  await removeManifest(run.dueAt, winner.base, destination, signal);
  await removeParts(run.dueAt, winner, run.files.length, run.settings.destination.format, destination, signal);
  await markRemoved(pool, run.id);
  log.info({ list: run.job, run: run.id }, `lists run ${run.id} of ${run.job}: its list was removed from the bucket`);
}

async function removeLeftovers(
  deps: CleanDeps,
  one: Cleanable,
  { host }: Reach,
  destination: Destination,
  signal: AbortSignal,
): Promise<void> {
  const { run, attempts } = one;
  const here = attempts.filter((attempt) => host === null || attempt.host === host);
  const winner =
    run.state === 'succeeded' && run.removedAt === null
      ? attempts.find(({ attempt }) => attempt === run.attempt)
      : undefined;
  const losers = here.filter((attempt) => attempt !== winner);
  if (winner === undefined) {
    for (const base of new Set(losers.map((loser) => loser.base)))
      await removeManifest(run.dueAt, base, destination, signal);
  } else if (here.includes(winner)) {
    await restoreManifest(deps, one, winner, destination, signal);
  } else {
    await removeManifestOf(losers, run.dueAt, destination, signal);
  }
  for (const loser of losers)
    await removeParts(run.dueAt, loser, loser.parts + 1, run.settings.destination.format, destination, signal);
  await markCleaned(
    deps.pool,
    run.id,
    here.map(({ attempt }) => attempt),
  );
}

/** Writes the manifest of the row again if it was replaced: a process that was paused right before it published may have written its own. */
async function restoreManifest(
  { buckets, log }: CleanDeps,
  { run, bucket, manifest }: Cleanable,
  { base }: Leftover,
  destination: Destination,
  signal: AbortSignal,
): Promise<void> {
  const found = bucketOf(buckets, bucket);
  const bytes = Buffer.from(manifest ?? '');
  const md5 = createHash('md5').update(bytes).digest('hex');
  const checksum = Buffer.from(found.type === 's3' && found.manifest === 'oss' ? md5.toUpperCase() : md5);
  const keys = keysBelow(base, run.dueAt);
  const isThere = async (key: string, expected: Buffer): Promise<boolean> =>
    (await destination.get(key, signal))?.equals(expected) === true;
  if ((await isThere(keys.manifest, bytes)) && (await isThere(keys.checksum, checksum))) return;
  const { encryption } = run.settings.destination;
  await destination.put(smallObject(keys.manifest, bytes), encryption, signal);
  await destination.put(smallObject(keys.checksum, checksum), encryption, signal);
  log.info(
    { list: run.job, run: run.id },
    `lists run ${run.id} of ${run.job}: its manifest was written again over that of an earlier attempt`,
  );
}

/** Removes the manifests of attempts on this machine. They are left over, because the list is in a folder of another machine. */
async function removeManifestOf(
  losers: readonly Leftover[],
  dueAt: Date,
  destination: Destination,
  signal: AbortSignal,
): Promise<void> {
  for (const { base, uuid } of losers) {
    const manifest = await destination.get(keysBelow(base, dueAt).manifest, signal);
    if (manifest?.includes(uuid) === true) await removeManifest(dueAt, base, destination, signal);
  }
}

async function removeManifest(dueAt: Date, base: string, destination: Destination, signal: AbortSignal): Promise<void> {
  const keys = keysBelow(base, dueAt);
  await destination.delete(keys.checksum, signal);
  await destination.delete(keys.manifest, signal);
}

async function removeParts(
  dueAt: Date,
  { base, uuid }: Leftover,
  count: number,
  format: 'csv' | 'parquet',
  destination: Destination,
  signal: AbortSignal,
): Promise<void> {
  const keys = keysBelow(base, dueAt);
  for (let index = 0; index < count; index++)
    await destination.delete(keys.data(partName(uuid, index, format)), signal);
}

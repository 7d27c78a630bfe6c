import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { baseOf, keysBelow, withRoot } from '../manifest/keys.js';
import { renderManifest } from '../manifest/manifest.js';
import { partObject, smallObject } from '../destination/objects.js';
import { partSent, renewLease, startUpload, succeed, type LeasedRun } from './lease.js';
import {
  DestinationError,
  type Destination,
  type JobSettings,
  type ListBucket,
  type RunPhase,
  type SpooledList,
} from '../model.js';
import { prepareSpool } from '../spool/sweep.js';
import type { EndDeps } from './rows.js';
import { RunStopped } from './retry.js';

/** The arguments of the code that reads a list into the spool. */
export interface SpoolRequest {
  readonly settings: JobSettings;
  readonly source: string;
  readonly uuid: string;
  readonly spoolDir: string;
  readonly signal: AbortSignal;
  readonly onProgress: (rows: number) => void;
}

/** What a run works with. */
export interface RunDeps extends EndDeps {
  readonly source: string;
  readonly buckets: readonly ListBucket[];
  /** A folder of this attempt's own below the spool; it is removed at the end. */
  readonly spoolFolder: string;
  readonly destinationOf: (bucket: ListBucket) => Destination;
  readonly spoolList: (request: SpoolRequest) => Promise<SpooledList>;
  readonly onPhase: (phase: RunPhase) => void;
}

/** The result of a run. */
export interface Done {
  readonly rows: number;
  readonly parts: number;
  readonly bytes: number;
  /** Seconds. */
  readonly reading: number;
  readonly uploading: number;
}

/** How often the rows read so far are written into the run's row. */
const PROGRESS_MS = 2000;

/**
 * Does one attempt of a run: reads the list into the spool, uploads it, publishes its manifest, and ends the run. Parts come first,
 * then manifest.json, then manifest.checksum, so a manifest that exists names parts that exist, whatever happens in between.
 *
 * @param signal aborted with a RunStopped
 * @throws RunStopped, DestinationError, and what the database throws
 */
export async function doRun(deps: RunDeps, leased: LeasedRun, signal: AbortSignal): Promise<Done> {
  const { run } = leased;
  const { destination: wanted } = run.settings;
  const bucket = bucketOf(deps.buckets, wanted.bucket);
  const destination = deps.destinationOf(bucket);
  const spoolDir = deps.spoolFolder;
  await prepareSpool(path.dirname(spoolDir));
  await mkdir(spoolDir, { recursive: true, mode: 0o750 });
  try {
    const began = performance.now();
    const uuid = randomUUID();
    const list = await readList(deps, leased, spoolDir, uuid, signal);
    const read = performance.now();

    const base = baseOf({ prefix: wanted.prefix, source: deps.source, id: run.job });
    held(await startUpload(deps.pool, leased, { uuid, base, ...list }));
    deps.onPhase('uploading');
    for (const part of list.parts) {
      await destination.put(partObject(keysBelow(base, run.dueAt).data(part.name), part), wanted.encryption, signal);
      held(await partSent(deps.pool, leased));
    }
    const published = await publish(deps, leased, bucket, destination, base, list, signal);
    held(await succeed(deps, leased, published));
    return {
      rows: list.rows,
      parts: list.parts.length,
      bytes: published.bytes,
      reading: (read - began) / 1000,
      uploading: (performance.now() - read) / 1000,
    };
  } finally {
    await rm(spoolDir, { recursive: true, force: true });
  }
}

async function readList(
  deps: RunDeps,
  leased: LeasedRun,
  spoolDir: string,
  uuid: string,
  signal: AbortSignal,
): Promise<SpooledList> {
  let [reportedAt, reporting] = [performance.now(), Promise.resolve()];
  try {
    return await deps.spoolList({
      settings: leased.run.settings,
      source: deps.source,
      uuid,
      spoolDir,
      signal,
      onProgress(rows) {
        if (performance.now() - reportedAt < PROGRESS_MS) return;
        reportedAt = performance.now();
        // One at a time. A failure is of no consequence here: the keeper of the lease notices it.
        reporting = reporting
          .then(() => renewLease(deps.pool, leased, { rows }))
          .then(
            () => undefined,
            () => undefined,
          );
      },
    });
  } finally {
    await reporting;
  }
}

async function publish(
  deps: RunDeps,
  leased: LeasedRun,
  bucket: ListBucket,
  destination: Destination,
  base: string,
  list: SpooledList,
  signal: AbortSignal,
) {
  const { run, lease } = leased;
  const [root, name, variant] =
    bucket.type === 's3'
      ? ([bucket.root, bucket.bucket, bucket.manifest] as const)
      : (['', bucket.name, 'folder'] as const);
  const keys = keysBelow(base, run.dueAt);
  const files = list.parts.map(({ name: part, size, md5, rows }) => ({
    key: withRoot(root, keys.data(part)),
    size,
    md5,
    rows,
  }));
  const { manifest, checksum } = renderManifest({
    ...{ variant, bucket: name, root, keys, source: deps.source, settings: run.settings, list },
    ...{ run: run.id, id: run.job, due: run.dueAt },
  });
  deps.onPhase('publishing');
  // A process that slept past its lease must not publish. At least half a lease is left when a PUT begins, and the PUT ends before it.
  for (const [key, bytes] of [
    [keys.manifest, manifest],
    [keys.checksum, checksum],
  ] as const) {
    held(await renewLease(deps.pool, leased, { phase: 'publishing' }));
    const limited = AbortSignal.any([signal, AbortSignal.timeout(lease * 400)]);
    await destination
      .put(smallObject(key, bytes), run.settings.destination.encryption, limited)
      .catch((error: unknown) => {
        if (limited.aborted && !signal.aborted)
          throw new DestinationError('Timeout', `The bucket ${bucket.name} took too long to receive ${key}.`, 'soon');
        throw signal.aborted ? signal.reason : error;
      });
  }
  return {
    files,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    manifest: manifest.toString(),
    manifestKey: withRoot(root, keys.manifest),
  };
}

/** @throws DestinationError for a bucket that the configuration does not have any more */
export function bucketOf(buckets: readonly ListBucket[], name: string): ListBucket {
  const bucket = buckets.find((one) => one.name === name);
  if (bucket !== undefined) return bucket;
  throw new DestinationError('NoSuchBucket', `The configuration has no section [list_bucket:${name}].`, 'late');
}

function held(isOurs: boolean): void {
  if (!isOurs) throw new RunStopped('taken');
}

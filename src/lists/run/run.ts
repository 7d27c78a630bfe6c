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

/** The dependencies of a run. */
export interface RunDeps extends EndDeps {
  readonly source: string;
  readonly buckets: readonly ListBucket[];
  /** The folder of this attempt below the spool. The attempt removes it at the end. */
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

/** In milliseconds. The number of rows that have been read is written into the row of the run this often. */
const PROGRESS_MS = 2000;

/**
 * Does one attempt of a run: reads the list into the spool, uploads it, publishes its manifest, and ends the run. It writes the parts
 * first, then manifest.json, then manifest.checksum. So the bucket has all parts of a manifest that is in the bucket, also after a crash.
 *
 * @param signal aborted with a RunStopped
 * @throws RunStopped, DestinationError, and errors of the database
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
        // One statement at a time. A failure is ignored here, because `keepLease` notices it.
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
  // A process must not publish after its lease has ended. At least half of the lease is left when a PUT begins, and the PUT ends before it.
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

/** @throws DestinationError for a bucket that is not in the configuration any more */
export function bucketOf(buckets: readonly ListBucket[], name: string): ListBucket {
  const bucket = buckets.find((one) => one.name === name);
  if (bucket !== undefined) return bucket;
  throw new DestinationError('NoSuchBucket', `The configuration has no section [list_bucket:${name}].`, 'late');
}

function held(isOurs: boolean): void {
  if (!isOurs) throw new RunStopped('taken');
}

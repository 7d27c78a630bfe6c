import { createHash } from 'node:crypto';
import { withRoot, type ListKeys } from './keys.js';
import type { JobSettings, SpooledList } from '../model.js';

/** The form of the manifest: of S3, of OSS, or of a folder. The form of a folder is that of S3, with the plain name of the bucket. */
export type ManifestVariant = 's3' | 'oss' | 'folder';

export interface ManifestOptions {
  readonly variant: ManifestVariant;
  /** The bucket's name in the store; of a folder, the name of its section. */
  readonly bucket: string;
  /** All keys of the bucket are below it; may be empty. */
  readonly root?: string;
  readonly keys: ListKeys;
  readonly source: string;
  readonly settings: Pick<JobSettings, 'filter' | 'included_versions' | 'destination'>;
  /** Null for a list without a run. */
  readonly run: number | null;
  /** The id of the job. */
  readonly id: string;
  readonly due: Date;
  readonly list: SpooledList;
}

/** Renders manifest.json and manifest.checksum, which has 32 characters and no line end (docs/contract/inventory-lists.md#manifest). */
export function renderManifest(options: ManifestOptions): { manifest: Buffer; checksum: Buffer } {
  const { variant, bucket, root = '', keys, source, settings, run, id, due, list } = options;
  const isOss = variant === 'oss';
  const inCase = (hex: string): string => (isOss ? hex.toUpperCase() : hex);
  const milliseconds = list.takenAt.getTime();
  const manifest = Buffer.from(
    JSON.stringify({
      sourceBucket: source,
      destinationBucket: variant === 's3' ? `arn:aws:s3:::${bucket}` : bucket,
      version: isOss ? '2019-09-01' : '2016-11-30',
      creationTimestamp: String(isOss ? Math.floor(milliseconds / 1000) : milliseconds),
      fileFormat: settings.destination.format === 'csv' ? 'CSV' : 'Parquet',
      fileSchema: list.schema,
      files: list.parts.map(({ name, size, md5 }) => ({
        key: withRoot(root, keys.data(name)),
        size,
        MD5checksum: inCase(md5),
      })),
      stockroom: {
        ...(run === null ? {} : { run }),
        list: id,
        dueAt: due.toISOString().replace('.000Z', 'Z'),
        takenAt: list.takenAt.toISOString(),
        rows: list.parts.map(({ rows }) => rows),
        filter: settings.filter,
        versions: settings.included_versions === 'all' ? 'All' : 'Current',
        ...(list.changes === undefined ? {} : { changes: list.changes }),
      },
    }),
  );
  return { manifest, checksum: Buffer.from(inCase(md5Of(manifest))) };
}

function md5Of(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}

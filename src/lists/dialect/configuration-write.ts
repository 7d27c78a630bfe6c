import type { Encryption, JobSettings, ListBucket } from '../model.js';
import { xml, type Markup } from '../xml/write.js';
import { DESTINATIONS } from './configuration-read.js';
import type { Dialect } from './signature/signed-request.js';

/** The XML namespace that the documents of each dialect declare. OSS and COS declare none. */
const NAMESPACES: Readonly<Record<Dialect, string>> = {
  s3: ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"',
  oss: '',
  cos: '',
};

const LIST_ROOTS: Readonly<Record<Dialect, string>> = {
  s3: 'ListInventoryConfigurationsResult',
  oss: 'ListInventoryConfigurationsResult',
  cos: 'ListInventoryConfigurationResult',
};

const ENCRYPTIONS: Readonly<Record<Dialect, string>> = { s3: 'SSE-S3', oss: 'SSE-OSS', cos: 'SSE-COS' };

export interface NamedSettings {
  readonly id: string;
  readonly settings: JobSettings;
}

/** The document of one job. */
export function writeConfiguration(job: NamedSettings, dialect: Dialect, buckets: readonly ListBucket[]): string {
  return document(configuration(`InventoryConfiguration${NAMESPACES[dialect]}`, job, dialect, buckets));
}

/** The document of a page of jobs. */
export function writeConfigurations(
  jobs: readonly NamedSettings[],
  token: string | null,
  next: string | null,
  dialect: Dialect,
  buckets: readonly ListBucket[],
): string {
  return document(
    xml(
      `${LIST_ROOTS[dialect]}${NAMESPACES[dialect]}`,
      ...jobs.map((job) => configuration('InventoryConfiguration', job, dialect, buckets)),
      xml('IsTruncated', next !== null),
      token === null ? null : xml('ContinuationToken', token),
      next === null ? null : xml('NextContinuationToken', next),
    ),
  );
}

/** The document of all source buckets. There is only one. */
export function writeBuckets(source: string, owner: string, dialect: Dialect): string {
  return document(
    xml(
      `ListAllMyBucketsResult${NAMESPACES[dialect]}`,
      xml('Owner', xml('ID', owner), xml('DisplayName', owner)),
      xml('Buckets', xml('Bucket', xml('Name', source), xml('CreationDate', '1970-01-01T00:00:00.000Z'))),
    ),
  );
}

/** The document of a run that a client has requested. */
export function writeRun(run: number, dialect: Dialect): string {
  return document(xml(`PostInventoryResult${NAMESPACES[dialect]}`, xml('JobId', run)));
}

function document(root: Markup): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root.text}`;
}

function configuration(
  start: string,
  { id, settings }: NamedSettings,
  dialect: Dialect,
  buckets: readonly ListBucket[],
): Markup {
  const { filter, included_versions: versions, optional_fields: fields, schedule } = settings;
  // ali-oss reads Filter/Prefix without checking whether it exists.
  const prefix = filter?.prefix ?? (dialect === 'oss' ? '' : null);
  return xml(
    start,
    xml('Id', id),
    xml('IsEnabled', settings.enabled),
    prefix === null ? null : xml('Filter', xml('Prefix', prefix)),
    xml('Destination', destination(settings, dialect, buckets)),
    xml('Schedule', xml('Frequency', schedule.frequency === 'daily' ? 'Daily' : 'Weekly')),
    xml('IncludedObjectVersions', versions === 'all' ? 'All' : 'Current'),
    fields.length === 0 ? null : xml('OptionalFields', ...fields.map((name) => xml('Field', name))),
  );
}

function destination(
  { destination: { bucket, prefix, format, encryption }, foreign }: JobSettings,
  dialect: Dialect,
  buckets: readonly ListBucket[],
): Markup {
  const sent = foreignOf(foreign, dialect);
  // The bucket as the client sent it in this dialect, unless the bucket of the job has changed since then.
  const asSent = sent['Bucket'] !== undefined && sent['bucket'] === bucket ? sent['Bucket'] : null;
  const account = sent['AccountId'] ?? (dialect === 'oss' ? '' : null);
  // ali-oss reads a name from RoleArn without checking whether it exists.
  const role = sent['RoleArn'] ?? (dialect === 'oss' ? '' : null);
  return xml(
    DESTINATIONS[dialect],
    xml('Format', format === 'csv' ? 'CSV' : 'Parquet'),
    account === null ? null : xml('AccountId', account),
    role === null ? null : xml('RoleArn', role),
    xml('Bucket', asSent ?? bucketName(bucket, dialect, buckets)),
    prefix === '' ? null : xml('Prefix', prefix),
    encryption === null ? null : xml('Encryption', encryptionOf(encryption, dialect)),
  );
}

function encryptionOf(encryption: Encryption, dialect: Dialect): Markup {
  if (encryption.type === 'sse-s3') return xml(ENCRYPTIONS[dialect]);
  return xml('SSE-KMS', encryption.key_id === null ? null : xml('KeyId', encryption.key_id));
}

function bucketName(bucket: string, dialect: Dialect, buckets: readonly ListBucket[]): string {
  switch (dialect) {
    case 's3':
      return `arn:aws:s3:::${bucket}`;
    case 'oss':
      return `acs:oss:::${bucket}`;
    case 'cos':
      return `qcs::cos:${regionOf(bucket, buckets)}::${bucket}`;
  }
}

/** COS names a region before a bucket; a folder has none. */
function regionOf(name: string, buckets: readonly ListBucket[]): string {
  const bucket = buckets.find((one) => one.name === name);
  return bucket?.type === 's3' ? bucket.region : 'local';
}

/**
 * Returns the elements that a client has sent in this dialect and that this service does not use. `bucket` is the name of the
 * destination that the service found for the element Bucket.
 */
function foreignOf(foreign: JobSettings['foreign'], dialect: Dialect): Readonly<Record<string, string>> {
  const ofDialect = foreign?.[dialect];
  if (typeof ofDialect !== 'object' || ofDialect === null) return {};
  return Object.fromEntries(
    Object.entries(ofDialect).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  );
}

import type { Readable } from 'node:stream';

/** The columns that a job may ask for beside `Bucket` and `Key`, in the order in which a list has them. */
export const OPTIONAL_FIELDS = [
  'Size',
  'LastModifiedDate',
  'ETag',
  'StorageClass',
  'IsMultipartUploaded',
  'ReplicationStatus',
  'EncryptionStatus',
  'ProviderUuid',
  'ProviderName',
  'ParentUuid',
  'RootUuid',
  'RootName',
  'ResourceClass',
  'Total',
  'Reserved',
  'MinUnit',
  'MaxUnit',
  'StepSize',
  'AllocationRatio',
  'Capacity',
  'Used',
  'Free',
  'Generation',
  'Traits',
  'Aggregates',
] as const;

export type OptionalField = (typeof OPTIONAL_FIELDS)[number];

export type Weekday = 'sunday' | 'monday' | 'tuesday' | 'wednesday' | 'thursday' | 'friday' | 'saturday';

export type Encryption = { readonly type: 'sse-s3' } | { readonly type: 'sse-kms'; readonly key_id: string | null };

/** The settings of a job in the form of the API, with every default. `list_jobs.settings` holds it as JSON. */
export interface JobSettings {
  readonly enabled: boolean;
  readonly filter: { readonly prefix: string } | null;
  readonly included_versions: 'current' | 'all';
  /** In the order of OPTIONAL_FIELDS. */
  readonly optional_fields: readonly OptionalField[];
  readonly schedule: {
    readonly frequency: 'daily' | 'weekly';
    /** `HH:MM`, UTC. */
    readonly at: string;
    /** Only with weekly. */
    readonly day?: Weekday;
  };
  readonly destination: {
    /** The name of a `[list_bucket:NAME]` section, or `local`. */
    readonly bucket: string;
    /** Without slashes at its ends. */
    readonly prefix: string;
    readonly format: 'csv' | 'parquet';
    readonly encryption: Encryption | null;
  };
  readonly keep_days: number | null;
  readonly notify: readonly string[];
  /** Elements of a dialect that this service does not use. It returns them to clients of the same dialect. */
  readonly foreign?: Readonly<Record<string, unknown>>;
}

/** One file of a list that is complete in the spool. */
export interface Part {
  /** The last segment of its key: `UUID.csv.gz`, `UUID-1.parquet`. */
  readonly name: string;
  /** The path of the file in the spool. */
  readonly path: string;
  readonly size: number;
  readonly rows: number;
  /** Lower-case hex. */
  readonly md5: string;
  readonly sha256: string;
}

/** A list in the spool, before anything is uploaded. All its rows are from one snapshot. */
export interface SpooledList {
  /** When the snapshot was taken, by the clock of the database. */
  readonly takenAt: Date;
  readonly rows: number;
  /** The number of trees with rows in the list, and the name of the first tree's root. */
  readonly trees: { readonly count: number; readonly first: string | null };
  readonly parts: readonly Part[];
  /** `fileSchema` of the manifest. */
  readonly schema: string;
  /** A cursor of the history, taken before the snapshot. Absent when no history is recorded. */
  readonly changes?: string;
  readonly warnings: readonly string[];
}

/** An object that a destination receives: a part, a manifest or its checksum. */
export interface OutgoingObject {
  /** Without the root of the bucket. */
  readonly key: string;
  readonly contentType: string;
  readonly size: number;
  readonly md5: string;
  readonly sha256: string;
  /** Opens a stream of the bytes from the beginning. A retry calls it again. */
  open(): Readable;
}

/** A place to which lists are written: a folder, or a bucket behind the S3 protocol. Its functions fail with DestinationErrors. */
export interface Destination {
  put(object: OutgoingObject, encryption: Encryption | null, signal: AbortSignal): Promise<void>;
  /** Returns a small object; null when there is none. */
  get(key: string, signal: AbortSignal): Promise<Buffer | null>;
  /** Succeeds when there is no such object. */
  delete(key: string, signal: AbortSignal): Promise<void>;
}

/** `code` is the code that the store returned (`NoSuchBucket`, `AccessDenied`), or a code of the contract (`NoSpace`). */
export class DestinationError extends Error {
  readonly code: string;
  /** The pauses before a retry: `soon` is 1, 5, 15, 60 minutes; `late` is 15, 60 minutes, because an operator has to repair something. */
  readonly retry: 'soon' | 'late';

  constructor(code: string, message: string, retry: 'soon' | 'late') {
    super(message);
    this.code = code;
    this.retry = retry;
  }
}

export type EncryptionType = 'none' | 'sse-s3' | 'sse-kms';

/** A secret of the configuration: the text itself, or a file that is read again for each request. */
export type Secret = { readonly value: string } | { readonly file: string };

/** A `[list_bucket:NAME]` section of type s3, checked. */
export interface S3Bucket {
  /** The name of the section. Jobs and messages use it. */
  readonly name: string;
  /** `http(s)://HOST[:PORT][/PATH]`, without a slash at the end. */
  readonly endpoint: string;
  readonly region: string;
  /** The name of the bucket in the store. */
  readonly bucket: string;
  /** All keys are below it; without slashes at its ends, may be empty. */
  readonly root: string;
  readonly addressing: 'path' | 'host';
  readonly accessKey: Secret;
  readonly secretKey: Secret;
  /** The types of encryption that jobs may ask for. The first is the default. */
  readonly encryption: readonly EncryptionType[];
  readonly encryptionHeader: 'amz' | 'oss' | 'cos';
  readonly encryptionProof: boolean;
  readonly kmsKeys: readonly string[];
  readonly manifest: 's3' | 'oss';
  readonly caFile: string | null;
  /** Seconds. */
  readonly timeout: number;
}

/** A `[list_bucket:NAME]` section of type folder, or the built-in bucket `local`. */
export interface FolderBucket {
  readonly name: string;
  /** The folder itself. */
  readonly path: string;
}

/** A bucket of the configuration. */
export type ListBucket = ({ readonly type: 's3' } & S3Bucket) | ({ readonly type: 'folder' } & FolderBucket);

export const HOOK_EVENTS = ['succeeded', 'failed', 'cancelled'] as const;

export type HookEvent = (typeof HOOK_EVENTS)[number];

/** A `[list_hook:NAME]` section, checked. */
export interface ListHook {
  readonly name: string;
  readonly url: string;
  /** The file is read again for each message. */
  readonly secretFile: string;
  readonly events: readonly HookEvent[];
}

export const RUN_STATES = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const;

export type RunState = (typeof RUN_STATES)[number];

export type RunPhase = 'reading' | 'uploading' | 'publishing';

/** A part, as in the row of its run and in the manifest. */
export interface ListFile {
  readonly key: string;
  readonly size: number;
  readonly md5: string;
  readonly rows: number;
}

/** A row of list_runs, without the columns that only the cleaner reads. */
export interface Run {
  readonly id: number;
  readonly job: string;
  readonly dueAt: Date;
  readonly reason: 'schedule' | 'first' | 'request';
  readonly settings: JobSettings;
  readonly state: RunState;
  readonly phase: RunPhase | null;
  /** The number of the attempt, 0 before the first one. */
  readonly attempt: number;
  readonly notBefore: Date | null;
  readonly host: string | null;
  readonly startedAt: Date | null;
  readonly takenAt: Date | null;
  readonly finishedAt: Date | null;
  readonly rows: number | null;
  readonly bytes: number | null;
  readonly files: readonly ListFile[];
  /** The key of manifest.json as a reader of the bucket sees it; null before the run has succeeded. */
  readonly manifestKey: string | null;
  readonly warnings: readonly string[];
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly removedAt: Date | null;
}

/** A row of list_jobs with its newest run. */
export interface Job {
  readonly id: string;
  readonly settings: JobSettings;
  readonly nextDue: Date | null;
  readonly revision: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly lastRun: Run | null;
}

import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { invalidListJob } from '../../errors.js';
import type { Schema } from '../../http/validate.js';
import { OPTIONAL_FIELDS, type Encryption, type JobSettings, type ListBucket, type OptionalField } from '../model.js';
import { withoutOuterSlashes } from '../manifest/keys.js';
import { WEEKDAYS } from './schedule.js';

/** The choices of a job that the configuration allows. */
export interface JobChoices {
  /** The name of this service in lists. */
  readonly source: string;
  /** The time of day of jobs whose schedule has none, `HH:MM`. */
  readonly at: string;
  readonly buckets: readonly ListBucket[];
  readonly hooks: readonly { readonly name: string }[];
}

const JOB_ID = '^[A-Za-z0-9_.-]{1,64}$';
/** `now` is the folder of `stockroom lists now`. */
const RESERVED_IDS = ['.', '..', 'now'];
const PREFIX_BYTES = 1024;
const KEY_BYTES = 1024;

/** The fields of a job that a client sets with the native API and without `optional_fields`. */
export const DEFAULT_FIELDS: readonly OptionalField[] = [
  'LastModifiedDate',
  'ProviderUuid',
  'ProviderName',
  'RootName',
  'ResourceClass',
  'Total',
  'Reserved',
  'AllocationRatio',
  'Capacity',
  'Used',
  'Free',
  'Generation',
];

function object(
  description: string,
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[] = [],
): Schema {
  return { type: 'object', description, additionalProperties: false, required, properties };
}

/** The body of PUT. Messages quote `description`, which states the possible values. settingsOf checks the limits that are not in the schema. */
export const jobSchema: Schema = object(
  'an object',
  {
    id: { type: 'string', pattern: JOB_ID, description: 'the id of the path, or no member' },
    enabled: { type: 'boolean', description: 'true or false' },
    filter: {
      ...object(
        `null or {"prefix": text of at most ${PREFIX_BYTES} bytes}`,
        {
          prefix: {
            type: 'string',
            format: 'text',
            description: `a text of at most ${PREFIX_BYTES} bytes without NUL: how the keys begin, before encoding`,
          },
        },
        ['prefix'],
      ),
      type: ['object', 'null'],
    },
    included_versions: { enum: ['current', 'all'], description: 'current or all' },
    optional_fields: {
      type: 'array',
      uniqueItems: true,
      maxItems: OPTIONAL_FIELDS.length,
      description: 'a list of names of fields, each once',
      items: { enum: [...OPTIONAL_FIELDS], description: `one of ${OPTIONAL_FIELDS.join(', ')}` },
    },
    schedule: object(
      'an object with frequency, at and, when weekly, day',
      {
        frequency: { enum: ['daily', 'weekly'], description: 'daily or weekly' },
        at: {
          type: 'string',
          pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$',
          description: 'HH:MM from 00:00 to 23:59, UTC',
        },
        day: { enum: [...WEEKDAYS], description: `one of ${WEEKDAYS.join(', ')}, with weekly only` },
      },
      ['frequency'],
    ),
    destination: object('an object with bucket, prefix, format and encryption', {
      bucket: { type: 'string', description: 'the name of a bucket of the configuration' },
      prefix: {
        type: 'string',
        maxLength: 512,
        pattern: "^[A-Za-z0-9/!_.*'()~ -]*$",
        description:
          "at most 512 characters of A-Z, a-z, 0-9, /, !, _, ., *, ', (, ), ~, space and -, no part between slashes empty, . or ..",
      },
      format: { enum: ['csv', 'parquet'], description: 'csv or parquet' },
      encryption: {
        ...object(
          'null, {"type": "sse-s3"} or {"type": "sse-kms", "key_id": text or null}',
          {
            type: { enum: ['sse-s3', 'sse-kms'], description: 'sse-s3 or sse-kms' },
            key_id: {
              type: ['string', 'null'],
              description: 'a key that the configuration names, or null for the default key of the bucket',
            },
          },
          ['type'],
        ),
        type: ['object', 'null'],
      },
    }),
    keep_days: {
      type: ['integer', 'null'],
      minimum: 1,
      maximum: 3650,
      description: 'null or a whole number from 1 to 3650',
    },
    notify: {
      type: 'array',
      uniqueItems: true,
      maxItems: 5,
      description: 'a list of at most 5 names of hooks of the configuration, each once',
      items: { type: 'string', description: 'the name of a hook of the configuration' },
    },
  },
  ['enabled', 'schedule', 'destination'],
);

interface JobBody {
  readonly id?: string;
  readonly enabled: boolean;
  readonly filter?: { readonly prefix: string } | null;
  readonly included_versions?: 'current' | 'all';
  readonly optional_fields?: readonly OptionalField[];
  readonly schedule: Omit<JobSettings['schedule'], 'at'> & { readonly at?: string };
  readonly destination: {
    readonly bucket?: string;
    readonly prefix?: string;
    readonly format?: 'csv' | 'parquet';
    readonly encryption?: { readonly type: 'sse-s3' | 'sse-kms'; readonly key_id?: string | null } | null;
  };
  readonly keep_days?: number | null;
  readonly notify?: readonly string[];
}

const ajv = new Ajv({ strict: true, allowUnionTypes: true, strictRequired: false, strictTypes: false, verbose: true });
// PostgreSQL stores neither NUL nor half of a surrogate pair.
ajv.addFormat('text', (text) => !text.includes('\0') && text.isWellFormed());
let compiled: ValidateFunction<JobBody> | undefined;

/** Compiles the schema when the first job is set. That takes 70 ms, a twelfth of the time in which a process loads the program. */
function jobBodyValidator(): ValidateFunction<JobBody> {
  return (compiled ??= ajv.compile<JobBody>(jobSchema));
}

/** @throws 400 stockroom.lists.invalid for an id that no job can have */
function checkJobId(id: string): void {
  if (new RegExp(JOB_ID, 'u').test(id) && !RESERVED_IDS.includes(id)) return;
  throw invalidListJob('id', `1 to 64 characters of A-Z, a-z, 0-9, _, . and -, not ${RESERVED_IDS.join(', ')}`, id);
}

/**
 * Returns the settings of a job from the body of PUT, with all defaults (docs/contract/inventory-lists.md#the-job).
 *
 * @param foreign the elements that the dialects keep for their clients
 * @throws 400 stockroom.lists.invalid that names the member, the possible values and the value that the client sent
 */
export function settingsOf(
  body: unknown,
  id: string,
  choices: JobChoices,
  foreign?: Readonly<Record<string, unknown>>,
): JobSettings {
  checkJobId(id);
  const validate = jobBodyValidator();
  if (!validate(body)) throw misfit(validate.errors?.[0], body);
  if (body.id !== undefined && body.id !== id)
    throw invalidListJob('id', `${id}, the id of the path, or no member`, body.id);
  const { filter = null, schedule, destination, keep_days: keepDays = null, notify = [] } = body;
  if (filter !== null && Buffer.byteLength(filter.prefix) > PREFIX_BYTES) {
    throw invalidListJob('filter.prefix', `at most ${PREFIX_BYTES} bytes`, filter.prefix);
  }
  if (schedule.frequency === 'daily' && schedule.day !== undefined) {
    throw invalidListJob('schedule.day', 'no member with frequency daily', schedule.day);
  }
  const wanted = new Set<string>(body.optional_fields ?? DEFAULT_FIELDS);
  const unknown = notify.find((name) => !choices.hooks.some((hook) => hook.name === name));
  if (unknown !== undefined) throw invalidListJob('notify', namesText('hook', choices.hooks), unknown);
  return {
    enabled: body.enabled,
    filter,
    included_versions: body.included_versions ?? 'current',
    optional_fields: OPTIONAL_FIELDS.filter((name) => wanted.has(name)),
    schedule: {
      frequency: schedule.frequency,
      at: schedule.at ?? choices.at,
      ...(schedule.frequency === 'weekly' ? { day: schedule.day ?? 'sunday' } : {}),
    },
    destination: destinationOf(destination, id, choices),
    keep_days: keepDays,
    notify,
    ...(foreign === undefined ? {} : { foreign }),
  };
}

function destinationOf(
  { bucket: name = 'local', prefix: given = '', format = 'csv', encryption }: JobBody['destination'],
  id: string,
  { source, buckets }: JobChoices,
): JobSettings['destination'] {
  const bucket = buckets.find((one) => one.name === name);
  if (bucket === undefined) throw invalidListJob('destination.bucket', namesText('bucket', buckets), name);
  const prefix = withoutOuterSlashes(given);
  if (prefix !== '' && prefix.split('/').some((part) => ['', '.', '..'].includes(part))) {
    throw invalidListJob('destination.prefix', 'no part between slashes that is empty, . or ..', given);
  }
  const root = bucket.type === 's3' ? bucket.root : '';
  // The longest key: a part of a list of a thousand million rows.
  const key = [root, prefix, source, id, 'data', `${'0'.repeat(36)}-1000.parquet`]
    .filter((part) => part !== '')
    .join('/');
  if (Buffer.byteLength(key) > KEY_BYTES) {
    throw invalidListJob(
      'destination.prefix',
      `keys of at most ${KEY_BYTES} bytes with the root of the bucket before it`,
      given,
    );
  }
  return { bucket: name, prefix, format, encryption: encryptionOf(encryption, bucket) };
}

function encryptionOf(given: JobBody['destination']['encryption'], bucket: ListBucket): Encryption | null {
  const offered = bucket.type === 's3' ? bucket.encryption : (['none'] as const);
  const type = given === undefined ? offered[0] : (given?.type ?? 'none');
  const offer = `${offered.join(' or ')} in the bucket ${bucket.name}`;
  if (type === undefined || !offered.includes(type))
    throw invalidListJob('destination.encryption', offer, given?.type ?? null);
  const keyId = given?.key_id;
  if (type === 'sse-kms') {
    const keys = bucket.type === 's3' ? bucket.kmsKeys : [];
    if (keyId != null && !keys.includes(keyId)) {
      throw invalidListJob('destination.encryption.key_id', [...keys, 'null'].join(' or '), keyId);
    }
    return { type, key_id: keyId ?? null };
  }
  if (keyId !== undefined) throw invalidListJob('destination.encryption.key_id', 'no member without sse-kms', keyId);
  return type === 'none' ? null : { type };
}

function namesText(kind: 'bucket' | 'hook', all: readonly { readonly name: string }[]): string {
  if (all.length === 0) return `no ${kind}: the configuration has none`;
  return `a ${kind} of the configuration (${all.map(({ name }) => name).join(', ')})`;
}

/** Converts an error of ajv into the message of the contract. */
function misfit(error: ErrorObject | undefined, body: unknown): Error {
  if (error === undefined) return invalidListJob('body', 'a job', body);
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const parent = (error.parentSchema ?? {}) as { description?: string; properties?: Record<string, Schema> };
  const member = (...more: string[]): string => [...path, ...more].join('.') || 'body';
  if (error.keyword === 'additionalProperties') {
    const { additionalProperty: name } = error.params as { additionalProperty: string };
    const known = Object.keys(parent.properties ?? {}).join(', ');
    return invalidListJob(
      member(name),
      `no such member (there are ${known})`,
      (error.data as Record<string, unknown>)[name],
    );
  }
  if (error.keyword === 'required') {
    const { missingProperty: name } = error.params as { missingProperty: string };
    return invalidListJob(member(name), describedAs(parent.properties?.[name]), undefined);
  }
  return invalidListJob(member(), describedAs(parent), error.data);
}

function describedAs(schema: Schema | undefined): string {
  return (schema?.['description'] as string | undefined) ?? 'another value';
}

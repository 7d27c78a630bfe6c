import { OPTIONAL_FIELDS, type Encryption, type JobSettings, type OptionalField } from '../model.js';
import { child, parseXml, XmlError, type XmlElement } from '../xml/read.js';
import { invalidArgument, malformedXml } from './error.js';
import type { Dialect } from './signature/signed-request.js';

/** The settings of a job that a dialect can express. */
export interface Configuration {
  readonly id: string;
  readonly enabled: boolean;
  readonly prefix: string | null;
  readonly versions: JobSettings['included_versions'];
  readonly fields: readonly OptionalField[];
  readonly frequency: JobSettings['schedule']['frequency'];
  readonly destination: {
    readonly bucket: string;
    readonly prefix: string;
    readonly format: JobSettings['destination']['format'];
    /** Undefined: the default of the bucket's section. */
    readonly encryption: Encryption | undefined;
  };
  /** Elements without a meaning for this service, by name. */
  readonly foreign: Readonly<Record<string, string>>;
}

export const DESTINATIONS: Readonly<Record<Dialect, string>> = {
  s3: 'S3BucketDestination',
  oss: 'OSSBucketDestination',
  cos: 'COSBucketDestination',
};

/**
 * Reads an InventoryConfiguration of any of the three dialects. Its elements may have any order.
 *
 * @param buckets the names of the destinations in the configuration of the service
 * @throws DialectError that names the element, the value that the client sent and the possible values
 */
export function readConfiguration(document: string, buckets: readonly string[]): Configuration {
  const root = parsed(document);
  if (root.name !== 'InventoryConfiguration') {
    throw malformedXml(`The root element is ${root.name}; expected InventoryConfiguration.`);
  }
  const { Id, IsEnabled, Filter, Destination, Schedule, IncludedObjectVersions, OptionalFields } = members(root, [
    'Id',
    'IsEnabled',
    'Filter',
    'Destination',
    'Schedule',
    'IncludedObjectVersions',
    'OptionalFields',
  ]);
  const destination = readDestination(required(Destination, root, 'Destination'), buckets);
  return {
    id: textOf(required(Id, root, 'Id')),
    enabled: choice(required(IsEnabled, root, 'IsEnabled'), { true: true, false: false }),
    prefix: readFilter(Filter),
    versions: choice(required(IncludedObjectVersions, root, 'IncludedObjectVersions'), {
      Current: 'current',
      All: 'all',
    }),
    fields: readFields(OptionalFields),
    frequency: readFrequency(required(Schedule, root, 'Schedule')),
    ...destination,
  };
}

function parsed(document: string): XmlElement {
  try {
    return parseXml(document);
  } catch (error) {
    if (error instanceof XmlError) throw malformedXml(error.message);
    throw error;
  }
}

function readFilter(filter: XmlElement | undefined): string | null {
  if (filter === undefined) return null;
  const { Prefix } = members(filter, ['Prefix']);
  return Prefix === undefined || Prefix.text === '' ? null : Prefix.text;
}

function readFrequency(schedule: XmlElement): 'daily' | 'weekly' {
  const { Frequency } = members(schedule, ['Frequency']);
  return choice(required(Frequency, schedule, 'Frequency'), { Daily: 'daily', Weekly: 'weekly' });
}

function readFields(element: XmlElement | undefined): readonly OptionalField[] {
  if (element === undefined) return [];
  const names = element.children.map((one) => {
    if (one.name !== 'Field') throw unknownElement(one.name, element.name, ['Field']);
    return textOf(one);
  });
  const known: readonly string[] = OPTIONAL_FIELDS;
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw unknownValue('Field', unknown, known);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalidArgument(`The Field ${twice} is there twice.`);
  return OPTIONAL_FIELDS.filter((name) => names.includes(name));
}

function readDestination(
  element: XmlElement,
  buckets: readonly string[],
): Pick<Configuration, 'destination' | 'foreign'> {
  const kinds = Object.values(DESTINATIONS);
  const [kind, other] = element.children;
  if (kind === undefined || other !== undefined || !kinds.includes(kind.name)) {
    throw invalidArgument(`Destination has to hold one element, one of ${kinds.join(', ')}.`);
  }
  const { AccountId, RoleArn, Bucket, Format, Prefix, Encryption } = members(kind, [
    'AccountId',
    'RoleArn',
    'Bucket',
    'Format',
    'Prefix',
    'Encryption',
  ]);
  const sent = textOf(required(Bucket, kind, 'Bucket'));
  const foreign = { AccountId: AccountId?.text, RoleArn: RoleArn?.text, Bucket: sent };
  return {
    destination: {
      bucket: bucketName(sent, buckets),
      prefix: Prefix?.text ?? '',
      format: choice(required(Format, kind, 'Format'), { CSV: 'csv', Parquet: 'parquet' }),
      encryption: readEncryption(Encryption),
    },
    foreign: Object.fromEntries(
      Object.entries(foreign).filter((pair): pair is [string, string] => (pair[1] ?? '') !== ''),
    ),
  };
}

/** ali-oss sends an empty element when it wants no encryption. The stores treat that as if the element were missing. */
function readEncryption(element: XmlElement | undefined): Encryption | undefined {
  const [kind, other] = element?.children ?? [];
  if (element === undefined || kind === undefined) return undefined;
  const kinds = ['SSE-S3', 'SSE-OSS', 'SSE-COS', 'SSE-KMS'];
  if (other !== undefined) throw invalidArgument('Encryption has to hold one element.');
  if (kind.name === 'SSE-KMS') {
    const { KeyId, keyId } = members(kind, ['KeyId', 'keyId']);
    const id = textOf(KeyId ?? keyId ?? { name: 'KeyId', text: '', children: [] });
    return { type: 'sse-kms', key_id: id === '' ? null : id };
  }
  // The Python SDK of COS sends this name of the element.
  if (kinds.includes(kind.name) || kind.name === 'SSECOS') return { type: 'sse-s3' };
  throw unknownElement(kind.name, 'Encryption', kinds);
}

/**
 * Returns the name of a destination from `arn:aws:s3:::NAME`, `acs:oss:::NAME`, `qcs::cos:REGION::NAME-APPID`, or the plain name. COS
 * adds the number of an account to the name of a bucket. The number is removed when only the name without it is a destination.
 */
function bucketName(sent: string, buckets: readonly string[]): string {
  const [, name = sent] = /^(?:arn|acs|qcs)(?::[^:]*)+:([^:]*)$/.exec(sent) ?? [];
  const withoutAccount = name.replace(/-\d+$/, '');
  return !buckets.includes(name) && buckets.includes(withoutAccount) ? withoutAccount : name;
}

/** Returns the children by name. @throws DialectError for a child that is not in `names`, or that occurs twice */
function members<const Name extends string>(
  element: XmlElement,
  names: readonly Name[],
): Partial<Record<Name, XmlElement>> {
  for (const { name } of element.children) {
    if (!(names as readonly string[]).includes(name)) throw unknownElement(name, element.name, names);
    if (element.children.filter((one) => one.name === name).length > 1) {
      throw invalidArgument(`${element.name} has ${name} twice.`);
    }
  }
  return Object.fromEntries(names.map((name) => [name, child(element, name)])) as Partial<Record<Name, XmlElement>>;
}

function required(element: XmlElement | undefined, { name: parent }: XmlElement, name: string): XmlElement {
  if (element === undefined) throw invalidArgument(`${parent} has no ${name}.`);
  return element;
}

function choice<const Value>(element: XmlElement, choices: Readonly<Record<string, Value>>): Value {
  const text = textOf(element);
  if (Object.hasOwn(choices, text)) return choices[text] as Value;
  throw unknownValue(element.name, text, Object.keys(choices));
}

function textOf({ text }: XmlElement): string {
  return text.trim();
}

function unknownElement(name: string, parent: string, known: readonly string[]): Error {
  return invalidArgument(`${parent} has the element ${name}, which is not known here; known are ${known.join(', ')}.`);
}

function unknownValue(name: string, value: string, known: readonly string[]): Error {
  return invalidArgument(`${name} is ${JSON.stringify(value.slice(0, 100))}; expected one of ${known.join(', ')}.`);
}

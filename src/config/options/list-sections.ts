import { HOOK_EVENTS, type HookEvent, type ListBucket, type ListHook, type Secret } from '../../lists/model.js';
import { withoutOuterSlashes } from '../../lists/manifest/keys.js';
import { ConfigError } from '../error.js';
import { option, type AnyOption } from '../option.js';
import { boolean, expecting, httpUrl, integer, list, oneOf, text } from '../values.js';

/** The sections `[list_bucket:NAME]` and `[list_hook:NAME]`. Files may have any number of them. */

const ENCRYPTION_TYPES = ['none', 'sse-s3', 'sse-kms'] as const;

const none = { default: null, defaultText: 'none' } as const;

function choices<const Choice extends string>(all: readonly Choice[]) {
  return expecting(`${all.join(', ')}, one or several separated by commas`, (value) => {
    const given = list(value);
    const known = given.filter((one): one is Choice => (all as readonly string[]).includes(one));
    return given.length > 0 && known.length === given.length && new Set(given).size === given.length
      ? known
      : undefined;
  });
}

/** The beginning of every key. It has the same rules as the prefix of a job. */
const root = expecting('a path without empty parts, . and ..', (value) => {
  const inner = withoutOuterSlashes(value);
  if (inner === '') return '';
  return inner.split('/').every((part) => /^[A-Za-z0-9!_.*'()~ -]+$/.test(part) && part !== '.' && part !== '..')
    ? inner
    : undefined;
});

/** The URL of a hook. Unlike the URLs of other options it may have a query, because services that receive hooks identify the sender by it. */
const hookUrl = expecting('a URL of the form https://host/path, without user, password or fragment', (value) => {
  if (!URL.canParse(value)) return undefined;
  const url = new URL(value);
  const plain = url.username === '' && url.password === '' && url.hash === '';
  return plain && /^https?:$/.test(url.protocol) ? url.href : undefined;
});

export function bucketOptions(name: string) {
  const group = `list_bucket:${name}`;
  return {
    type: option({
      group,
      name: 'type',
      help: 'A bucket behind the S3 protocol, or a folder.',
      ...none,
      parse: oneOf('s3', 'folder'),
    }),
    path: option({ group, name: 'path', argument: 'FOLDER', help: 'type folder: the folder.', ...none, parse: text }),
    endpoint: option({
      group,
      name: 'endpoint',
      argument: 'URL',
      help: 'type s3: where the store listens.',
      ...none,
      parse: httpUrl,
    }),
    region: option({
      group,
      name: 'region',
      help: 'type s3: the region that requests are signed for.',
      default: 'us-east-1',
      parse: text,
    }),
    bucket: option({
      group,
      name: 'bucket',
      help: 'type s3: the name of the bucket in the store.',
      default: null,
      defaultText: 'the name of the section',
      parse: expecting('the name of a bucket', (value) =>
        /^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/.test(value) ? value : undefined,
      ),
    }),
    root: option({
      group,
      name: 'root',
      help: 'type s3: all keys are below this prefix, whatever a job says.',
      default: '',
      defaultText: 'none',
      parse: root,
    }),
    addressing: option({
      group,
      name: 'addressing',
      help: 'type s3: path for ENDPOINT/BUCKET, host for BUCKET.ENDPOINT.',
      default: 'path',
      parse: oneOf('path', 'host'),
    }),
    accessKey: option({
      group,
      name: 'access_key',
      help: 'type s3: the access key.',
      ...none,
      parse: text,
      secret: true,
    }),
    accessKeyFile: option({
      group,
      name: 'access_key_file',
      argument: 'FILE',
      help: 'type s3: a file with the access key; read again when it changes.',
      ...none,
      parse: text,
    }),
    secretKey: option({
      group,
      name: 'secret_key',
      help: 'type s3: the secret key.',
      ...none,
      parse: text,
      secret: true,
    }),
    secretKeyFile: option({
      group,
      name: 'secret_key_file',
      argument: 'FILE',
      help: 'type s3: a file with the secret key; read again when it changes.',
      ...none,
      parse: text,
    }),
    encryption: option({
      group,
      name: 'encryption',
      help: 'type s3: what jobs may ask for; the first is the default.',
      default: ['none'],
      parse: choices(ENCRYPTION_TYPES),
    }),
    encryptionHeader: option({
      group,
      name: 'encryption_header',
      help: 'type s3: whose headers ask for encryption: amz for S3, Ceph and Swift, oss, or cos.',
      default: 'amz',
      parse: oneOf('amz', 'oss', 'cos'),
    }),
    encryptionProof: option({
      group,
      name: 'encryption_proof',
      help: 'type s3: fail a run when the store does not confirm the encryption. false: trust a store that encrypts and does not say so.',
      default: true,
      parse: boolean(),
    }),
    kmsKeys: option({
      group,
      name: 'kms_keys',
      help: 'type s3: the keys that jobs with sse-kms may name.',
      default: [],
      defaultText: 'none',
      parse: list,
    }),
    manifest: option({
      group,
      name: 'manifest',
      help: 'type s3: the form of the manifest, that of S3 or of OSS.',
      default: 's3',
      parse: oneOf('s3', 'oss'),
    }),
    caFile: option({
      group,
      name: 'ca_file',
      argument: 'FILE',
      help: "type s3: certificates that sign the store's.",
      default: null,
      defaultText: 'those of Node.js',
      parse: text,
    }),
    timeout: option({
      group,
      name: 'timeout',
      help: 'type s3: the longest silence of the store, in seconds.',
      default: 60,
      parse: integer(1, 3600),
    }),
  };
}

export function hookOptions(name: string) {
  const group = `list_hook:${name}`;
  return {
    url: option({
      group,
      name: 'url',
      argument: 'URL',
      help: 'The URL that messages are sent to.',
      ...none,
      parse: hookUrl,
    }),
    secretFile: option({
      group,
      name: 'secret_file',
      argument: 'FILE',
      help: 'A file with the secret that messages are signed with; read again for each message.',
      ...none,
      parse: text,
    }),
    events: option({
      group,
      name: 'events',
      help: 'The ends of runs that cause a message: succeeded, failed, cancelled.',
      default: ['succeeded', 'failed'] as readonly HookEvent[],
      parse: choices(HOOK_EVENTS),
    }),
  };
}

/** The options of a section `list_bucket:NAME` or `list_hook:NAME`; null for other sections. */
export function listSectionOptions(section: string): Readonly<Record<string, AnyOption>> | null {
  const [, kind, name = ''] = /^(list_bucket|list_hook):(.*)$/.exec(section) ?? [];
  if (kind === undefined) return null;
  if (!/^[a-z0-9][a-z0-9._-]{0,62}$/.test(name)) {
    throw new ConfigError(
      `[${section}]: expected a name of 1 to 63 characters of a-z, 0-9, dot, underscore and dash that begins with a letter or a digit, got ${JSON.stringify(name)}.`,
    );
  }
  if (section === 'list_bucket:local') {
    throw new ConfigError(
      '[list_bucket:local]: local is the built-in bucket; [stockroom] lists_dir says where it is. Choose another name.',
    );
  }
  return kind === 'list_bucket' ? bucketOptions(name) : hookOptions(name);
}

type Values<Options> = {
  readonly [Key in keyof Options]: Options[Key] extends { default: infer D; parse: (text: string) => infer V }
    ? D | V
    : never;
};

/** @throws ConfigError when a value is missing or not possible with the type */
export function listBucket(name: string, values: Values<ReturnType<typeof bucketOptions>>): ListBucket {
  const section = `[list_bucket:${name}]`;
  const missing = (what: string): ConfigError => new ConfigError(`${section}: ${what} is missing.`);
  if (values.type === null) throw missing('type, s3 or folder,');
  if (values.type === 'folder') {
    if (values.path === null) throw missing('path, the folder,');
    if (values.encryption.some((one) => one !== 'none')) {
      throw new ConfigError(
        `${section}: option encryption: expected none for a folder, got ${values.encryption.join(', ')}.`,
      );
    }
    return { type: 'folder', name, path: values.path };
  }
  if (values.endpoint === null) throw missing('endpoint, the URL of the store,');
  const secretOf = (what: string, value: string | null, file: string | null): Secret => {
    if (file !== null) return { file };
    if (value !== null) return { value };
    throw missing(`${what} or ${what}_file`);
  };
  return {
    type: 's3',
    name,
    endpoint: values.endpoint,
    region: values.region,
    bucket: values.bucket ?? name,
    root: values.root,
    addressing: values.addressing,
    accessKey: secretOf('access_key', values.accessKey, values.accessKeyFile),
    secretKey: secretOf('secret_key', values.secretKey, values.secretKeyFile),
    encryption: [...values.encryption] as ListBucketEncryption,
    encryptionHeader: values.encryptionHeader,
    encryptionProof: values.encryptionProof,
    kmsKeys: [...values.kmsKeys],
    manifest: values.manifest,
    caFile: values.caFile,
    timeout: values.timeout,
  };
}

type ListBucketEncryption = Extract<ListBucket, { type: 's3' }>['encryption'];

/** @throws ConfigError when a value is missing */
export function listHook(name: string, { url, secretFile, events }: Values<ReturnType<typeof hookOptions>>): ListHook {
  const missing = Object.entries({ url, secret_file: secretFile }).find(([, value]) => value === null)?.[0];
  if (url === null || secretFile === null) throw new ConfigError(`[list_hook:${name}]: ${missing ?? ''} is missing.`);
  return { name, url, secretFile, events };
}

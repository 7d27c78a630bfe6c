import { accessDenied, invalidArgument, noSuchBucket, notImplemented } from './error.js';
import type { RequestSignature, QueryParameter } from './signature/signed-request.js';

/** Path and query as the client sent them, and the bucket that the host or the path names. */
export interface RequestTarget {
  readonly rawPath: string;
  readonly query: readonly QueryParameter[];
  /** Null when the request names no bucket. The source is meant then. */
  readonly bucket: string | null;
  /** The part of the path after the bucket. */
  readonly key: string;
}

/** The operation that a client requests. */
export type Operation =
  | { readonly kind: 'list buckets' | 'head bucket' }
  | { readonly kind: 'list jobs'; readonly token: string | null }
  | { readonly kind: 'get job' | 'delete job' | 'run job'; readonly id: string }
  /** `onlyNew`: a request with the parameter inventoryId of OSS creates a job and never replaces one. */
  | { readonly kind: 'set job'; readonly id: string; readonly onlyNew: boolean };

/** Parameters that decide the operation. Each has to be signed, and must occur only once. */
const MEANINGFUL = ['inventory', 'id', 'inventoryId', 'continuation-token'] as const;

/** Clients send at most four parameters. The service sorts them before it checks the signature, and a URL of 64 KiB has room for 32,000. */
const MOST_PARAMETERS = 100;

/**
 * Splits a URL into its parts without changing them.
 *
 * @param domain `[stockroom] lists_s3_domain`; a host below it names a bucket
 * @throws DialectError
 */
export function readTarget(url: string, host: string, domain: string | null): RequestTarget {
  const mark = url.indexOf('?');
  const rawPath = mark === -1 ? url : url.slice(0, mark);
  const parameters = (mark === -1 ? '' : url.slice(mark + 1)).split('&').filter(Boolean);
  if (parameters.length > MOST_PARAMETERS) {
    throw invalidArgument(`The URL has ${parameters.length} parameters; at most ${MOST_PARAMETERS} are accepted.`);
  }
  const query = parameters.map(readParameter);
  const path = decoded(rawPath);
  const ofHost = domain === null ? null : bucketOfHost(host, domain);
  if (ofHost !== null && !path.startsWith(`/${ofHost}/`) && path !== `/${ofHost}`) {
    return { rawPath, query, bucket: ofHost, key: path.slice(1) };
  }
  const slash = path.indexOf('/', 1);
  const [bucket, key] = slash === -1 ? [path.slice(1), ''] : [path.slice(1, slash), path.slice(slash + 1)];
  return { rawPath, query, bucket: bucket === '' ? ofHost : bucket, key };
}

/**
 * @param source `[stockroom] lists_source`
 * @throws DialectError
 */
export function readOperation(
  method: string,
  { query, bucket, key }: RequestTarget,
  source: string,
  signed: RequestSignature,
): Operation {
  if (bucket !== null && !isSource(bucket, source)) throw noSuchBucket(bucket);
  if (key !== '') throw notImplemented('There are no objects in the source bucket.');
  const values = meaningful(query, signed);
  if (values.inventory === undefined) {
    if (method === 'HEAD') return { kind: 'head bucket' };
    if (method === 'GET' && bucket === null) return { kind: 'list buckets' };
    throw notImplemented(`${method} without the parameter inventory is not known.`);
  }
  const { id, inventoryId } = values;
  if (id !== undefined && inventoryId !== undefined) {
    throw invalidArgument('The parameters id and inventoryId are the same thing: one of them is expected.');
  }
  const name = id ?? inventoryId;
  if (method === 'GET' && name === undefined) return { kind: 'list jobs', token: values['continuation-token'] ?? null };
  if (!['GET', 'PUT', 'DELETE', 'POST'].includes(method)) throw notImplemented(`${method} is not known.`);
  if (name === undefined || name === '') {
    throw invalidArgument('The parameter id (or inventoryId) is expected: the name of the inventory configuration.');
  }
  switch (method) {
    case 'PUT':
      return { kind: 'set job', id: name, onlyNew: inventoryId !== undefined };
    case 'DELETE':
      return { kind: 'delete job', id: name };
    case 'POST':
      return { kind: 'run job', id: name };
    default:
      return { kind: 'get job', id: name };
  }
}

/** A bucket of COS may end with the number of an account. */
function isSource(bucket: string, source: string): boolean {
  return bucket === source || (bucket.startsWith(`${source}-`) && /^\d+$/.test(bucket.slice(source.length + 1)));
}

/** Rejects a parameter that the signature does not cover, because another sender may have added it to the request. */
function meaningful(
  query: readonly QueryParameter[],
  signed: RequestSignature,
): Partial<Record<(typeof MEANINGFUL)[number], string>> {
  const seen = new Set<string>();
  const values: Partial<Record<string, string>> = {};
  for (const { name, value } of query) {
    // COS signs names in lower case. `id` and `ID` would be the same parameter for COS and two parameters for this service.
    if (seen.has(name.toLowerCase())) throw invalidArgument(`The parameter ${name} is there twice.`);
    seen.add(name.toLowerCase());
    if (!(MEANINGFUL as readonly string[]).includes(name)) continue;
    if (!signed.coversParameter(name)) throw accessDenied(`The signature does not cover the parameter ${name}.`);
    values[name] = value;
  }
  return values;
}

function readParameter(raw: string): QueryParameter {
  const equals = raw.indexOf('=');
  const [name, value] = equals === -1 ? [raw, ''] : [raw.slice(0, equals), raw.slice(equals + 1)];
  return { raw, name: decoded(name), value: decoded(value) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalidArgument('The URL is not valid UTF-8 with percent-encoding.');
  }
}

function bucketOfHost(host: string, domain: string): string | null {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return name.endsWith(`.${domain}`) ? name.slice(0, -domain.length - 1) : null;
}

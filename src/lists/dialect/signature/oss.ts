import {
  basicTime,
  headerOf,
  hmac,
  isSame,
  MalformedAuthorization,
  type RequestSignature,
  type SignedRequest,
} from './signed-request.js';
import { versionFour } from './version-four.js';

/** The query parameters that signature version 1 covers, among those of inventory requests. */
const SUBRESOURCES = ['continuation-token', 'inventory', 'inventoryId'];

/**
 * Reads OSS signature version 1: `OSS KEY:base64(HMAC-SHA1)`.
 *
 * @throws MalformedAuthorization
 */
export function readOssV1(authorization: string, request: SignedRequest): RequestSignature {
  const [, accessKey, signature] = /^OSS ([^\s]+):([A-Za-z0-9+/]{27}=)$/.exec(authorization) ?? [];
  if (accessKey === undefined || signature === undefined) {
    throw new MalformedAuthorization('The header authorization does not have the form OSS KEY:SIGNATURE.');
  }
  const { method, query, headers, bucket } = request;
  const date = headerOf(headers, 'x-oss-date') || headerOf(headers, 'date');
  const signedAt = Date.parse(date);
  if (Number.isNaN(signedAt))
    throw new MalformedAuthorization('The header date or x-oss-date is missing, or is no time.');
  const md5 = headerOf(headers, 'content-md5');
  const parameters = query
    .filter(({ name }) => SUBRESOURCES.includes(name))
    .map(({ name, value }) => (value === '' ? name : `${name}=${value}`))
    .sort();
  const stringToSign = [
    method,
    md5,
    headerOf(headers, 'content-type'),
    date,
    ...ossHeaders(request).map((name) => `${name}:${headerOf(headers, name)}`),
    `/${bucket}/${parameters.length === 0 ? '' : '?'}${parameters.join('&')}`,
  ].join('\n');
  return {
    dialect: 'oss',
    accessKey,
    signedAt,
    expiresAt: null,
    forKeystone: { stringToSign, signature },
    isSignedWith: (secret) => isSame(hmac('sha1', secret, stringToSign).toString('base64'), signature),
    coversParameter: (name) => SUBRESOURCES.includes(name),
    body: md5 === '' ? null : 'md5',
  };
}

const V4_FORM =
  /^OSS4-HMAC-SHA256\s+Credential=(?<accessKey>[^,\s]+)\/(?<date>\d{8})\/(?<region>[^/,\s]*)\/(?<product>[^/,\s]+)\/aliyun_v4_request,\s*(?:AdditionalHeaders=(?<names>[^,\s]*),\s*)?Signature=(?<signature>[0-9a-f]{64})$/;

/**
 * Reads OSS signature version 4.
 *
 * @throws MalformedAuthorization
 */
export function readOssV4(authorization: string, request: SignedRequest): RequestSignature {
  const { accessKey, date, region, product, names = '', signature } = V4_FORM.exec(authorization)?.groups ?? {};
  if (accessKey === undefined || date === undefined || signature === undefined) {
    throw new MalformedAuthorization('The header authorization does not have the form of OSS4-HMAC-SHA256.');
  }
  const { headers, bucket } = request;
  const time = headerOf(headers, 'x-oss-date');
  const signedAt = basicTime(time);
  if (Number.isNaN(signedAt) || !time.startsWith(date)) {
    throw new MalformedAuthorization('The header x-oss-date is missing, or is not of the day in Credential.');
  }
  const md5 = headerOf(headers, 'content-md5');
  const always = ['content-md5', 'content-type'].filter((name) => headers[name] !== undefined);
  const signedHeaders = [...new Set([...names.split(';').filter(Boolean), ...always, ...ossHeaders(request)])].sort();
  const payload = headerOf(headers, 'x-oss-content-sha256') || 'UNSIGNED-PAYLOAD';
  const { isSignedWith } = versionFour(request, {
    algorithm: 'OSS4-HMAC-SHA256',
    beforeSecret: 'aliyun_v4',
    time,
    scope: `${date}/${region ?? ''}/${product ?? ''}/aliyun_v4_request`,
    path: `/${bucket}/`,
    parameter: (raw) => raw.replace(/=$/, ''),
    headerLines: signedHeaders.map((name) => `${name}:${headerOf(headers, name)}`),
    headerNames: names,
    payload,
    signature,
  });
  return {
    dialect: 'oss',
    accessKey,
    signedAt,
    expiresAt: null,
    forKeystone: null,
    isSignedWith,
    coversParameter: () => true,
    body: /^[0-9a-f]{64}$/.test(payload) ? { sha256: payload } : md5 === '' ? null : 'md5',
  };
}

/** Headers that both versions always sign. */
function ossHeaders({ headers }: SignedRequest): string[] {
  return Object.keys(headers)
    .filter((name) => name.startsWith('x-oss-'))
    .sort();
}

import {
  basicTime,
  headerOf,
  hexHash,
  hmac,
  isSame,
  MalformedAuthorization,
  type Claim,
  type SignedRequest,
} from './claim.js';

const FORM =
  /^AWS4-HMAC-SHA256\s+Credential=(?<accessKey>[^,\s]+)\/(?<date>\d{8})\/(?<region>[^/,\s]*)\/(?<service>[^/,\s]+)\/aws4_request,\s*SignedHeaders=(?<names>[^,\s]+),\s*Signature=(?<signature>[0-9a-f]{64})$/;

/**
 * AWS Signature Version 4 in the header `authorization`, as S3 has it: the path is encoded once and nothing in it is
 * normalised.
 *
 * @throws MalformedAuthorization
 */
export function readAws4(authorization: string, { method, rawPath, query, headers }: SignedRequest): Claim {
  const { accessKey, date, region, service, names, signature } = FORM.exec(authorization)?.groups ?? {};
  if (accessKey === undefined || date === undefined || names === undefined || signature === undefined) {
    throw new MalformedAuthorization('The header authorization does not have the form of AWS4-HMAC-SHA256.');
  }
  const time = headerOf(headers, 'x-amz-date');
  const signedAt = basicTime(time);
  if (Number.isNaN(signedAt) || !time.startsWith(date)) {
    throw new MalformedAuthorization('The header x-amz-date is missing, or is not of the day in Credential.');
  }
  const signedHeaders = names.split(';');
  if (!signedHeaders.includes('host')) throw new MalformedAuthorization('The header host is not signed.');
  const payload = headerOf(headers, 'x-amz-content-sha256');
  if (payload === '') throw new MalformedAuthorization('The header x-amz-content-sha256 is missing.');

  const canonicalRequest = [
    method,
    rawPath,
    query
      .map(({ raw }) => (raw.includes('=') ? raw : `${raw}=`))
      .sort(byBytes)
      .join('&'),
    ...signedHeaders.map((name) => `${name}:${headerOf(headers, name).replace(/ +/g, ' ')}`),
    '',
    names,
    payload,
  ].join('\n');
  const scope = `${date}/${region ?? ''}/${service ?? ''}/aws4_request`;
  const stringToSign = ['AWS4-HMAC-SHA256', time, scope, hexHash('sha256', canonicalRequest)].join('\n');
  return {
    dialect: 's3',
    accessKey,
    signedAt,
    expiresAt: null,
    // Keystone derives the key for this service alone.
    forKeystone: service === 's3' ? { stringToSign, signature } : null,
    isSignedWith(secret) {
      const key = scope
        .split('/')
        .reduce((parent: string | Buffer, part) => hmac('sha256', parent, part), `AWS4${secret}`);
      return isSame(hmac('sha256', key, stringToSign).toString('hex'), signature);
    },
    coversParameter: () => true,
    body: /^[0-9a-f]{64}$/.test(payload) ? { sha256: payload } : signedHeaders.includes('content-md5') ? 'md5' : null,
  };
}

function byBytes(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

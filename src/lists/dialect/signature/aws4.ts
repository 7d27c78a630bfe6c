import {
  basicTime,
  headerOf,
  MalformedAuthorization,
  signedNames,
  type RequestSignature,
  type SignedRequest,
} from './signed-request.js';
import { versionFour } from './version-four.js';

const FORM =
  /^AWS4-HMAC-SHA256\s+Credential=(?<accessKey>[^,\s]+)\/(?<date>\d{8})\/(?<region>[^/,\s]*)\/(?<service>[^/,\s]+)\/aws4_request,\s*SignedHeaders=(?<names>[^,\s]+),\s*Signature=(?<signature>[0-9a-f]{64})$/;

/**
 * Reads AWS Signature Version 4 from the header `authorization`, in the variant of S3: the path is encoded once and not normalised.
 *
 * @throws MalformedAuthorization
 */
export function readAws4(authorization: string, request: SignedRequest): RequestSignature {
  const { headers } = request;
  const { accessKey, date, region, service, names, signature } = FORM.exec(authorization)?.groups ?? {};
  if (accessKey === undefined || date === undefined || names === undefined || signature === undefined) {
    throw new MalformedAuthorization('The header authorization does not have the form of AWS4-HMAC-SHA256.');
  }
  const time = headerOf(headers, 'x-amz-date');
  const signedAt = basicTime(time);
  if (Number.isNaN(signedAt) || !time.startsWith(date)) {
    throw new MalformedAuthorization('The header x-amz-date is missing, or is not of the day in Credential.');
  }
  const signedHeaders = signedNames(names);
  if (!signedHeaders.includes('host')) throw new MalformedAuthorization('The header host is not signed.');
  const payload = headerOf(headers, 'x-amz-content-sha256');
  if (payload === '') throw new MalformedAuthorization('The header x-amz-content-sha256 is missing.');

  const { stringToSign, isSignedWith } = versionFour(request, {
    algorithm: 'AWS4-HMAC-SHA256',
    beforeSecret: 'AWS4',
    time,
    scope: `${date}/${region ?? ''}/${service ?? ''}/aws4_request`,
    path: request.rawPath,
    parameter: (raw) => (raw.includes('=') ? raw : `${raw}=`),
    headerLines: signedHeaders.map((name) => `${name}:${headerOf(headers, name).replace(/ +/g, ' ')}`),
    headerNames: names,
    payload,
    signature,
  });
  return {
    dialect: 's3',
    accessKey,
    signedAt,
    expiresAt: null,
    // Keystone derives the signing key only for the service `s3`.
    forKeystone: service === 's3' ? { stringToSign, signature } : null,
    isSignedWith,
    coversParameter: () => true,
    body: /^[0-9a-f]{64}$/.test(payload) ? { sha256: payload } : signedHeaders.includes('content-md5') ? 'md5' : null,
  };
}

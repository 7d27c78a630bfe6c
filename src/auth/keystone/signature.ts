import { BrokenResponse, ConnectionFailure, type HttpResponse, type HttpClient } from './http-client.js';
import { LoginRejected, type OwnToken, type OwnTokens } from './own-token.js';
import { parseToken, type TokenData } from './token.js';

/** A signature with the EC2 credentials of a client. */
export interface SignedText {
  readonly accessKey: string;
  readonly stringToSign: string;
  readonly signature: string;
}

/**
 * Asks Keystone (POST /v3/s3tokens) whether a signature was made with the secret of an access key. Returns the data that a token of these
 * credentials would have; null when Keystone rejects the signature.
 *
 * @throws LoginRejected, BrokenResponse, ConnectionFailure when Keystone cannot check the signature
 */
export async function askAboutSignature(
  client: HttpClient,
  ownTokens: OwnTokens,
  signed: SignedText,
): Promise<TokenData | null> {
  const own = await ownTokens.get();
  const response = await ask(client, own, signed);
  if (response.status !== 401) return readResponse(response);
  // Keystone returns 401 for a wrong signature, and also for a wrong token of the service.
  const ofOwn = await client.request('GET', `${own.endpoint}/auth/tokens?nocatalog`, {
    'x-auth-token': own.value,
    'x-subject-token': own.value,
  });
  if (ofOwn.status === 200) return null;
  return readResponse(await ask(client, await ownTokens.get(own), signed));
}

function ask(
  client: HttpClient,
  own: OwnToken,
  { accessKey, stringToSign, signature }: SignedText,
): Promise<HttpResponse> {
  // Base64 with the alphabet for URLs, and with the padding that Keystone requires.
  const token = Buffer.from(stringToSign).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
  const credentials = { access: accessKey, token, signature };
  const headers = { 'x-auth-token': own.value, 'content-type': 'application/json' };
  return client.request('POST', `${own.endpoint}/s3tokens`, headers, JSON.stringify({ credentials }));
}

function readResponse({ status, text }: HttpResponse): TokenData | null {
  // Keystone returns 400 or 404 when the access key is malformed or unknown.
  if (status === 401 || status === 400 || status === 404) return null;
  if (status === 403) {
    throw new LoginRejected('it does not let the service check signatures: its user needs the role service or admin');
  }
  if (status === 502 || status === 503 || status === 504) throw new ConnectionFailure(`it returns ${status}`);
  const data = status === 200 ? parseToken(text) : null;
  if (data === null) throw new BrokenResponse(`it returns ${status} and no token document when a signature is checked`);
  return data;
}

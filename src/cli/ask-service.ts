import { UsageError } from '../config/arguments.js';
import { ApiError } from '../errors.js';

export interface ServiceRequest {
  /** Path and query. */
  readonly target: string;
  /** The microversion; null to send none. */
  readonly version: string | null;
  /** POST with a body and GET without one, unless given. */
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly body?: object;
}

export interface ServiceResponse {
  readonly status: number;
  /** Null for a response without a document. */
  readonly document: unknown;
}

/** The timeout is long, because a request about the whole cloud may wait for other ones. */
const TIMEOUT_MS = 60_000;

/** Sends a request to the service at a URL, and returns the document of the response. @throws the errors of {@link sendToService} */
export async function askService(url: string, token: string | null, request: ServiceRequest): Promise<unknown> {
  return (await sendToService(url, token, request)).document;
}

/**
 * Sends a request to the service at a URL (`--url`).
 *
 * @throws UsageError for an invalid URL, or without a token; ApiError with the status and message of an error response, 503
 *   when the service cannot be reached
 */
export async function sendToService(
  url: string,
  token: string | null,
  { target, version, body, method = body === undefined ? 'GET' : 'POST' }: ServiceRequest,
): Promise<ServiceResponse> {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new UsageError(`--url needs the URL of a service, http://HOST:PORT, got '${url}'.`);
  if (token === null)
    throw new UsageError('--url needs a token in the variable OS_TOKEN: openstack token issue -f value -c id.');
  const headers = {
    'x-auth-token': token,
    accept: 'application/json',
    ...(version === null ? {} : { 'openstack-api-version': `placement ${version}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const init = { ...sent, method, headers, signal: AbortSignal.timeout(TIMEOUT_MS) };
  const response = await fetch((url.endsWith('/') ? url.slice(0, -1) : url) + target, init).catch((error: unknown) => {
    const { cause, message } = error as Error & { cause?: Error };
    throw new ApiError(503, `The service at ${url} cannot be reached: ${cause?.message ?? message}.`);
  });
  const text = await response.text();
  if (!response.ok) throw new ApiError(response.status, messageOf(text) ?? `The service returned ${response.status}.`);
  return { status: response.status, document: text === '' ? null : (JSON.parse(text) as unknown) };
}

/** The message of an error document, without the explanation of its status. */
function messageOf(text: string): string | null {
  try {
    const { errors } = JSON.parse(text) as { errors: [{ detail: string }] };
    return errors[0].detail.split('\n\n').slice(1).join(' ').trim();
  } catch {
    return null;
  }
}

/** Requests to the service that the page came from: below the same prefix, with the token in a header and never in an address. */

/** A 200 of the API. */
export interface Received<Body> {
  readonly body: Body;
  /** When the service sent it. */
  readonly at: Date;
}

export interface Asking {
  readonly token?: string | null;
  /** Microversion; without it, the newest. */
  readonly version?: string | undefined;
  readonly signal?: AbortSignal;
}

/** Why there is no response. */
export class Failure extends Error {
  /** 0 when the service could not be reached. */
  readonly status: number;
  readonly code: string;
  readonly requestId: string | null;
  /** Members of the error object beside those. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(
    status: number,
    message: string,
    details: { code?: string; requestId?: string | null; members?: object } = {},
  ) {
    super(message);
    this.status = status;
    this.code = details.code ?? '';
    this.requestId = details.requestId ?? null;
    this.members = { ...details.members };
  }

  /** The policy rule that rejected the request, when one did. */
  get rule(): string | null {
    return this.status === 403 ? (/Policy does not allow (\S+) to be/.exec(this.message)?.[1] ?? null) : null;
  }

  /** Whether it may pass by itself. */
  get isAway(): boolean {
    return this.status === 0 || this.status === 503;
  }
}

const BASE = new URL('.', location.href.replace(/#.*/, ''));

function urlOf(path: string): string {
  return new URL(path.replace(/^\//, ''), BASE).href;
}

/**
 * Asks with GET.
 *
 * @param path of the API with its query, beginning with a slash
 * @throws Failure for every other status, and when the service cannot be reached
 * @throws DOMException AbortError when the signal says so
 */
export async function ask<Body>(path: string, options: Asking = {}): Promise<Received<Body>> {
  const response = await send(path, { method: 'GET' }, options);
  const body = (await readJson(response)) as Body;
  return { body, at: dateOf(response) };
}

/** Sends a document with POST. @throws as {@link ask} does */
export async function post<Body>(path: string, document: object): Promise<Received<Body>> {
  const init = { method: 'POST', body: JSON.stringify(document), headers: { 'content-type': 'application/json' } };
  const response = await send(path, init, {});
  const body = (await readJson(response)) as Body;
  return { body, at: dateOf(response) };
}

/** Reads a file. @throws as {@link ask} does */
export async function download(path: string, options: Asking): Promise<Blob> {
  const response = await send(path, { method: 'GET' }, options, '*/*');
  return response.blob();
}

async function send(
  path: string,
  init: { readonly method: string; readonly body?: string; readonly headers?: Record<string, string> },
  { token, version, signal }: Asking,
  accept = 'application/json',
): Promise<Response> {
  const headers: Record<string, string> = { accept, ...init.headers };
  if (token !== undefined && token !== null) headers['x-auth-token'] = token;
  const shown = version ?? (path.startsWith('/stockroom/') ? undefined : 'latest');
  if (shown !== undefined) headers['openstack-api-version'] = `placement ${shown}`;
  let response: Response;
  try {
    response = await fetch(urlOf(path), {
      ...init,
      headers,
      cache: 'no-store',
      credentials: 'omit',
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Failure(0, 'The service cannot be reached.');
  }
  if (!response.ok) throw await failureOf(response);
  return response;
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Failure(0, 'The response ended early.');
  }
}

async function failureOf(response: Response): Promise<Failure> {
  const { status } = response;
  const requestId = response.headers.get('x-openstack-request-id');
  const document: unknown = await response.json().catch(() => null);
  const [error] = (document as { errors?: [Record<string, unknown>?] } | null)?.errors ?? [];
  if (error === undefined)
    return new Failure(status, `The response has status ${status}.`, { requestId, members: { document } });
  const { code, detail, title, ...members } = error;
  // The first paragraph explains the status; the second says what happened.
  const paragraphs = textOf(detail).split('\n\n');
  const message = paragraphs.slice(1).join(' ').trim() || textOf(detail).trim() || textOf(title);
  return new Failure(status, message, { code: textOf(code), requestId, members });
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function dateOf(response: Response): Date {
  // Not last-modified: it says when a provider or a consumer changed last, however long ago.
  const stamp = response.headers.get('date');
  const date = stamp === null ? new Date() : new Date(stamp);
  return Number.isNaN(date.getTime()) ? new Date() : date;
}

/** The command that sends a request; the token is a variable of the shell. */
export function curlOf(path: string, version?: string): string {
  const shown = version ?? (path.startsWith('/stockroom/') ? null : 'latest');
  const header = shown === null ? '' : ` -H ${quoted(`openstack-api-version: placement ${shown}`)}`;
  return `curl -sS -H "x-auth-token: $OS_TOKEN"${header} ${quoted(urlOf(path))}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

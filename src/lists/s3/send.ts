import http from 'node:http';
import https from 'node:https';
import { pipeline } from 'node:stream/promises';
import type { Readable } from 'node:stream';

/** A signed request. */
export interface S3Request {
  readonly method: 'PUT' | 'GET' | 'HEAD' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: { readonly size: number; open(): Readable };
  /** In bytes. The rest of the body of the response is not read. */
  readonly maxBody: number;
}

export interface S3Response {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** Cut at `maxBody`. */
  readonly body: Buffer;
  readonly isCut: boolean;
}

export interface SendOptions {
  /** PEM; null for the authorities of Node.js. */
  readonly ca: string | null;
  /** In milliseconds. The longest time for a response, and for a connection on which no bytes are transferred. */
  readonly timeout: number;
  /** In milliseconds. The service sends the body when the store has not sent `100 Continue` after this time; a second unless given. */
  readonly askFirst?: number | undefined;
  readonly signal: AbortSignal;
}

/** The store did not respond in time. */
export class SendTimeout extends Error {}
/** The file to send cannot be read. This is not a failure of the store. */
export class SourceFailure extends Error {}

/** The deadline of a request has one second more for so many bytes of its body. A slower store cannot receive a part in time. */
const SLOWEST_BYTES_PER_SECOND = 100_000;
/** In bytes. For a body of at least this size the service waits for `100 Continue`, so that a rejection arrives before the body is sent. */
const ASK_FIRST_BYTES = 256 * 1024;
const ASK_FIRST_MS = 1000;

/**
 * Sends a request on a new connection and reads the response up to a limit. Follows no redirect and uses no proxy.
 *
 * @throws SendTimeout, SourceFailure, the reason of the signal, or the error of the connection
 */
export async function send(
  request: S3Request,
  { ca, timeout, askFirst = ASK_FIRST_MS, signal }: SendOptions,
): Promise<S3Response> {
  const { body } = request;
  const deadline = timeout + ((body?.size ?? 0) / SLOWEST_BYTES_PER_SECOND) * 1000;
  const late = AbortSignal.timeout(Math.ceil(deadline));
  const either = AbortSignal.any([signal, late]);
  try {
    return await exchange(request, ca, timeout, askFirst, either);
  } catch (error) {
    signal.throwIfAborted();
    if (late.aborted) throw new SendTimeout(`no response within ${Math.ceil(deadline / 1000)} s`);
    throw error;
  }
}

function exchange(
  { method, url, headers, body, maxBody }: S3Request,
  ca: string | null,
  timeout: number,
  askFirst: number,
  signal: AbortSignal,
): Promise<S3Response> {
  const asksFirst = (body?.size ?? 0) >= ASK_FIRST_BYTES;
  return new Promise((resolve, reject) => {
    const options: https.RequestOptions = {
      method,
      signal,
      agent: false,
      headers: {
        ...headers,
        ...(body === undefined ? {} : { 'content-length': String(body.size) }),
        ...(asksFirst ? { expect: '100-continue' } : {}),
      },
      ...(ca === null ? {} : { ca }),
    };
    const request = url.startsWith('https:') ? https.request(url, options) : http.request(url, options);
    let hasResponse = false;
    request.on('error', (error) => {
      // A store that rejects a request may close the connection while the body is sent. Its response counts then, and not the error.
      if (!hasResponse) reject(error);
    });
    // A server may send 101 although the request did not ask for it. Node.js then ends the request without an error and without a response.
    request.on('close', () => {
      if (!hasResponse) reject(new Error('the connection was closed without a response'));
    });
    request.setTimeout(timeout, () => {
      request.destroy(new SendTimeout(`nothing moved for ${timeout / 1000} s`));
    });
    request.once('response', (response) => {
      hasResponse = true;
      readBody(response, maxBody).then((read) => {
        const { statusCode: status = 0, headers: responseHeaders } = response;
        resolve({ status, headers: responseHeaders, ...read });
        request.destroy();
      }, reject);
    });
    if (body === undefined) {
      request.end();
      return;
    }
    let isSent = false;
    const sendBody = (): void => {
      if (isSent || hasResponse || request.destroyed) return;
      isSent = true;
      const fail = (error: Error): void => {
        reject(new SourceFailure(error.message, { cause: error }));
      };
      let source: Readable;
      try {
        source = body.open();
      } catch (error) {
        // This code runs in a timer or an event, where an exception would end the process.
        fail(error as Error);
        request.destroy();
        return;
      }
      source.once('error', fail);
      // The request itself reports errors of the connection.
      pipeline(source, request).catch(() => undefined);
    };
    if (!asksFirst) {
      sendBody();
      return;
    }
    request.once('continue', sendBody);
    setTimeout(sendBody, askFirst).unref();
    request.flushHeaders();
  });
}

async function readBody(response: http.IncomingMessage, max: number): Promise<{ body: Buffer; isCut: boolean }> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    chunks.push(chunk);
    // Leaving the loop destroys the response.
    if (length > max) return { body: Buffer.concat(chunks).subarray(0, max), isCut: true };
  }
  return { body: Buffer.concat(chunks), isCut: false };
}

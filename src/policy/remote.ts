import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { withoutTrailing } from '../trim-end.js';
import type { PolicyQuery } from './compile.js';
import { credentialsOf } from './credentials.js';

/** The options of the requests of `http:` and `https:` checks ([oslo_policy] remote_*). */
export interface RemoteOptions {
  readonly contentType: 'application/x-www-form-urlencoded' | 'application/json';
  /** Seconds within which the response must be complete. */
  readonly timeout: number;
  readonly verifyServer: boolean;
  readonly caFile: string | null;
  readonly certFile: string | null;
  readonly keyFile: string | null;
}

/** In characters. The service stops reading a longer response, because any response but `True` denies. */
const LONGEST_RESPONSE = 64 * 1024;

/**
 * Asks a remote server whether a caller may do something. Only the response `True` allows, with any status.
 *
 * @throws when the server cannot be reached or is too slow, because the result is unknown then
 */
export async function askRemote(url: string, query: PolicyQuery, options: RemoteOptions): Promise<boolean> {
  const body = requestBody(query, options.contentType);
  let text: string;
  try {
    text = await post(url, body, options);
  } catch (error) {
    throw new Error(`The policy server at ${url} did not respond: ${(error as Error).message}`, { cause: error });
  }
  return withoutTrailing(text.replace(/^"+/, ''), '"') === 'True';
}

function requestBody({ rule, target, identity }: PolicyQuery, contentType: RemoteOptions['contentType']): string {
  const members = { rule, target, credentials: credentialsOf(identity) };
  if (contentType === 'application/json') return JSON.stringify(members);
  const form = Object.entries(members).map(([name, value]) => [name, JSON.stringify(value)]);
  return new URLSearchParams(form as [string, string][]).toString();
}

function post(url: string, body: string, options: RemoteOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = (url.startsWith('https:') ? https : http).request(url, {
      method: 'POST',
      headers: { 'content-type': options.contentType, 'content-length': Buffer.byteLength(body) },
      signal: AbortSignal.timeout(options.timeout * 1000),
      ...(url.startsWith('https:') ? tlsOptions(options) : {}),
    });
    request.on('error', (error) => {
      reject(error.name === 'AbortError' ? new Error(`timeout after ${options.timeout} s`) : error);
    });
    let hasResponse = false;
    // A server may send 101 although the request did not ask for it. Node.js then ends the request without an error and without a response.
    request.on('close', () => {
      if (!hasResponse) reject(new Error('the connection was closed without a response'));
    });
    request.on('response', (response) => {
      hasResponse = true;
      let text = '';
      response.setEncoding('utf8');
      response.on('error', reject);
      response.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > LONGEST_RESPONSE) {
          resolve('');
          request.destroy();
        }
      });
      response.on('end', () => {
        resolve(text);
      });
    });
    request.end(body);
  });
}

function tlsOptions({ verifyServer, caFile, certFile, keyFile }: RemoteOptions): https.RequestOptions {
  const file = (path: string | null) => (path === null ? undefined : fs.readFileSync(path));
  return { rejectUnauthorized: verifyServer, ca: file(caFile), cert: file(certFile), key: file(keyFile ?? certFile) };
}

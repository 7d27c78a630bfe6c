import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { setTimeout } from 'node:timers/promises';
import { backOff } from '../../back-off.js';
import { ConfigError } from '../../config.js';
import type { KeystoneOptions, TlsOptions } from './options.js';

/**
 * A small HTTP client. It has keep-alive, one deadline for the whole exchange and a limit on the size of the response. It follows no
 * redirects, because they would send tokens to any address that a response names. The `fetch` of Node.js has no option for the certificates
 * to trust.
 */
export interface HttpClient {
  /** @throws ConnectionFailure when there is no response, BrokenResponse when the response is incomplete or too large */
  request(method: 'GET' | 'POST', url: string, headers: Record<string, string>, body?: string): Promise<HttpResponse>;
  close(): void;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

/** The server cannot be reached, or does not respond in time. */
export class ConnectionFailure extends Error {}
/** The response is not valid, so Keystone does not work correctly. */
export class BrokenResponse extends Error {}

/** Responses are large because of catalogs, which have some hundred kilobytes in a cloud with many regions. */
const MAX_RESPONSE_BYTES = 4 * 1024 * 1024;
const MAX_SOCKETS = 32;
const RETRIES = { first: 50, longest: 1000 };

export function createHttpClient(options: Pick<KeystoneOptions, 'tls' | 'timeoutMs' | 'retries'>): HttpClient {
  const keepAlive = { keepAlive: true, maxSockets: MAX_SOCKETS };
  const plain = new http.Agent(keepAlive);
  const encrypted = new https.Agent({ ...keepAlive, ...certificates(options.tls) });

  const once: HttpClient['request'] = (method, url, headers, body) =>
    new Promise((resolve, reject) => {
      const secure = url.startsWith('https:');
      const signal = AbortSignal.timeout(options.timeoutMs);
      const late = `no response within ${options.timeoutMs / 1000} s`;
      const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
      const request = (secure ? https : http).request(url, {
        method,
        agent: secure ? encrypted : plain,
        headers: { accept: 'application/json', 'user-agent': 'stockroom', ...headers, ...length },
        signal,
      });
      request.on('error', (error) => {
        if (signal.aborted) reject(new Timeout(late));
        else reject(request.reusedSocket ? new StaleConnection(error.message) : new ConnectionFailure(error.message));
      });
      let hasResponse = false;
      // A server may send 101 although the request did not ask for it. Node.js then ends the request without an error and without a response.
      request.on('close', () => {
        if (!hasResponse) reject(new BrokenResponse('the connection was closed without a response'));
      });
      request.once('response', (response) => {
        hasResponse = true;
        read(response).then(
          (text) => {
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
          },
          (error: unknown) => {
            request.destroy();
            reject(signal.aborted ? new Timeout(late) : new BrokenResponse((error as Error).message));
          },
        );
      });
      request.end(body);
    });

  return {
    async request(...exchange) {
      let stale = 0;
      let failures = 0;
      for (;;) {
        try {
          return await once(...exchange);
        } catch (error) {
          if (error instanceof StaleConnection && stale++ < MAX_SOCKETS) continue;
          // The client does not repeat a request that reached its deadline. It repeats one whose connection was rejected or broken, because that
          // takes little time.
          const again = error instanceof ConnectionFailure && !(error instanceof Timeout);
          if (!again || failures >= options.retries) throw error;
          await setTimeout(backOff(++failures, RETRIES), undefined, { ref: false });
        }
      }
    },
    close() {
      plain.destroy();
      encrypted.destroy();
    },
  };
}

class Timeout extends ConnectionFailure {}
/** Keystone may close a kept connection just when a request is sent on it. This is not a failure of Keystone. */
class StaleConnection extends ConnectionFailure {}

async function read(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_RESPONSE_BYTES) throw new Error(`the response is longer than ${MAX_RESPONSE_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function certificates({ cafile, certfile, keyfile, insecure }: TlsOptions): https.AgentOptions {
  const key = keyfile ?? certfile;
  return {
    rejectUnauthorized: !insecure,
    ...(cafile === null ? {} : { ca: readPem(cafile, 'cafile') }),
    ...(certfile === null ? {} : { cert: readPem(certfile, 'certfile') }),
    ...(certfile === null || key === null ? {} : { key: readPem(key, keyfile === null ? 'certfile' : 'keyfile') }),
  };
}

function readPem(path: string, option: string): string {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`[keystone_authtoken] ${option}: ${(error as Error).message}`);
  }
}

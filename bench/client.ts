import { setTimeout } from 'node:timers/promises';
import type { Request } from './request.js';

/** The identity and the microversion headers, the same for every server. */
export const headersOf = ({ version = '1.39' }: Partial<Request> = {}): Record<string, string> => ({
  'x-auth-token': 'admin',
  'openstack-api-version': `placement ${version}`,
  accept: 'application/json',
});

/** A client that builds worlds: a failure ends the benchmark with the server's response. */
export interface Client {
  readonly url: string;
  send(request: Request): Promise<Response>;
  /** The same for many requests, some at a time. */
  sendAll(requests: readonly Request[], what: string): Promise<void>;
}

const AT_A_TIME = 8;
const ATTEMPTS = 5;

/** Calls `say` with the progress of long work. */
export function createClient(url: string, say: (line: string) => void): Client {
  async function send(request: Request): Promise<Response> {
    const { method, path, body } = request;
    const headers = headersOf(request);
    const init =
      body === undefined
        ? { method, headers }
        : { method, headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await fetchPatiently(url + path, init);
    if (!response.ok) throw new Error(`${method} ${url}${path}: ${response.status} ${await response.text()}`);
    return response;
  }

  async function sendAll(requests: readonly Request[], what: string): Promise<void> {
    let started = 0;
    const sendSome = async (): Promise<void> => {
      for (let request = requests[started++]; request !== undefined; request = requests[started++]) {
        await (await send(request)).arrayBuffer();
        if (started % 100 === 0) say(`${url}: ${what} ${started} of ${requests.length}`);
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, sendSome));
  }

  return { url, send, sendAll };
}

/** Servers that close each connection after its response now and then reset one; that is not worth failing for. */
async function fetchPatiently(url: string, init: RequestInit): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await fetch(url, init);
    } catch (error) {
      if (attempt === ATTEMPTS) throw new Error(`${url} cannot be reached`, { cause: error });
      await setTimeout(50 * attempt);
    }
  }
}

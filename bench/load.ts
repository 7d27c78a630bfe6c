import net from 'node:net';
import { responseReader } from '../test/support/response-reader.js';
import { headersOf } from './client.js';
import type { Conversation, Conversations, Request } from './scenario.js';

/**
 * The load generator: a number of connections, each sending its next request when the last response has come. Written for
 * this because a client must not be the bottleneck, and because the reference closes every connection after its response,
 * which is no error: autocannon sends the next request into the closing connection and counts the failure, and its
 * requests cannot depend on responses across a reconnect.
 */

export interface LoadOptions {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
}

export interface LoadResult {
  readonly requestsPerSecond: number;
  /** Responses that were not what the scenario expects. */
  readonly wrong: number;
  /** An example of the wrong responses. */
  readonly example: string | null;
  /** Connections that broke before their response; the request was sent again. */
  readonly resets: number;
}

/** Ends when every connection has its last response, so nothing is under way that could change the world later. */
export async function runLoad(options: LoadOptions, conversations: Conversations): Promise<LoadResult> {
  const tally = { responses: 0, wrong: 0, example: null as string | null, resets: 0 };
  const start = performance.now();
  const deadline = start + options.seconds * 1000;
  await Promise.all(
    Array.from({ length: options.connections }, (_, index) =>
      converse(options.url, conversations(index), deadline, tally),
    ),
  );
  const elapsed = (performance.now() - start) / 1000;
  const { wrong, example, resets } = tally;
  return { requestsPerSecond: tally.responses / elapsed, wrong, example, resets };
}

interface Tally {
  responses: number;
  wrong: number;
  example: string | null;
  resets: number;
}

const RESETS_IN_A_ROW = 20;

/** One conversation, over as many connections as the server makes of it. */
function converse(url: string, conversation: Conversation, deadline: number, tally: Tally): Promise<void> {
  const { hostname, port, host } = new URL(url);
  return new Promise((resolve, reject) => {
    let resetsInARow = 0;
    let request: Request;

    function connect(): void {
      const socket = net.connect({ host: hostname, port: Number(port), noDelay: true });
      const received = responseReader();
      let responded = false;
      const send = (): void => {
        responded = false;
        request = conversation.next();
        socket.write(toBytes(request, host));
      };
      socket.on('connect', send);
      socket.on('data', (chunk) => {
        const response = received(chunk);
        if (response === null) return;
        responded = true;
        resetsInARow = 0;
        tally.responses++;
        if (!conversation.responded(response.status, response.body)) {
          tally.wrong++;
          tally.example ??= `${request.method} ${request.path}: ${response.status} ${response.body().slice(0, 300)}`;
        }
        if (performance.now() >= deadline) {
          socket.destroy();
          resolve();
        } else if (response.closes) {
          socket.destroy();
          connect();
        } else {
          send();
        }
      });
      const onBroken = (): void => {
        if (responded || socket.destroyed) return;
        socket.destroy();
        tally.resets++;
        if (++resetsInARow < RESETS_IN_A_ROW) connect();
        else reject(new Error(`${url} does not respond to ${request.method} ${request.path}`));
      };
      socket.on('end', onBroken);
      socket.on('error', onBroken);
    }

    connect();
  });
}

const withoutBody = new WeakMap<Request, Buffer>();

/** Reads are the same objects again and again, so their bytes are kept. */
function toBytes(request: Request, host: string): Buffer {
  const kept = withoutBody.get(request);
  if (kept !== undefined) return kept;
  const headers = Object.entries(headersOf(request)).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `${request.method} ${request.path} HTTP/1.1\r\nhost: ${host}\r\n${headers.join('')}`;
  if (request.body === undefined) {
    const bytes = Buffer.from(`${head}\r\n`);
    withoutBody.set(request, bytes);
    return bytes;
  }
  const body = JSON.stringify(request.body);
  const length = Buffer.byteLength(body);
  return Buffer.from(`${head}content-type: application/json\r\ncontent-length: ${length}\r\n\r\n${body}`);
}

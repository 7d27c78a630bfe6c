import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { assertDocumented } from './api-document.js';

/** A response as it came over the wire. */
export interface Response {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

export interface WireRequest {
  readonly method?: string;
  /** Sent exactly as it is written. */
  readonly path: string;
  /** On top of admin's token, JSON and the newest version; null leaves a header out. */
  readonly headers?: Readonly<Record<string, string | null>>;
  readonly body?: string | Buffer;
}

/** One request, sent without a client library that would normalize it. Fails when its response is not as api-ref/openapi.json says. */
export async function send(base: string, request: WireRequest): Promise<Response> {
  const response = await sendElsewhere(base, request);
  assertDocumented({ method: request.method ?? 'GET', path: request.path, ...response });
  return response;
}

/** The same for a port that is not the API's. */
export function sendElsewhere(
  base: string,
  { method = 'GET', path, headers = {}, body }: WireRequest,
): Promise<Response> {
  const all: Record<string, string | null> = {
    'x-auth-token': 'admin',
    accept: 'application/json',
    'openstack-api-version': 'placement 1.39',
    ...(body === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
    ...headers,
  };
  const sent = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null)) as Record<string, string>;
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const request = http.request({ hostname, port, method, path, headers: sent, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const { statusCode = 0, headers: received } = response;
        resolve({ status: statusCode, headers: received, text: Buffer.concat(chunks).toString() });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** The head of a request whose body is to follow: the service works on it until the body has come. */
export const HEAD_WITHOUT_BODY =
  'PUT /resource_providers/00000000-0000-4000-8000-000000000001/inventories HTTP/1.1\r\nhost: x\r\n' +
  'x-auth-token: admin\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n';

/** A server that returns 101 to each request, which no client here asks for. */
export async function startSwitcher(): Promise<{ readonly url: string; close(): void }> {
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}/`, close: () => void server.close() };
}

/** Sends bytes as they are and returns all that comes back until the server closes. */
export function sendBytes(base: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = net.connect(Number(port), hostname, () => socket.write(Buffer.from(bytes, 'latin1')));
    socket.on('data', (chunk) => (received += chunk.toString()));
    socket.on('close', () => {
      resolve(received);
    });
    // The server may reset a connection whose last bytes it has not read.
    socket.on('error', (error) => {
      if (received === '') reject(error);
      else resolve(received);
    });
  });
}

/** The error object of a response that has one. */
export function errorOf(response: Response): { status: number; detail: string; code?: string; request_id: string } {
  return (JSON.parse(response.text) as { errors: [ReturnType<typeof errorOf>] }).errors[0];
}

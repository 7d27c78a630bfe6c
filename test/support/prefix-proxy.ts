import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** A reverse proxy that shows a service below a prefix, as a web server in front of it does. */
export interface Front {
  /** With the prefix, without a slash at its end. */
  readonly url: string;
  /** Where requests go; with null it breaks connections, as a service that is stopped does. */
  pointAt(target: string | null): void;
  close(): Promise<void>;
}

export async function startFront(prefix: string): Promise<Front> {
  let target: string | null = null;
  const server = http.createServer((request, response) => {
    const { method, headers, url = '' } = request;
    if (target === null || !url.startsWith(`${prefix}/`)) {
      request.socket.destroy();
      return;
    }
    const forwarded = { 'x-forwarded-prefix': prefix, 'x-forwarded-proto': 'http', 'x-forwarded-host': headers.host };
    const options = { method, headers: { ...headers, ...forwarded } };
    const inner = http.request(new URL(url.slice(prefix.length), target), options, (received) => {
      response.writeHead(received.statusCode ?? 502, received.headers);
      received.on('error', () => response.destroy());
      received.pipe(response);
    });
    inner.on('error', () => response.destroy());
    response.on('close', () => inner.destroy());
    request.pipe(inner);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`,
    pointAt(next) {
      target = next;
      if (next === null) server.closeAllConnections();
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

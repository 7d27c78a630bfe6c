import http from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A child process: the fastest that Node's own server can serve. It sends one response, which its parent sets, whatever is
 * asked; its first message to the parent is its port.
 */
export interface BareResponse {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

let received: BareResponse = { headers: {}, body: '' };

process.on('message', (message) => {
  received = message as BareResponse;
  process.send!('set');
});
process.on('disconnect', () => process.exit());

const server = http.createServer((_request, response) => {
  response.writeHead(200, received.headers).end(received.body);
});
server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port));

import type { IncomingMessage, ServerResponse } from 'node:http';
import { endGently } from './request-queue.js';

/** Before a response to a request whose body is not read: what is left of it must not be taken for the next request. */
export function dropBody(req: IncomingMessage, res: ServerResponse): void {
  const hasBody = req.headers['content-length'] !== undefined || req.headers['transfer-encoding'] !== undefined;
  if (req.complete || !hasBody) return;
  res.shouldKeepAlive = false;
  // A client that is still sending would lose the response to the reset that closing at once means.
  req.socket.destroySoon = () => {
    endGently(req.socket);
  };
}

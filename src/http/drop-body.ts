import type { IncomingMessage, ServerResponse } from 'node:http';
import { endGently } from './request-queue.js';

/** Discards the unread body of a request before its response, so that the rest of the body is not parsed as the next request. */
export function dropBody(req: IncomingMessage, res: ServerResponse): void {
  const hasBody = req.headers['content-length'] !== undefined || req.headers['transfer-encoding'] !== undefined;
  if (req.complete || !hasBody) return;
  res.shouldKeepAlive = false;
  // Closing at once would reset the connection, and a client that still sends would lose the response.
  req.socket.destroySoon = () => {
    endGently(req.socket);
  };
}

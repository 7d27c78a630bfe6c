import type http from 'node:http';
import type { Socket } from 'node:net';
import type { Response } from 'express';
import type { ApiError } from '../errors.js';
import { sendLastError } from './respond.js';
import { isIdle, responseUnderWay } from './request-queue.js';

/** The connections of an HTTP server that does not listen: another object, perhaps in another process, accepts them. */
export interface Connections {
  receive(socket: Socket): void;
  /**
   * Finishes the requests that have begun and closes idle connections. Resolves when all connections are closed.
   *
   * @param deadline milliseconds after which the server closes all connections
   * @param hurry closes them at once when it aborts
   */
  end(deadline: number, hurry: AbortSignal): Promise<void>;
  /**
   * Sends the error to every client whose request has no response yet. It is synchronous, because the process ends.
   *
   * @returns the ids of these requests
   */
  failAll(error: ApiError): string[];
}

/** Idle connections stay open for this time: a client that sends a request within it gets a response with `connection: close`. */
const IDLE_AFTER_MS = 500;

/** After this time the server closes the connections of clients that have sent nothing. */
const SILENT_AFTER_MS = 2000;

const SWEEP_EVERY_MS = 50;

export function connectionsOf(server: http.Server): Connections {
  const sockets = new Set<Socket>();
  let onNone = (): void => undefined;
  // Node enforces its timeouts for headers and bodies only after a server listens.
  server.emit('listening');

  return {
    receive(socket) {
      sockets.add(socket);
      socket.once('close', () => {
        sockets.delete(socket);
        if (sockets.size === 0) onNone();
      });
      // A listening server sets this, too: a client may have ended its side and still wait for the response.
      socket.allowHalfOpen = true;
      server.emit('connection', socket);
      socket.resume();
    },
    async end(deadline, hurry) {
      const start = performance.now();
      const cut = (): void => {
        for (const socket of sockets) socket.destroy();
      };
      const sweep = (): void => {
        const waited = performance.now() - start;
        for (const socket of sockets) {
          // server.closeIdleConnections would also close connections whose last response is still being sent.
          if (waited > IDLE_AFTER_MS && isIdle(socket)) socket.destroy();
          if (waited > SILENT_AFTER_MS && socket.bytesRead === 0) socket.destroy();
        }
      };
      const none = new Promise<void>((resolve) => (onNone = resolve));
      const late = setTimeout(cut, deadline);
      // `setImmediate` runs after Node.js has read the bytes that arrived, so a connection whose request has arrived is not idle.
      const timer = setInterval(() => setImmediate(sweep), SWEEP_EVERY_MS);
      hurry.addEventListener('abort', cut);
      if (hurry.aborted) cut();
      if (sockets.size > 0) await none;
      clearTimeout(late);
      clearInterval(timer);
      hurry.removeEventListener('abort', cut);
      server.close();
    },
    failAll(error) {
      return [...sockets].flatMap((socket) => {
        const res = responseUnderWay(socket);
        return res === null || res.headersSent ? [] : (sendLastError(res as Response, error) ?? []);
      });
    },
  };
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ApiError } from '../errors.js';
import type { Holding, MemoryBudget } from './memory-budget.js';

/**
 * Serves one request of a connection at a time. The parser of Node.js dispatches all requests of a packet at once, so a client that
 * sends 2,000 requests and reads nothing would have 2,000 responses in memory. The queue lets a request wait until the response to the
 * request before it is written, and does not read from the socket while requests wait.
 */
export interface RequestQueue {
  /** Serves a request after the response to the request before it was written. */
  readonly take: (req: IncomingMessage, res: ServerResponse) => void;
  /**
   * Ends a connection on which malformed bytes have arrived; Node.js parses nothing after them. The requests before them are served
   * first. If the bytes are in the body of a request, that request gets the error as its response (see {@link onBroken}). Otherwise the
   * queue calls `say` when the earlier responses are written.
   */
  readonly break: (socket: Socket, error: ApiError, say: () => void) => void;
}

/** The state of a connection that has sent a request. */
interface Connection {
  current: QueuedRequest | null;
  readonly waiting: QueuedRequest[];
  /** The memory of the requests that wait. */
  holding: Holding | null;
  /** The number of bytes that had arrived when the last response was written. */
  bytesRead: number;
  /** The request whose head arrived last. */
  last: IncomingMessage | null;
  broken: { readonly error: ApiError; readonly say: (() => void) | null } | null;
  isHeld: boolean;
  /** The listener of the request whose body is being read. */
  bodyListener: ((error: ApiError) => void) | null;
}

interface QueuedRequest {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/**
 * The queue closes a connection when more than this many of its requests wait. A packet of 64 KiB holds some 500 requests with ordinary
 * headers, or 3,640 of the shortest. HTTP lets a server close a connection, and no known client of Placement sends two requests at once.
 */
const MOST_WAITING = 1000;

/** In milliseconds. The service reads from a connection that it closes for this time, so that the client gets the last response and no reset. */
const LINGER_MS = 2000;

/**
 * The key of a property of the socket. A WeakMap with a key for each request would triple the time of the garbage collector, which
 * visits all keys each time it collects young objects.
 */
const CONNECTION = Symbol('connection');

interface KnownSocket extends Socket {
  [CONNECTION]?: Connection;
}

function connectionOf(socket: KnownSocket): Connection | undefined {
  return socket[CONNECTION];
}

/** Calls the listener when the rest of the body is malformed. Calls it at once when malformed bytes have arrived already. */
export function onBroken(req: IncomingMessage, listener: (error: ApiError) => void): void {
  const connection = connectionOf(req.socket);
  if (connection === undefined) return;
  if (connection.broken !== null && connection.last === req) listener(connection.broken.error);
  else connection.bodyListener = listener;
}

/** Returns the response of the request that is being served, or null when there is none. */
export function responseUnderWay(socket: Socket): ServerResponse | null {
  return connectionOf(socket)?.current?.res ?? null;
}

/** Whether nothing of a request has arrived since the last response was written. */
export function isIdle(socket: Socket): boolean {
  const connection = connectionOf(socket);
  return connection?.current === null && socket.bytesRead === connection.bytesRead;
}

export interface RequestQueueOptions {
  /** Never throws. */
  readonly serve: (req: IncomingMessage, res: ServerResponse) => void;
  /** The budget for the memory of requests that wait. */
  readonly budget: MemoryBudget;
}

export function createRequestQueue({ serve, budget }: RequestQueueOptions): RequestQueue {
  function begin(connection: Connection, queued: QueuedRequest): void {
    connection.current = queued;
    // Node.js emits 'close' once: after it has given the last byte to the system, or when the socket is closed.
    queued.res.on('close', onClose);
    serve(queued.req, queued.res);
  }

  /** All responses share this one function. */
  function onClose(this: ServerResponse): void {
    const { socket } = this.req;
    const connection = connectionOf(socket);
    if (connection !== undefined) end(connection, socket);
  }

  function end(connection: Connection, socket: Socket): void {
    connection.current = null;
    connection.bodyListener = null;
    connection.bytesRead = socket.bytesRead;
    // The last response had `connection: close`, or the client has closed the connection. The requests that wait are dropped.
    if (!socket.writable) {
      connection.waiting.length = 0;
      connection.holding?.leave();
    }
    const next = connection.waiting.shift();
    if (next !== undefined) connection.holding?.add(-sizeOf(next));
    if (connection.waiting.length === 0 && connection.isHeld) {
      connection.isHeld = false;
      socket.resume();
    }
    if (next !== undefined) begin(connection, next);
    else if (connection.broken !== null) finishBroken(connection, socket);
  }

  return {
    take(req, res) {
      const { socket } = req;
      // Node.js continues to parse a packet after its connection was closed.
      if (socket.destroyed) return;
      let connection = connectionOf(socket);
      if (connection === undefined) {
        connection = {
          current: null,
          waiting: [],
          holding: null,
          bytesRead: 0,
          last: null,
          broken: null,
          isHeld: false,
          bodyListener: null,
        };
        (socket as KnownSocket)[CONNECTION] = connection;
      }
      connection.last = req;
      if (connection.current === null) {
        begin(connection, { req, res });
        return;
      }
      const queued = { req, res };
      connection.waiting.push(queued);
      hold(connection, socket);
      const cut = (): void => {
        connection.waiting.length = 0;
        socket.destroy();
      };
      // To free the memory, the queue closes the connection, because Node.js keeps parsed requests as long as the connection exists.
      connection.holding ??= budget.enter(cut);
      connection.holding.add(sizeOf(queued));
      if (connection.waiting.length > MOST_WAITING) cut();
    },
    break(socket, error, say) {
      const connection = connectionOf(socket);
      if (connection === undefined || (connection.current === null && connection.last?.complete !== false)) {
        say();
        return;
      }
      if (connection.broken !== null) return;
      const isInBody = connection.last?.complete === false;
      connection.broken = { error, say: isInBody ? null : say };
      if (connection.last?.complete === false && connection.last === connection.current?.req) {
        connection.bodyListener?.(error);
      }
      if (connection.current === null) finishBroken(connection, socket);
    },
  };
}

/** A request and its response take 2 to 3.4 kB in Node.js 20. The headers come on top: as raw text, and as names and values. */
function sizeOf({ req }: QueuedRequest): number {
  let size = 4096;
  for (const text of req.rawHeaders) size += 2 * text.length;
  return size;
}

/** Stops reading from the socket until {@link Connection.isHeld} is false. Node.js resumes the socket after each message, so this pauses it again. */
function hold(connection: Connection, socket: Socket): void {
  if (connection.isHeld) return;
  connection.isHeld = true;
  socket.pause();
  const again = (): void => {
    if (connection.isHeld) socket.pause();
    else socket.off('resume', again);
  };
  socket.on('resume', again);
}

function finishBroken({ broken }: Connection, socket: Socket): void {
  if (broken?.say != null) broken.say();
  else endGently(socket);
}

/** Sends the last bytes, and closes the socket later: closing it with unread bytes resets the connection, and the client may lose the response. */
export function endGently(socket: Socket, bytes = ''): void {
  if (socket.destroyed) return;
  if (socket.writable) socket.end(bytes);
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ApiError } from '../errors.js';
import type { Holding, MemoryBudget } from './memory-budget.js';

/**
 * One request of a connection at a time. Node's parser dispatches all requests of a packet at once, so a client that sends
 * 2,000 requests and reads nothing would have 2,000 responses in memory. Here a request waits until the response to the
 * one before it is written, and while requests wait the socket is not read.
 */
export interface RequestQueue {
  /** Serves a request after the response to the request before it was written. */
  readonly take: (req: IncomingMessage, res: ServerResponse) => void;
  /**
   * What arrived cannot be understood, and nothing after it. The requests before it are served first. A request whose own body
   * is broken gets the error as its response (see {@link onBroken}); otherwise `say` is called when the socket is free.
   */
  readonly break: (socket: Socket, error: ApiError, say: () => void) => void;
}

/** The state of a connection that has sent a request. */
interface Connection {
  current: QueuedRequest | null;
  readonly waiting: QueuedRequest[];
  /** Of the requests that wait. */
  holding: Holding | null;
  /** Bytes that had arrived when the last response was written. */
  bytesRead: number;
  /** The request whose head arrived last. */
  last: IncomingMessage | null;
  broken: { readonly error: ApiError; readonly say: (() => void) | null } | null;
  isHeld: boolean;
  /** Of the request whose body is being read. */
  bodyListener: ((error: ApiError) => void) | null;
}

interface QueuedRequest {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/**
 * A packet of 64 KiB holds some 500 requests with ordinary headers, and 3,640 of the shortest. A client that has more than
 * this many waiting is cut off: HTTP lets a server close, and no known client of Placement sends two at once.
 */
const MOST_WAITING = 1000;

/** How long a closed connection is still read from, so that the client gets the last response and no reset, in milliseconds. */
const LINGER_MS = 2000;

/**
 * A property of the socket. A WeakMap with a key for each request would triple the time of the garbage collector, which
 * visits all keys whenever it collects young objects.
 */
const CONNECTION = Symbol('connection');

interface KnownSocket extends Socket {
  [CONNECTION]?: Connection;
}

function connectionOf(socket: KnownSocket): Connection | undefined {
  return socket[CONNECTION];
}

/** Calls the listener when the rest of the body cannot be understood; at once, when that has happened already. */
export function onBroken(req: IncomingMessage, listener: (error: ApiError) => void): void {
  const connection = connectionOf(req.socket);
  if (connection === undefined) return;
  if (connection.broken !== null && connection.last === req) listener(connection.broken.error);
  else connection.bodyListener = listener;
}

/** The response of the request that is being served, if there is one. */
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
  /** Where requests are that wait. */
  readonly budget: MemoryBudget;
}

export function createRequestQueue({ serve, budget }: RequestQueueOptions): RequestQueue {
  function begin(connection: Connection, queued: QueuedRequest): void {
    connection.current = queued;
    // Emitted once, after the last byte was given to the system, or when the socket has gone.
    queued.res.on('close', onClose);
    serve(queued.req, queued.res);
  }

  /** One function for all responses. */
  function onClose(this: ServerResponse): void {
    const { socket } = this.req;
    const connection = connectionOf(socket);
    if (connection !== undefined) end(connection, socket);
  }

  function end(connection: Connection, socket: Socket): void {
    connection.current = null;
    connection.bodyListener = null;
    connection.bytesRead = socket.bytesRead;
    // The last response said `connection: close`, or the client has gone: waiting requests are dropped.
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
      // Node goes on with the packet when its connection has been cut.
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
      // Its connection goes, because Node keeps what it has parsed as long as there is one.
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

/** A request and its response take 2 to 3.4 kB in Node.js 20, and the headers come on top, as text and as names and values. */
function sizeOf({ req }: QueuedRequest): number {
  let size = 4096;
  for (const text of req.rawHeaders) size += 2 * text.length;
  return size;
}

/** Stops reading until {@link Connection.isHeld} is false again, although Node resumes the socket after each message. */
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

/** Sends the last bytes and closes. Closing a socket with unread bytes resets the connection, and the client may lose the response. */
export function endGently(socket: Socket, bytes = ''): void {
  if (socket.destroyed) return;
  if (socket.writable) socket.end(bytes);
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

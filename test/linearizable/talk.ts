import net from 'node:net';
import { responseReader } from '../support/response-reader.js';
import type { Moment } from './history.js';

export interface Reply {
  /** 0: there was no response. */
  readonly status: number;
  readonly body: unknown;
  /** It was carried out or rejected, it was not carried out, or that is unknown. */
  readonly outcome: Exclude<Moment, 'invoke'>;
  /** Which service was asked. */
  readonly service: number;
}

export interface Talk {
  /** One request. The next goes to the next service. @param body sent as JSON */
  readonly ask: (method: string, path: string, body?: unknown) => Promise<Reply>;
  /** Closes the connections. No request may be under way. */
  readonly end: () => void;
}

/** What all clients of a run were told. */
export interface Heard {
  /** Requests so far, by status; 0: no response. */
  readonly statuses: Map<number, number>;
  /** What no client expects. */
  readonly surprises: string[];
}

/** Longer than the service takes to say that it cannot respond. */
const NO_RESPONSE_MS = 60_000;

/**
 * Asks one service after the other, over one connection that it keeps to each. On sockets, because the client of `node:http` takes more
 * processor time for a small read than the service does.
 *
 * @param first the service that is asked first
 */
export function createTalk(urls: readonly string[], first: number, { statuses, surprises }: Heard): Talk {
  const lines = urls.map((url) => createLine(new URL(url)));
  let turn = first;

  return {
    async ask(method, path, body) {
      const service = turn++ % urls.length;
      const reply = await lines[service]!.ask(method, path, body).then(
        ({ status, text }): Reply => {
          // A 503 says when it is unknown whether the request was carried out (docs/explanation/when-the-database-breaks.md).
          const outcome = status < 500 ? 'ok' : status !== 503 || /may or may not/.test(text) ? 'info' : 'fail';
          if (status >= 500 && status !== 503) surprises.push(`${method} ${path}: ${status} ${text}`);
          return { status, body: parsed(text), outcome, service };
        },
        (error: unknown): Reply => {
          const refused = (error as NodeJS.ErrnoException).code === 'ECONNREFUSED';
          return { status: 0, body: null, outcome: refused ? 'fail' : 'info', service };
        },
      );
      statuses.set(reply.status, (statuses.get(reply.status) ?? 0) + 1);
      return reply;
    },
    end() {
      for (const line of lines) line.end();
    },
  };
}

function parsed(text: string): unknown {
  try {
    return text === '' ? null : (JSON.parse(text) as unknown);
  } catch {
    return text;
  }
}

interface Line {
  /** Rejects when the connection breaks or does not come about. */
  ask(method: string, path: string, body: unknown): Promise<{ status: number; text: string }>;
  end(): void;
}

interface Waiting {
  resolve(response: { status: number; text: string }): void;
  reject(error: Error): void;
}

/** One connection at a time, a new one after the last was closed. */
function createLine({ hostname, port, host }: URL): Line {
  let socket: net.Socket | null = null;
  let waiting: Waiting | null = null;

  function connect(): net.Socket {
    const made = net.connect({ host: hostname, port: Number(port), noDelay: true, timeout: NO_RESPONSE_MS });
    const received = responseReader();
    made.on('data', (chunk) => {
      const response = received(chunk);
      if (response === null) return;
      if (response.closes) close(made);
      const { status } = response;
      take()?.resolve({ status, text: response.body() });
    });
    const broken = (error: Error): void => {
      if (close(made)) take()?.reject(error);
    };
    made.on('error', broken);
    made.on('end', () => {
      broken(new Error('the service closed the connection'));
    });
    made.on('close', () => {
      broken(new Error('the connection is closed'));
    });
    made.on('timeout', () => {
      broken(new Error('no response'));
    });
    return made;
  }

  /** @returns whether it was the present connection */
  function close(one: net.Socket): boolean {
    one.destroy();
    if (socket !== one) return false;
    socket = null;
    return true;
  }

  function take(): Waiting | null {
    const taken = waiting;
    waiting = null;
    return taken;
  }

  return {
    ask: (method, path, body) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        socket ??= connect();
        socket.write(toText(method, path, host, body));
      }),
    end() {
      if (socket !== null) close(socket);
    },
  };
}

function toText(method: string, path: string, host: string, body: unknown): string {
  const head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nx-auth-token: admin\r\nopenstack-api-version: placement 1.39\r\n`;
  if (body === undefined) return `${head}content-length: 0\r\n\r\n`;
  const payload = JSON.stringify(body);
  return `${head}content-type: application/json\r\ncontent-length: ${Buffer.byteLength(payload)}\r\n\r\n${payload}`;
}

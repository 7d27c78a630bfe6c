import net from 'node:net';
import { freePorts } from './free-ports.js';

/**
 * A TCP proxy between the service and PostgreSQL that misbehaves on command: the only way to have a network that fails at a
 * chosen moment.
 */
export interface Proxy {
  /** The URL of a database as seen through the proxy. */
  url(databaseUrl: string): string;
  /** Connections made from now on go to another server. */
  pointAt(databaseUrl: string): void;
  /** Breaks every connection. */
  cut(): void;
  /** Breaks every connection, and rejects new ones until {@link Proxy.accept}. */
  reject(): Promise<void>;
  accept(): Promise<void>;
  /** Keeps responses back until {@link Proxy.release}; what the service sends still arrives. */
  hold(): void;
  release(): void;
  /** Half-open: old and new connections stay, and nothing passes either way. {@link Proxy.release} ends it for new ones. */
  swallow(): void;
  /** Half-open for the connections there are: nothing passes on them any more, while new ones are made and work. */
  forget(): void;
  /** Resolves when the service next sends something that contains a text, after it was passed on. */
  sent(text: string): Promise<void>;
  /** Passes on what contains a text, then cuts instead of passing its response back. Resolves after the server's response. */
  cutAfter(text: string): Promise<void>;
  /** Cuts instead of passing on what contains a text. Resolves then. */
  cutBefore(text: string): Promise<void>;
  close(): Promise<void>;
}

type Mode = 'pass' | 'hold' | 'swallow';
type Watch = 'only see' | 'cut after' | 'cut before';

export async function startProxy(databaseUrl: string): Promise<Proxy> {
  let target = addressOf(databaseUrl);
  let mode: Mode = 'pass';
  const pairs = new Set<{ client: net.Socket; server: net.Socket; kept: Buffer[]; forgotten: boolean }>();
  const watchers = new Map<string, { kind: Watch; resolve: () => void }>();

  const listener = net.createServer({ allowHalfOpen: true }, (client) => {
    const server = net.connect({ ...target, allowHalfOpen: true });
    const pair = { client, server, kept: [] as Buffer[], forgotten: false };
    let cutting: (() => void) | null = null;
    pairs.add(pair);
    const end = (): void => {
      // On a half-open connection the other side is not told of the end.
      if (mode === 'swallow' || pair.forgotten) return;
      pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) socket.setNoDelay(true).on('error', end).on('end', end).on('close', end);
    client.on('data', (bytes) => {
      if (mode === 'swallow' || pair.forgotten) return;
      const met = [...watchers].filter(([text]) => bytes.includes(text));
      for (const [text, { kind, resolve }] of met) {
        watchers.delete(text);
        if (kind === 'cut after') cutting = resolve;
        else resolve();
      }
      if (met.some(([, { kind }]) => kind === 'cut before')) end();
      else server.write(bytes);
    });
    server.on('data', (bytes) => {
      if (pair.forgotten) return;
      if (cutting !== null) {
        cutting();
        end();
      } else if (mode === 'pass') client.write(bytes);
      else if (mode === 'hold') pair.kept.push(bytes);
    });
  });
  const watch = (text: string, kind: Watch): Promise<void> =>
    new Promise((resolve) => {
      watchers.set(text, { kind, resolve });
    });
  const cut = (): void => {
    for (const { client, server } of pairs) {
      client.destroy();
      server.destroy();
    }
    pairs.clear();
  };
  const listen = (port: number): Promise<void> =>
    new Promise((resolve) => {
      listener.listen(port, '127.0.0.1', resolve);
    });
  const reject = async (): Promise<void> => {
    cut();
    await new Promise((resolve) => listener.close(resolve));
  };
  // It may stop to listen and begin again.
  const port = await freePorts(1);
  await listen(port);

  return {
    url(databaseUrl) {
      const url = new URL(databaseUrl);
      url.host = `127.0.0.1:${port}`;
      return url.toString();
    },
    pointAt(databaseUrl) {
      target = addressOf(databaseUrl);
    },
    cut,
    reject,
    accept: () => listen(port),
    hold() {
      mode = 'hold';
    },
    release() {
      mode = 'pass';
      for (const { client, kept } of pairs) for (const bytes of kept.splice(0)) client.write(bytes);
    },
    swallow() {
      mode = 'swallow';
    },
    forget() {
      // The server is told of the end, as it is when the machine in between was restarted; the service does not.
      for (const pair of pairs) {
        pair.forgotten = true;
        pair.server.destroy();
      }
    },
    sent: (text) => watch(text, 'only see'),
    cutAfter: (text) => watch(text, 'cut after'),
    cutBefore: (text) => watch(text, 'cut before'),
    async close() {
      mode = 'pass';
      if (listener.listening) await reject();
    },
  };
}

function addressOf(databaseUrl: string): { host: string; port: number } {
  const { hostname, port } = new URL(databaseUrl);
  return { host: hostname, port: Number(port) };
}

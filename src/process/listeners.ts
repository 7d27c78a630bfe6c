import net from 'node:net';
import type { Logger } from 'pino';
import type { Config } from '../config.js';
import { listen, tryToListen, type ListenOptions } from './listen.js';
import type { Server } from './server.js';
import { workersOf } from './worker-pool.js';

/** The sockets that clients connect to. */
export interface Listeners {
  /** URL of the API. */
  readonly url: string;
  /** URL for clients of object stores; null when there is none. */
  readonly listsUrl: string | null;
  /** Accepts no more connections. */
  close(): void;
}

/** A service that cannot listen must not have migrated the database of the one that does. @throws ConfigError */
export async function checkPortIsFree(config: Config, log: Logger): Promise<void> {
  await tryToListen(listenOptions(config, log));
}

/** Accepts connections, and gives each to the server. @throws ConfigError when a port cannot be listened on */
export async function openListeners(config: Config, server: Server, log: Logger): Promise<Listeners> {
  const [api, lists] = [accept(config, server), accept(config, server)];
  const close = (): void => {
    for (const one of [api, lists]) one.close();
  };
  try {
    const url = await listen(api, listenOptions(config, log));
    const options = listsListenOptions(config, log);
    const listsUrl = options === null ? null : await listen(lists, options);
    return { url, listsUrl, close };
  } catch (error) {
    // A listener that stays open accepts connections that are never served, and keeps the process.
    close();
    throw error;
  }
}

/** Makes a server that accepts connections and does not read what clients send. */
function accept(config: Config, server: Server): net.Server {
  // With workers, a worker reads it, and not this process.
  const options = { allowHalfOpen: true, noDelay: true, pauseOnConnect: workersOf(config) > 1 };
  return net.createServer(options, (socket) => {
    server.receive(socket);
  });
}

function listenOptions({ host, port }: Config, log: Logger): ListenOptions {
  return { ...{ host, port, flag: '--port' }, onError: acceptFailed(log) };
}

/** Null when there is no listener for clients of object stores. */
function listsListenOptions({ listsS3Host: host, listsS3Port: port }: Config, log: Logger): ListenOptions | null {
  if (port === null) return null;
  return { ...{ host, port, flag: '[stockroom] lists_s3_port' }, onError: acceptFailed(log) };
}

function acceptFailed(log: Logger) {
  return (error: Error): void => {
    log.error({ reason: error.message }, 'a connection could not be accepted');
  };
}

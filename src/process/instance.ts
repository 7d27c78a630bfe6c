import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { composeService, type Service } from '../compose.js';
import type { Config } from '../config.js';
import { connectionsOf } from '../http/connections.js';
import { createServer } from '../http/server.js';
import { unlessAborted } from './unless-aborted.js';
import { processEnds } from '../errors.js';
import { onFatal } from '../ops/unhandled-exceptions.js';

/** The service with a loaded topology, for as long as one configuration is in force in one process. */
export interface Instance {
  readonly service: Service;
  receive(socket: Socket): void;
  /** Calls the listener when the first response has been sent. */
  onFirstResponse(listener: () => void): void;
  /** The instance is not ready any more, and asks clients to close their connections. */
  announce(): void;
  /** Finishes the requests that have begun, then closes its connections and files. @param deadline in milliseconds */
  end(deadline: number, hurry: AbortSignal): Promise<void>;
}

/** A transaction whose client is gone does not keep the process: the database rolls it back. */
const CLOSE_WITHIN_MS = 2000;

/**
 * @param stop ends the attempt, too
 * @throws when the database cannot be used, or a file of the configuration, or when it was stopped
 */
export async function openInstance(
  config: Config,
  connection: string,
  log: Logger,
  stop: AbortSignal,
): Promise<Instance> {
  let [isDraining, isLeaving] = [false, false];
  const service = composeService(config, connection, log, { isDraining: () => isDraining });
  try {
    await unlessAborted(stop, service.topology.current());
    await unlessAborted(stop, service.prepare());
    stop.throwIfAborted();
  } catch (error) {
    await service.close();
    throw error;
  }
  const serverOptions = {
    maxHeaderBytes: config.maxRequestHeader,
    isLeaving: () => isLeaving,
    memory: service.memory,
    log,
  };
  const server = createServer(service.app, serverOptions);
  const connections = connectionsOf(server);
  const dialect = service.dialect === null ? null : connectionsOf(createServer(service.dialect, serverOptions));
  const forget = onFatal(() => {
    const error = processEnds();
    const failed = [connections, dialect].flatMap((one) => one?.failAll(error) ?? []);
    for (const id of failed) log.error({ request_id: id, status: error.status }, 'request failed');
  });
  return {
    service,
    receive(socket) {
      if (dialect !== null && socket.localPort === config.listsS3Port) dialect.receive(socket);
      else connections.receive(socket);
    },
    onFirstResponse(listener) {
      const watch = (_: IncomingMessage, response: ServerResponse): void => {
        response.once('finish', () => {
          if (server.listeners('request').includes(watch)) listener();
          server.off('request', watch);
        });
      };
      server.on('request', watch);
    },
    announce() {
      isDraining = true;
      isLeaving = true;
    },
    async end(deadline, hurry) {
      // Another may have taken its place: then there is still a service that is ready.
      isLeaving = true;
      // Runs of inventory jobs have the same time as requests.
      const ends = [connections, ...(dialect === null ? [] : [dialect])].map((one) => one.end(deadline, hurry));
      await Promise.all([...ends, service.endLists(deadline, hurry)]);
      forget();
      await Promise.race([service.close(), new Promise((resolve) => setTimeout(resolve, CLOSE_WITHIN_MS).unref())]);
    },
  };
}

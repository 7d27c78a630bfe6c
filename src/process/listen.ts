import { createServer, type AddressInfo, type Server } from 'node:net';
import { ConfigError } from '../config.js';

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** The flag or option that chooses another port. */
  readonly flag: '--port' | '--admin-port' | '[stockroom] lists_s3_port';
  /** A connection could not be accepted: no file descriptor is left. The server goes on listening. */
  readonly onError: (error: Error) => void;
}

/**
 * Finds out whether a port can be listened on, before anything else is done.
 *
 * @throws ConfigError
 */
export async function tryToListen(options: ListenOptions): Promise<void> {
  if (options.port === 0) return;
  const server = createServer();
  await listen(server, options);
  await new Promise((resolve) => server.close(resolve));
}

/**
 * Connections that wait to be accepted. Node accepts one in each round of its event loop, and its default of 511 is reached when some thousand
 * clients come back at once: the system then drops their packets, and they try again after one second, and after three. The system's own bound
 * holds as well (net.core.somaxconn, 4096 on Linux).
 */
const BACKLOG = 4096;

/**
 * Listens, and returns the URL.
 *
 * @throws ConfigError
 */
export function listen(server: Server, { host, port, flag, onError }: ListenOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const onRejection = (error: NodeJS.ErrnoException): void => {
      const why =
        error.code === 'EADDRINUSE'
          ? `port ${port} of ${host} is in use; choose another with ${flag}${flag.startsWith('--') ? ', or 0 for any' : ''}`
          : error.message;
      reject(new ConfigError(`Cannot listen: ${why}.`));
    };
    server.once('error', onRejection);
    server.listen(port, host, BACKLOG, () => {
      // Without a listener the event would end the process.
      server.off('error', onRejection).on('error', onError);
      const { port: chosen } = server.address() as AddressInfo;
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${chosen}`);
    });
  });
}

import type { AddressInfo, Server } from 'node:net';
import { ConfigError } from '../config.js';

/**
 * Listens, and answers the URL. `flag` is where another port can be chosen.
 *
 * @throws ConfigError
 */
export function listen(server: Server, host: string, port: number, flag: '--port' | '--admin-port'): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE'
          ? `port ${port} of ${host} is in use; choose another with ${flag}, or 0 for any`
          : error.message;
      reject(new ConfigError(`Cannot listen: ${why}.`));
    });
    server.listen(port, host, () => {
      const { port: chosen } = server.address() as AddressInfo;
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${chosen}`);
    });
  });
}

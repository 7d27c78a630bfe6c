import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** A network of its own for the machines, whose ports are free whatever the host runs. */
export interface Network {
  /** File of the namespace, for nsenter. */
  readonly file: string;
  /** The HTTP proxy, which leads to the archive of Debian and the registry of npm: the network has no other way out. */
  readonly proxy: string;
  stop(): Promise<void>;
}

const FORWARD = fileURLToPath(new URL('forward.js', import.meta.url));

/** @param folder for the socket between the network and the host */
export async function startNetwork(folder: string): Promise<Network> {
  const socket = path.join(folder, 'proxy');
  const proxy = createProxy();
  proxy.listen(socket);
  await once(proxy, 'listening');
  const script = 'ip link set lo up && exec "$@"';
  // The namespace lives as long as this process, which ends with its parent.
  const forwarder = spawn(
    'setpriv',
    ['--pdeathsig', 'KILL', 'unshare', '--net', 'sh', '-c', script, 'sh', process.execPath, FORWARD, socket],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const closed = once(forwarder, 'close');
  const started = await Promise.race([once(forwarder.stdout, 'data').then(() => true), closed.then(() => false)]);
  if (!started) throw new Error('The network of the machines cannot be made.');
  return {
    file: `/proc/${String(forwarder.pid)}/ns/net`,
    proxy: 'http://127.0.0.1:3128',
    async stop() {
      forwarder.kill('SIGKILL');
      await closed;
      proxy.closeAllConnections();
      proxy.close();
    },
  };
}

/** GET of http: URLs for apt, CONNECT for npm. */
function createProxy(): http.Server {
  const server = http.createServer((request, response) => {
    const { url = '', method, headers } = request;
    const upstream = http.request(url, { method: method ?? 'GET', headers }, (found) => {
      response.writeHead(found.statusCode ?? 502, found.headers);
      found.pipe(response);
    });
    upstream.on('error', (error) => {
      response.writeHead(502).end(error.message);
    });
    request.pipe(upstream);
  });
  server.on('connect', ({ url = '' }, near, head: Buffer) => {
    const [host = '', port] = url.split(':');
    const far = net.connect(Number(port), host, () => {
      near.write('HTTP/1.1 200 OK\r\n\r\n');
      far.write(head);
      near.pipe(far).pipe(near);
    });
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
  });
  return server;
}

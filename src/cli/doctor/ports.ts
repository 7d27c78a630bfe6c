import net from 'node:net';
import type { Config } from '../../config.js';
import { failure, ok, type Diagnosis } from './diagnosis.js';

/** Whether the service can listen on the configured ports. */
export async function portChecks({
  host,
  port,
  adminHost,
  adminPort,
  listsS3Host,
  listsS3Port,
}: Config): Promise<Diagnosis[]> {
  const checks = [await portCheck('port', host, port)];
  if (adminPort !== null) checks.push(await portCheck('admin port', adminHost, adminPort));
  if (listsS3Port !== null) checks.push(await portCheck('lists S3 port', listsS3Host, listsS3Port));
  return checks;
}

async function portCheck(name: string, host: string, port: number): Promise<Diagnosis> {
  const error = await listenOnce(host, port);
  if (error === null) return ok(name, `${port} of ${host} is free`);
  if (error.code !== 'EADDRINUSE')
    return failure(name, `the service cannot listen on ${host}:${port}: ${error.message}`);
  if (await isPlacement(host, port)) return ok(name, `a Placement listens on ${port} of ${host} already`);
  return failure(name, `${port} of ${host} is in use by another program. Choose another port, or end that program.`);
}

function listenOnce(host: string, port: number): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', resolve);
    server.listen(port, host, () => {
      server.close(() => {
        resolve(null);
      });
    });
  });
}

/**
 * Whether a port in use is that of the service itself, or of the Placement that it replaces: both list their versions at the root. The admin
 * listener has /healthz. The listener for clients of object stores rejects unsigned requests, with a request id.
 */
async function isPlacement(host: string, port: number): Promise<boolean> {
  const address = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  const base = `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
  try {
    const root = await fetch(base, { signal: AbortSignal.timeout(2000), redirect: 'manual' });
    if ((await root.text()).includes('"max_version"')) return true;
    if (root.headers.get('x-amz-request-id')?.startsWith('req-') === true) return true;
    return (await fetch(`${base}/healthz`, { signal: AbortSignal.timeout(2000), redirect: 'manual' })).ok;
  } catch {
    return false;
  }
}

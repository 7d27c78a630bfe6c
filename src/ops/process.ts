import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

/** The default folder of the embedded database: `data` in the present folder. For root it is /var/lib/stockroom when there is no such folder,
 * and the present folder is below one that other users cannot enter, such as the home of root, because the database runs as another user. */
export function defaultDataDir(): string {
  const here = path.resolve('data');
  if (process.getuid?.() !== 0 || fs.existsSync(here) || openToAll(path.dirname(here))) return here;
  return '/var/lib/stockroom';
}

function openToAll(folder: string): boolean {
  const parent = path.dirname(folder);
  return (fs.statSync(folder).mode & 0o001) !== 0 && (parent === folder || openToAll(parent));
}

export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return net.isIPv4(host) && host.startsWith('127.');
}

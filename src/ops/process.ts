import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

/** Where the embedded database goes when no option says so: beside the program, or the system's place for root, as whose home is
 * closed to the user that the database runs as. */
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

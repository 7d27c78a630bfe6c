import fs from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import type { ClientConfig } from 'pg';
import { placesText, type DatabaseHost, type DatabaseUrl } from './parse.js';

/** One way to connect: a host, with TLS or without. */
export interface Attempt {
  /** For people: host and port. */
  readonly place: string;
  readonly sslmode: string | null;
  /** Reads the files of certificates at each attempt, because operators renew them. @throws FileError */
  config(): ClientConfig;
}

/** A file that the URL names cannot be read. */
export class FileError extends Error {}

/** The folders of sockets that libpq tries, then the local address. */
const USUAL = ['/var/run/postgresql', '/tmp', 'localhost'];

/** The attempts for a URL, in order. `prefer` tries TLS first and `allow` last, as libpq does. */
export function attemptsOf(url: DatabaseUrl): Attempt[] {
  const mode = url.parameters.get('sslmode') ?? null;
  const ways = mode === 'prefer' ? [true, false] : mode === 'allow' ? [false, true] : [encrypts(url, mode)];
  return places(url.hosts).flatMap((host) => ways.map((tls) => attempt(url, host, mode, tls)));
}

function places(hosts: readonly DatabaseHost[]): DatabaseHost[] {
  return hosts.flatMap((one) => (one.host === '' ? USUAL.map((host) => ({ ...one, host })) : [one]));
}

/** Undefined: the driver reads PGSSLMODE. */
function encrypts({ parameters }: DatabaseUrl, mode: string | null): boolean | undefined {
  if (mode !== null) return mode !== 'disable';
  return ['sslrootcert', 'sslcert', 'sslkey'].some((name) => parameters.has(name)) ? true : undefined;
}

function attempt(
  url: DatabaseUrl,
  { host, port }: DatabaseHost,
  mode: string | null,
  tls: boolean | undefined,
): Attempt {
  const { user, password, database, parameters } = url;
  const isSocket = host.startsWith('/');
  const text = (name: string): string | undefined => parameters.get(name);
  return {
    place: isSocket ? `${host}/.s.PGSQL.${port}` : placesText([{ host, port }]),
    sslmode: mode,
    config: () => ({
      ...defined({
        user: user ?? undefined,
        password: password ?? undefined,
        database: database ?? undefined,
        application_name: text('application_name'),
        options: text('options'),
        sslnegotiation: text('sslnegotiation') as ClientConfig['sslnegotiation'],
        // A socket needs no TLS.
        ssl: isSocket || tls === false ? false : tls === true ? tlsOptions(parameters, host, mode) : undefined,
      }),
      host: text('hostaddr') ?? host,
      port,
    }),
  };
}

function tlsOptions(parameters: DatabaseUrl['parameters'], host: string, mode: string | null): ConnectionOptions {
  const root = parameters.get('sslrootcert');
  // As in libpq: with a root certificate `require` verifies it as well, and `system` means full verification.
  const full = mode === 'verify-full' || root === 'system';
  const checked = full || mode === 'verify-ca' || (root !== undefined && mode === 'require') || mode === null;
  return defined({
    rejectUnauthorized: checked,
    checkServerIdentity: full || mode === null ? undefined : () => undefined,
    servername: parameters.has('hostaddr') ? host : undefined,
    ca: root === undefined || root === 'system' ? undefined : contentOf('sslrootcert', root),
    cert: contentOf('sslcert', parameters.get('sslcert')),
    key: contentOf('sslkey', parameters.get('sslkey')),
    passphrase: parameters.get('sslpassword'),
    minVersion: parameters.get('ssl_min_protocol_version') as ConnectionOptions['minVersion'],
    maxVersion: parameters.get('ssl_max_protocol_version') as ConnectionOptions['maxVersion'],
  });
}

function contentOf(name: string, file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new FileError(`${name}: ${file} cannot be read (${code ?? 'unknown reason'})`, { cause: error });
  }
}

/** Drops undefined members, because the driver would take them for values. */
function defined<T extends object>(members: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as never;
}

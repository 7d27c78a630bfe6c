/**
 * The URL of a PostgreSQL database: in the forms that SQLAlchemy documents for psycopg2 (a password with any characters but @, `?host=` and
 * `?port=`, several of them, a socket's folder) and in those of libpq (several hosts in the authority).
 */
export interface DatabaseUrl {
  readonly user: string | null;
  readonly password: string | null;
  /** Null: the name of the user. */
  readonly database: string | null;
  /** At least one; a connection is tried with each in this order. */
  readonly hosts: readonly DatabaseHost[];
  /** The other arguments, by name as it is written. */
  readonly parameters: ReadonlyMap<string, string>;
}

export interface DatabaseHost {
  /** A name, an address, or the folder of a socket, which begins with a slash. '' for the usual places on this machine. */
  readonly host: string;
  readonly port: number;
}

const DEFAULT_PORT = 5432;

/** User and password, authority, path, query. The password may have slashes and question marks: people do not encode them. */
const FORM = /^postgres(?:ql)?(?:\+\w+)?:\/\/(?:([^:/?#@]*)(?::([^@]*))?@)?([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s;

/** @returns undefined for a text that is no such URL */
export function parseDatabaseUrl(text: string): DatabaseUrl | undefined {
  const parts = FORM.exec(text);
  if (parts === null) return undefined;
  const [, user, ownPassword, authority = '', database, query = ''] = parts;
  // The password may contain an @ that is not encoded: the host begins after the last @.
  const at = authority.lastIndexOf('@');
  const password = at === -1 ? ownPassword : `${ownPassword ?? ''}@${authority.slice(0, at)}`;
  const parameters = new Map<string, string>();
  const [hosts, ports]: [string[], string[]] = [[], []];
  for (const [name, value] of new URLSearchParams(query)) {
    if (name === 'host') hosts.push(...value.split(','));
    else if (name === 'port') ports.push(...value.split(','));
    else parameters.set(name, value);
  }
  const all = hosts.length > 0 ? withPorts(hosts, ports) : hostsOf(authority.slice(at + 1), ports);
  if (all === undefined) return undefined;
  return {
    user: blankAsNull(parameters.get('user') ?? decoded(user)),
    password: blankAsNull(parameters.get('password') ?? decoded(password)),
    database: blankAsNull(parameters.get('dbname') ?? decoded(database)),
    hosts: all,
    parameters: without(parameters, ['user', 'password', 'dbname']),
  };
}

/** The URL in the form of libpq. {@link parseDatabaseUrl} reads the same values from it. */
export function databaseHref({ user, password, database, hosts, parameters }: DatabaseUrl): string {
  const login =
    user === null && password === null ? '' : `${encoded(user)}${password === null ? '' : `:${encoded(password)}`}@`;
  const query = new URLSearchParams([...parameters]).toString();
  return `postgresql://${login}${placesText(hosts)}/${encoded(database)}${query === '' ? '' : `?${query}`}`;
}

/** Whether the database of one URL is that of another, as far as their texts say. */
export function isSameDatabase(one: DatabaseUrl, other: DatabaseUrl): boolean {
  const places = new Set(one.hosts.map((host) => placesText([host])));
  return (
    (one.database ?? one.user) === (other.database ?? other.user) &&
    other.hosts.some((host) => places.has(placesText([host])))
  );
}

/** `a:5433,[::1]`, a socket's folder encoded. */
export function placesText(hosts: readonly DatabaseHost[]): string {
  return hosts.map(({ host, port }) => nameOf(host) + (port === DEFAULT_PORT ? '' : `:${port}`)).join(',');
}

function nameOf(host: string): string {
  if (host.startsWith('/')) return encodeURIComponent(host);
  return host.includes(':') ? `[${host}]` : host;
}

/** `h1:5433,h2`. */
function hostsOf(authority: string, ports: readonly string[]): DatabaseHost[] | undefined {
  const pairs = authority.split(',').map((one) => /^(\[[^\]]*\]|[^:[\]]*)(?::(\d*))?$/.exec(one));
  const names = pairs.map((pair) => decoded(pair?.[1]) ?? '');
  if (pairs.includes(null)) return undefined;
  return withPorts(names, ports.length > 0 ? ports : pairs.map((pair) => pair?.[2] ?? ''));
}

/** Ports beside the hosts, one for each or one for all; or behind a host, as SQLAlchemy writes several. */
function withPorts(hosts: readonly string[], ports: readonly string[]): DatabaseHost[] | undefined {
  if (ports.length > 1 && ports.length !== hosts.length) return undefined;
  const all = hosts.map((text, index): DatabaseHost | undefined => {
    const [, name = '', own = ''] = text.startsWith('/')
      ? [text, text]
      : (/^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(text) ?? [text, text]);
    const port = own !== '' ? own : (ports.length === 1 ? ports[0] : ports[index]) || String(DEFAULT_PORT);
    const host = name.replace(/^\[(.*)\]$/, '$1');
    return /^\d{1,5}$/.test(port) &&
      Number(port) > 0 &&
      Number(port) < 65_536 &&
      !/[\s/?#@]/.test(host.replace(/^\/.*/, ''))
      ? { host, port: Number(port) }
      : undefined;
  });
  return all.every((one) => one !== undefined) ? all : undefined;
}

function without(map: ReadonlyMap<string, string>, names: readonly string[]): Map<string, string> {
  return new Map([...map].filter(([name]) => !names.includes(name)));
}

function blankAsNull(text: string | null): string | null {
  return text === '' ? null : text;
}

/** A stray percent sign stands for itself. */
function decoded(text: string | undefined): string | null {
  if (text === undefined) return null;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Encodes characters with a meaning in a URL, and no others. */
function encoded(text: string | null): string {
  return encodeURIComponent(text ?? '').replace(/%(?:24|26|2B|2C|3B|3D)/g, decodeURIComponent);
}

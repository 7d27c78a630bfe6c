import { databaseUrl } from './database-url.js';
import { ConfigError } from './error.js';
import { parseIni } from './ini.js';
import { textOf } from './locate.js';
import { OPTIONS } from './options.js';
import { valueOf, type Sources } from './sources.js';
import { expecting } from './values.js';

/** Where an OpenStack Placement keeps its data, as its configuration says it in the form of SQLAlchemy. */
export interface SourceUrl {
  readonly dialect: 'mysql' | 'postgresql';
  readonly url: URL;
}

const EXPECTED =
  'a URL of the form mysql+pymysql://user:password@host:3306/placement or postgresql://user:password@host:5432/placement';

/** `mysql+pymysql://`, `mysql://`, `mariadb://`, `postgresql+psycopg2://`, `postgresql://` and their likes. */
function readSourceUrl(text: string): SourceUrl | undefined {
  // With unix_socket there is no host, which a URL with a user must have.
  const mysql = text.replace(/^(mysql|mariadb)(\+\w+)?:/, 'mysql:').replace(/^(mysql:\/\/[^/]*@)\//, '$1localhost/');
  if (mysql.startsWith('mysql://')) {
    const url = URL.canParse(mysql) ? new URL(mysql) : undefined;
    return url !== undefined && url.pathname.length > 1 ? { dialect: 'mysql', url } : undefined;
  }
  const postgresql = databaseUrl(text) as string | undefined;
  return postgresql === undefined ? undefined : { dialect: 'postgresql', url: new URL(postgresql) };
}

/** @throws ConfigError, without the text: it may contain a password */
export function parseSourceUrl(text: string): SourceUrl {
  const found = readSourceUrl(text);
  if (found === undefined) throw new ConfigError(`--from: expected ${EXPECTED}.`);
  return found;
}

/**
 * The `[placement_database] connection` of a placement.conf, with its connection_parameters.
 *
 * @throws ConfigError when the file cannot be read, has none, or one that is no URL
 */
export function sourceUrlOfConfig(file: string): SourceUrl {
  const sources: Sources = {
    flags: new Map(),
    env: {},
    entries: parseIni(textOf(file), file),
    defaults: () => undefined,
  };
  const option = { ...OPTIONS.connection, parse: expecting(EXPECTED, readSourceUrl), advice: () => '' };
  const found = valueOf(option, sources)?.value as SourceUrl | undefined;
  if (found === undefined) throw new ConfigError(`${file} has no connection in [placement_database].`);
  const parameters = valueOf(OPTIONS.connectionParameters, sources)?.value as string | undefined;
  for (const [name, value] of new URLSearchParams(parameters ?? '')) found.url.searchParams.set(name, value);
  return found;
}

/** For people: which database it is, without user and password. */
export function placeOf({ dialect, url }: SourceUrl): string {
  return `${dialect}://${url.host === '' ? 'localhost' : url.host}${url.pathname}`;
}

import { parseDatabaseUrl, placesText, type DatabaseUrl } from '../database-url/parse.js';
import { adviceOnSource, databaseUrl, withParameters } from './database-url.js';
import { ConfigError } from './error.js';
import { parseIni } from './ini.js';
import { textOf } from './locate.js';
import { OPTIONS } from './options.js';
import { valueOf, type Sources } from './sources.js';
import { expecting } from './values.js';

/** The database of an OpenStack Placement, read from the SQLAlchemy URL of its configuration. */
export type SourceUrl =
  | { readonly dialect: 'mysql'; readonly url: URL }
  | { readonly dialect: 'postgresql'; readonly href: string; readonly url: DatabaseUrl };

const EXPECTED =
  'a URL of the form mysql+pymysql://user:password@host:3306/placement or postgresql://user:password@host:5432/placement';

/** Reads a URL with `mysql+pymysql://`, `mysql://`, `mariadb://`, `postgresql+psycopg2://`, `postgresql://` and other drivers. */
function readSourceUrl(text: string): SourceUrl | undefined {
  // With unix_socket the URL has no host, but a URL with a user must have one.
  const mysql = text.replace(/^(mysql|mariadb)(\+\w+)?:/, 'mysql:').replace(/^(mysql:\/\/[^/]*@)\//, '$1localhost/');
  if (mysql.startsWith('mysql://')) {
    const url = URL.canParse(mysql) ? new URL(mysql) : undefined;
    return url !== undefined && url.pathname.length > 1 ? { dialect: 'mysql', url } : undefined;
  }
  return ofPostgresql(databaseUrl(text));
}

function ofPostgresql(href: string | undefined): SourceUrl | undefined {
  const url = href === undefined ? undefined : parseDatabaseUrl(href);
  return href === undefined || url === undefined ? undefined : { dialect: 'postgresql', href, url };
}

/** @throws ConfigError without the text, because it may contain a password */
export function parseSourceUrl(text: string): SourceUrl {
  const found = readSourceUrl(text);
  if (found === undefined) throw new ConfigError(`--from: expected ${EXPECTED}.${adviceOnSource(text)}`);
  return found;
}

/**
 * The `[placement_database] connection` of a placement.conf, with its connection_parameters.
 *
 * @throws ConfigError when the file cannot be read, has no connection, or has one that is not a URL
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
  if (found.dialect === 'postgresql') {
    const complete = ofPostgresql(withParameters(found.href, parameters ?? ''));
    if (complete === undefined)
      throw new ConfigError(`${file}: connection_parameters cannot be used with the connection.`);
    return complete;
  }
  for (const [name, value] of new URLSearchParams(parameters ?? '')) found.url.searchParams.set(name, value);
  return found;
}

/** The database as text, without user and password. */
export function placeOf(source: SourceUrl): string {
  if (source.dialect === 'mysql') {
    return `mysql://${source.url.host === '' ? 'localhost' : source.url.host}${source.url.pathname}`;
  }
  const { hosts, database } = source.url;
  return `postgresql://${placesText(hosts) || 'localhost'}/${database ?? ''}`;
}

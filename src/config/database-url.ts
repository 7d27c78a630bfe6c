import { rejectionOf, warningsOn, withoutPython } from '../database-url/arguments.js';
import { databaseHref, parseDatabaseUrl } from '../database-url/parse.js';
import { didYouMean } from './did-you-mean.js';
import { expecting } from './values.js';

const EXPECTED_URL = 'a URL of the form postgresql://user:password@host:port/database';

/** Parses a database URL in the form of SQLAlchemy (`postgresql+psycopg2://`) or of libpq. Returns the form that the rest of the code reads. */
export const databaseUrl = expecting(EXPECTED_URL, (value) => {
  const url = parseDatabaseUrl(value);
  return url === undefined || rejectionOf(url) !== null ? undefined : databaseHref(withoutPython(url));
});

/** Adds the arguments of [placement_database] connection_parameters to a URL. */
export function withParameters(connection: string, parameters: string): string | undefined {
  if (parameters === '') return connection;
  return databaseUrl(connection + (connection.includes('?') ? '&' : '?') + parameters);
}

/** A sentence for each argument of a URL that has no effect. */
export function urlWarnings(connection: string): string[] {
  const url = parseDatabaseUrl(connection);
  return url === undefined ? [] : warningsOn(url, didYouMean);
}

/** The error in the arguments of a URL; empty when they are valid. */
export function adviceOnSource(value: string): string {
  const url = parseDatabaseUrl(value);
  const rejection = url === undefined ? null : rejectionOf(url);
  return rejection === null ? '' : ` Of its arguments, ${rejection}.`;
}

/** The remedy for a URL of another kind of database; empty for other URLs. */
export function adviceOnUrl(value: string): string {
  const rejected = adviceOnSource(value);
  if (rejected !== '') return rejected;
  const [, scheme] = /^(mysql|mariadb|sqlite)(\+\w+)?:/.exec(value) ?? [];
  if (scheme === undefined) return '';
  return (
    ` Stockroom keeps its data in PostgreSQL and cannot use ${scheme}: create an empty PostgreSQL database and put its URL here, ` +
    'or leave the option out to use the PostgreSQL that comes along; the tables are made at start or by `stockroom db sync`.'
  );
}

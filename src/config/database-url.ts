import { expecting } from './values.js';

/** What upstream's drivers understand and PostgreSQL does not. */
const OF_PYTHON = ['charset', 'use_unicode', 'plugin', 'executemany_mode', 'prepared_statement_cache_size'];

/**
 * A database URL in the form of SQLAlchemy (`postgresql+psycopg2://`, with libpq's query arguments) or of libpq, as the
 * driver here wants it.
 */
export const databaseUrl = expecting('a URL of the form postgresql://user:password@host:port/database', (value) => {
  const text = value.replace(/^postgres(ql)?(\+\w+)?:/, 'postgresql:');
  if (!text.startsWith('postgresql://') || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  for (const name of OF_PYTHON) url.searchParams.delete(name);
  const mode = url.searchParams.get('sslmode');
  if (mode === 'prefer' || mode === 'allow') {
    // The driver cannot try one after the other, and who is content with either is content without TLS.
    url.searchParams.delete('sslmode');
  } else if (mode !== null && mode !== 'disable') {
    // Otherwise the driver takes `require` for `verify-full`, and a server with its own certificate is refused.
    url.searchParams.set('uselibpqcompat', 'true');
  }
  return url.href;
});

/** With the arguments of [placement_database] connection_parameters. */
export function withParameters(connection: string, parameters: string): string | undefined {
  if (parameters === '') return connection;
  const url = new URL(connection);
  for (const [name, value] of new URLSearchParams(parameters)) url.searchParams.set(name, value);
  return databaseUrl(url.href);
}

/** What to do about a URL of another database; empty for others. */
export function adviceOnUrl(value: string): string {
  const [, scheme] = /^(mysql|mariadb|sqlite)(\+\w+)?:/.exec(value) ?? [];
  if (scheme === undefined) return '';
  return (
    ` Stockroom keeps its data in PostgreSQL and cannot use ${scheme}: create an empty PostgreSQL database and put its URL here, ` +
    'or leave the option out to use the PostgreSQL that comes along; the tables are made at start or by `stockroom db sync`.'
  );
}

/** The arguments of libpq, and of drivers for other databases, whose values are secret. */
const SECRET = /^(ssl)?pass(word|wd|phrase)?$|^passfile$|secret|token/i;

/**
 * A connection URL as it may be shown, in messages, the log and `config show`. The one place that knows what is secret in it: the
 * password of the user, and arguments like password and sslpassword, in any case and however they are percent-encoded.
 */
export function withoutSecrets(connection: string): string {
  if (!URL.canParse(connection)) return '(a connection URL that cannot be read)';
  const url = new URL(connection);
  url.password = '';
  for (const name of [...url.searchParams.keys()]) if (SECRET.test(name.trim())) url.searchParams.delete(name);
  return url.toString();
}

import { databaseHref, parseDatabaseUrl } from './parse.js';

/**
 * A connection URL without its secrets, for messages, the log and `config show`. It leaves out the password of the user and
 * every argument whose name says that it is secret, in any case and percent-encoding. No other code decides what is secret.
 */
export function withoutSecrets(connection: string): string {
  const url = parseDatabaseUrl(connection);
  if (url !== undefined) {
    const parameters = new Map([...url.parameters].filter(([name, value]) => !isSecret(name, value)));
    return databaseHref({ ...url, password: null, parameters });
  }
  return URL.canParse(connection) ? ofAnotherDatabase(new URL(connection)) : '(a connection URL that cannot be read)';
}

function ofAnotherDatabase(url: URL): string {
  url.password = '';
  url.hash = '';
  for (const [name, value] of [...url.searchParams]) if (isSecret(name, value)) url.searchParams.delete(name);
  return url.href;
}

/** The value of `options` may have settings with such a name. */
function isSecret(name: string, value: string): boolean {
  return SECRET.test(name) || (value.includes('=') && SECRET.test(value));
}

/** Of libpq (the file of `passfile` holds passwords), of drivers for other databases, and of settings. */
const SECRET = /pass|pwd|secret|token|credential|scram_(client|server)_key/i;

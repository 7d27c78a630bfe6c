import { databaseHref, parseDatabaseUrl } from './parse.js';

/**
 * A connection URL as it may be shown, in messages, the log and `config show`. The one place that knows what is secret in it: the password
 * of the user, and arguments whose name says so, in any case and however they are percent-encoded. They are left out.
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

/** Or the value has settings with such a name, as `options` may. */
function isSecret(name: string, value: string): boolean {
  return SECRET.test(name) || (value.includes('=') && SECRET.test(value));
}

/** Of libpq (the file of `passfile` holds passwords), of drivers for other databases, and of settings. */
const SECRET = /pass|pwd|secret|token|credential|scram_(client|server)_key/i;

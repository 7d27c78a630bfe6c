import { authStrategyOf, keystoneOptions, type KeystoneOptions } from '../../auth/keystone/options.js';
import { asRecord, asText } from '../../auth/keystone/json.js';
import { parseJson } from '../../auth/keystone/token.js';
import { createHttpClient, type HttpResponse, type HttpClient } from '../../auth/keystone/http-client.js';
import { ConfigError, type Config } from '../../config.js';
import { isLoopback } from '../../ops/process.js';
import { clockCheck, failure, ok, warning, type Diagnosis } from './diagnosis.js';

/** Logs in to Keystone as the service does. */
export async function keystoneChecks(config: Config): Promise<Diagnosis[]> {
  if (authStrategyOf(config) !== 'keystone') {
    const message = 'noauth2 believes any token';
    return [
      isLoopback(config.host)
        ? ok('authentication', `${message}; only this machine can reach the service`)
        : warning('authentication', `${message}, and other machines can reach ${config.host}. Use Keystone.`),
    ];
  }
  let options: KeystoneOptions;
  let client: HttpClient;
  try {
    options = keystoneOptions(config);
    // One attempt is enough, and the timers between attempts do not keep a process alive.
    client = createHttpClient({ ...options, retries: 0 });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [failure('Keystone', error.message)];
  }
  try {
    return await checkLogin(options, client);
  } catch (error) {
    return [failure('Keystone', `${options.authUrl} cannot be reached: ${(error as Error).message}`)];
  } finally {
    client.close();
  }
}

async function checkLogin({ authUrl, login }: KeystoneOptions, client: HttpClient): Promise<Diagnosis[]> {
  const headers = { 'content-type': 'application/json' };
  const sentAt = Date.now();
  const response = await client.request('POST', `${authUrl}/auth/tokens`, headers, JSON.stringify(login));
  if (response.status === 401 || response.status === 403) {
    return [
      ok('Keystone', `reachable at ${authUrl}`),
      failure(
        'login of the service',
        `Keystone rejects it with ${response.status}. Compare user, password, project and domains in [keystone_authtoken] with ` +
          '`openstack user show` and `openstack project show`.',
      ),
    ];
  }
  if (response.status !== 201 || response.headers['x-subject-token'] === undefined) {
    return [
      failure('Keystone', `${authUrl} returns ${response.status} to a login, which no Keystone does. Check auth_url.`),
    ];
  }
  return [
    ok('Keystone', `reachable at ${authUrl}`),
    ok('login of the service', 'Keystone accepts it'),
    rolesCheck(response.text),
    ...skewOf(response, sentAt, Date.now()),
  ];
}

/**
 * Checks the roles of the service's user. The default policy of Keystone lets users with the role service or admin validate the tokens of
 * other users. A validation of its own token would prove nothing, because every user may do that.
 */
function rolesCheck(text: string): Diagnosis {
  const name = 'validation of tokens';
  const roles = asRecord(asRecord(parseJson(text))['token'])['roles'];
  const names = Array.isArray(roles) ? roles.flatMap((role) => asText(asRecord(role)['name']) ?? []) : [];
  if (names.includes('service') || names.includes('admin')) return ok(name, `allowed by role: ${names.join(', ')}`);
  return warning(
    name,
    `the service user has neither the role service nor admin (it has ${names.join(', ') || 'none'}), so Keystone's default ` +
      'policy does not let it validate tokens: `openstack role add --user USER --project PROJECT service`.',
  );
}

/**
 * Compares the clocks. The response has the time of Keystone, in whole seconds, at a moment between the request and the response. The
 * clocks agree when this time fits any moment in between, so that a slow login does not look like a difference.
 */
function skewOf({ headers: { date } }: HttpResponse, sentAt: number, receivedAt: number): Diagnosis[] {
  const theirs = Date.parse(date ?? '');
  if (Number.isNaN(theirs)) return [];
  const ahead = Math.max(theirs - receivedAt, 0) + Math.min(theirs + 1000 - sentAt, 0);
  return [clockCheck('clock of Keystone', ahead / 1000)];
}

import { BrokenResponse, type HttpClient } from './http-client.js';
import { asArray, asRecord, asText } from './json.js';
import type { KeystoneOptions } from './options.js';
import { parseJson } from './token.js';

/** The credentials of a user. Domains are given by name. */
export type Credentials =
  | {
      readonly user: { readonly name: string; readonly domain: string; readonly password: string };
      readonly project: { readonly name: string; readonly domain: string };
    }
  | { readonly application_credential: { readonly id: string; readonly secret: string } };

export interface SignedIn {
  readonly token: string;
  /** ISO 8601, unchanged from the response of Keystone. */
  readonly expires_at: string | null;
  readonly user: { readonly id: string; readonly name: string | null };
  readonly project: { readonly id: string; readonly name: string | null } | null;
  readonly roles: readonly string[];
}

/**
 * Asks Keystone for a token of a user. The service does not keep the token.
 *
 * @returns null when Keystone rejects the credentials
 * @throws ConnectionFailure, BrokenResponse when there is no valid response
 */
export async function signIn(
  { authUrl }: Pick<KeystoneOptions, 'authUrl'>,
  client: HttpClient,
  credentials: Credentials,
): Promise<SignedIn | null> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ auth: authOf(credentials) });
  const response = await client.request('POST', `${authUrl}/auth/tokens`, headers, body);
  if ([400, 401, 403].includes(response.status)) return null;
  const value = asText(response.headers['x-subject-token']);
  const token = asRecord(asRecord(parseJson(response.text))['token']);
  const [user, project] = [asRecord(token['user']), asRecord(token['project'])];
  const [userId, projectId] = [asText(user['id']), asText(project['id'])];
  if (response.status !== 201 || value === null || userId === null)
    throw new BrokenResponse(`the response to a login was ${response.status} without a token`);
  return {
    token: value,
    expires_at: asText(token['expires_at']),
    user: { id: userId, name: asText(user['name']) },
    project: projectId === null ? null : { id: projectId, name: asText(project['name']) },
    roles: asArray(token['roles']).flatMap((role) => asText(asRecord(role)['name']) ?? []),
  };
}

function authOf(credentials: Credentials): object {
  if ('application_credential' in credentials) {
    const { id, secret } = credentials.application_credential;
    return { identity: { methods: ['application_credential'], application_credential: { id, secret } } };
  }
  const { user, project } = credentials;
  return {
    identity: {
      methods: ['password'],
      password: { user: { name: user.name, domain: { name: user.domain }, password: user.password } },
    },
    scope: { project: { name: project.name, domain: { name: project.domain } } },
  };
}

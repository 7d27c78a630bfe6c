import type { Logger } from 'pino';
import { identityEndpoint, parseCatalog } from './catalog.js';
import { BrokenResponse, type HttpClient } from './http-client.js';
import { asRecord, asText } from './json.js';
import type { KeystoneOptions } from './options.js';
import { parseJson } from './token.js';

/** The service's own token, and the Keystone endpoint of its catalog. */
export interface OwnToken {
  readonly value: string;
  /** URL ending in /v3. */
  readonly endpoint: string;
  /** When to log in again, as a time of `performance.now()`. */
  readonly renewAt: number;
}

/** Keystone does not accept the credentials of the service. */
export class LoginRejected extends Error {}

const RENEW_BEFORE_MS = 120_000;

/** The service's own token. Requests that need a new one at the same time share one login. */
export class OwnTokens {
  readonly #options: KeystoneOptions;
  readonly #client: HttpClient;
  readonly #log: Logger;
  readonly #now: () => number;
  #token: OwnToken | null = null;
  #login: Promise<OwnToken> | null = null;

  constructor(options: KeystoneOptions, client: HttpClient, log: Logger, now: () => number) {
    this.#options = options;
    this.#client = client;
    this.#log = log;
    this.#now = now;
  }

  /** @param rejected the token that Keystone has just rejected; if it is still the current one, it is replaced */
  async get(rejected?: OwnToken): Promise<OwnToken> {
    if (rejected !== undefined && rejected === this.#token) this.#token = null;
    if (this.#token !== null && this.#now() < this.#token.renewAt) return this.#token;
    this.#login ??= this.#logIn().finally(() => {
      this.#login = null;
    });
    return this.#login;
  }

  async #logIn(): Promise<OwnToken> {
    const { authUrl, login } = this.#options;
    const headers = { 'content-type': 'application/json' };
    const response = await this.#client.request('POST', `${authUrl}/auth/tokens`, headers, JSON.stringify(login));
    if (response.status === 401 || response.status === 403) {
      throw new LoginRejected(`it rejects the login of the service with ${response.status}; see [keystone_authtoken]`);
    }
    const value = asText(response.headers['x-subject-token']);
    const token = asRecord(asRecord(parseJson(response.text))['token']);
    if (response.status !== 201 || value === null || Object.keys(token).length === 0) {
      throw new BrokenResponse(`the response to the login of the service was ${response.status} without a token`);
    }
    this.#token = { value, endpoint: this.#endpoint(token['catalog']), renewAt: this.#now() + usefulLife(token) };
    return this.#token;
  }

  #endpoint(catalog: unknown): string {
    const endpoint = identityEndpoint(parseCatalog(catalog), this.#options);
    if (endpoint !== null) return endpoint;
    const { interface: wanted, region, authUrl } = this.#options;
    this.#log.warn(
      { interface: wanted, region, endpoint: authUrl },
      'the catalog of the service token has no such identity endpoint; validating tokens at auth_url',
    );
    return authUrl;
  }
}

/**
 * How long the service uses a new token, in milliseconds. Keystone states both ends, so the clock of this machine does not
 * matter.
 */
function usefulLife(token: Readonly<Record<string, unknown>>): number {
  const life = Date.parse(asText(token['expires_at']) ?? '') - Date.parse(asText(token['issued_at']) ?? '');
  // Without these times the token is used until Keystone rejects it.
  if (Number.isNaN(life) || life <= 0) return Infinity;
  return life - Math.min(RENEW_BEFORE_MS, life / 4);
}

import type { Logger } from 'pino';
import {
  Rejection,
  WITHOUT_USER,
  type Admission,
  type Authenticate,
  type Identity,
  type RequestHeaders,
} from '../identity.js';
import { loginUnavailable } from '../../errors.js';
import { isAllowed } from './access-rules.js';
import { KeystoneUnavailable, type CircuitOptions } from './circuit.js';
import { BrokenResponse, ConnectionFailure, createHttpClient } from './http-client.js';
import type { KeystoneOptions } from './options.js';
import { signIn, type Credentials, type SignedIn } from './sign-in.js';
import { TokenCache, type TokenCounts } from './token-cache.js';
import { withService, type TokenData } from './token.js';
import { createValidator } from './validator.js';

/**
 * Authentication at Keystone, like its middleware (docs/contract/keystone-auth.md#tokens). The service never reads an identity from the
 * headers of a client, so it need not remove such headers.
 */
export interface Keystone {
  readonly authenticate: Authenticate;
  /**
   * Returns the identity for a signature with EC2 credentials; null when Keystone rejects the signature. The result is not cached. Like
   * validations, checks are shared fairly among clients. A client is an address here, because a client may invent access keys.
   */
  readonly checkSignature: (
    accessKey: string,
    stringToSign: string,
    signature: string,
    client: string,
  ) => Promise<Identity | Rejection | null>;
  /** Gets a token for the credentials of a user; null when Keystone rejects them. @throws ApiError 503 */
  readonly signIn: (credentials: Credentials) => Promise<SignedIn | null>;
  /** Whether Keystone responded to the last request; null before the first. */
  readonly responds: () => boolean | null;
  readonly counts: Readonly<TokenCounts>;
  close(): void;
}

interface KeystoneParts {
  readonly log: Logger;
  /** Tests set another clock and shorter pauses. */
  readonly circuit?: CircuitOptions;
}

/** @throws ConfigError when a certificate cannot be read */
export function createKeystone(options: KeystoneOptions, { log, circuit = {} }: KeystoneParts): Keystone {
  const client = createHttpClient(options);
  const { validate, checkSignature, responds } = createValidator(options, client, log, circuit);
  const cache = new TokenCache(validate, options);
  let signatures = 0;
  return {
    authenticate: authenticateWith(options, (token, allowExpired, client) => cache.get(token, allowExpired, client)),
    async checkSignature(accessKey, stringToSign, signature, sender) {
      try {
        if (signatures >= MAX_SIGNATURES) throw new KeystoneUnavailable('too many signatures wait to be checked', 1000);
        signatures++;
        const data = await checkSignature({ accessKey, stringToSign, signature }, sender).finally(() => signatures--);
        // Access rules name paths of this API. A client of the S3 dialect uses other paths.
        if (data === null || data.identity.userId === '' || !isAlive(data) || data.accessRules !== null) return null;
        return data.identity;
      } catch (error) {
        if (error instanceof KeystoneUnavailable) return error.rejection();
        throw error;
      }
    },
    async signIn(credentials) {
      try {
        return await signIn(options, client, credentials);
      } catch (error) {
        if (error instanceof ConnectionFailure || error instanceof BrokenResponse) throw loginUnavailable(error);
        throw error;
      }
    },
    responds,
    counts: cache.counts,
    close() {
      client.close();
    },
  };
}

/** The most signatures that are checked at a time. Only a client that tries secrets sends more. */
const MAX_SIGNATURES = 100;

type Lookup = (token: string, allowExpired: boolean, client: string) => TokenData | null | Promise<TokenData | null>;

function authenticateWith(options: KeystoneOptions, lookup: Lookup): Authenticate {
  const challenge = { 'www-authenticate': `Keystone uri="${options.publicUrl}"` };
  const unauthorized = new Rejection(401, options.delayDecision ? WITHOUT_USER : UNAUTHORIZED, challenge);

  /** Adds the data of the service token; null when that token is not valid. */
  const admitUser = (
    headers: RequestHeaders,
    method: string,
    path: string,
    client: string,
    service: TokenData | null,
  ): Admission | Promise<Admission> => {
    const token = tokenIn(headers['x-auth-token'] ?? headers['x-storage-token']);
    if (token === null) return unauthorized;
    const allowExpired = service !== null && hasServiceRole(service, options);
    const decide = (user: TokenData | null): Admission => {
      if (user === null || user.identity.userId === '' || !(allowExpired || isAlive(user))) return unauthorized;
      if (!isBindingKept(user, options.tokenBind) || !mayDo(user, options, service, method, path)) return unauthorized;
      return service === null ? user.identity : withService(user.identity, service.identity);
    };
    return whenKnown(lookup(token, allowExpired, client), decide);
  };

  return (headers, method, path, client) => {
    if (blank(headers['x-service-token'])) return admitUser(headers, method, path, client, null);
    const token = tokenIn(headers['x-service-token']);
    const goOn = (service: TokenData | null): Admission | Promise<Admission> => {
      if (service !== null && isGoodService(service, options)) return admitUser(headers, method, path, client, service);
      return options.delayDecision ? admitUser(headers, method, path, client, null) : unauthorized;
    };
    return token === null ? goOn(null) : whenKnown(lookup(token, false, client), goOn);
  };
}

const UNAUTHORIZED = {
  error: { code: 401, title: 'Unauthorized', message: 'The request you have made requires authentication.' },
};

/** Continues at once with a cached result. Returns 503 when Keystone is unavailable. */
function whenKnown(
  found: TokenData | null | Promise<TokenData | null>,
  next: (data: TokenData | null) => Admission | Promise<Admission>,
): Admission | Promise<Admission> {
  if (!(found instanceof Promise)) return next(found);
  return found.then(next, (error: unknown) => {
    if (error instanceof KeystoneUnavailable) return error.rejection();
    throw error;
  });
}

/** The tokens of Keystone are shorter (Fernet: 300 characters, JWS: 800). */
const LONGEST_TOKEN = 4096;

/**
 * Returns the token of a header. Returns null for a token that cannot be valid: missing, too long, or with characters that tokens do not
 * have. Node.js joins two headers of this name with a comma and a blank, which tokens do not have, either.
 */
function tokenIn(header: string | string[] | undefined): string | null {
  if (typeof header !== 'string') return null;
  const token = header.trim();
  return token.length <= LONGEST_TOKEN && /^[\x21-\x7e]+$/.test(token) ? token : null;
}

function blank(header: string | string[] | undefined): boolean {
  return header === undefined || (typeof header === 'string' && header.trim() === '');
}

function isAlive(token: TokenData): boolean {
  return token.expiresAt > Date.now();
}

function isGoodService(service: TokenData, options: KeystoneOptions): boolean {
  if (!isAlive(service) || !isBindingKept(service, options.tokenBind)) return false;
  return hasServiceRole(service, options) || !options.serviceRolesRequired;
}

function hasServiceRole({ identity }: TokenData, { serviceRoles }: KeystoneOptions): boolean {
  return identity.roles.some((role) => serviceRoles.includes(role));
}

/** A token of an application credential with access rules allows only the requests that a rule names, except when a service passes it on. */
function mayDo(
  user: TokenData,
  { serviceType }: KeystoneOptions,
  service: TokenData | null,
  method: string,
  path: string,
): boolean {
  if (user.accessRules === null) return true;
  if (serviceType === null || !user.serviceTypes.includes(serviceType)) return false;
  if (service !== null) return true;
  const decoded = decodePath(path);
  return decoded !== null && isAllowed(user.accessRules, serviceType, method, decoded);
}

/** Decodes the path like routing, which treats %2F as a slash. */
function decodePath(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}

/**
 * A token that is bound to a login method needs a proof of that login. The middleware of upstream gets the proof from its web server. This
 * service has no such proof, so it rejects these tokens unless bindings are switched off.
 */
function isBindingKept({ bind }: TokenData, mode: string): boolean {
  if (mode === 'disabled') return true;
  if (bind.length === 0) return mode === 'permissive' || mode === 'strict';
  return mode === 'permissive' && !bind.includes('kerberos');
}

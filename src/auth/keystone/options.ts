import { ConfigError, type Config } from '../../config.js';
import { withoutTrailing } from '../../trim-end.js';
import { loginOf, type Login } from './login.js';

/** The values of [keystone_authtoken], validated and in the units of the code. */
export interface KeystoneOptions {
  /** Identity URL ending in /v3. */
  readonly authUrl: string;
  readonly login: Login;
  /** The URL that clients get in the WWW-Authenticate header. */
  readonly publicUrl: string;
  readonly interface: string;
  readonly region: string | null;
  readonly tls: TlsOptions;
  readonly timeoutMs: number;
  readonly retries: number;
  /** 0 switches the cache off. */
  readonly cacheMs: number;
  readonly withCatalog: boolean;
  readonly delayDecision: boolean;
  readonly tokenBind: string;
  readonly serviceRoles: readonly string[];
  readonly serviceRolesRequired: boolean;
  readonly serviceType: string | null;
}

/** Names of PEM files. Without `cafile`, the service trusts the authorities of Node.js. */
export interface TlsOptions {
  readonly cafile: string | null;
  readonly certfile: string | null;
  readonly keyfile: string | null;
  readonly insecure: boolean;
}

/** Returns the configured strategy. Without one, it is Keystone when the configuration has an option for Keystone or for the login to it. */
export function authStrategyOf(config: Config): 'keystone' | 'noauth2' {
  if (config.authStrategy !== null) return config.authStrategy;
  const begun = [
    config.keystoneAuthUrl,
    config.keystoneWwwAuthenticateUri,
    config.keystoneAuthSection,
    config.keystoneUsername,
    config.keystoneUserId,
    config.keystonePassword,
    config.keystoneToken,
    config.keystoneApplicationCredentialId,
    config.keystoneApplicationCredentialSecret,
  ];
  return begun.some((value) => value !== null) ? 'keystone' : 'noauth2';
}

/** @throws ConfigError that names the missing option */
export function keystoneOptions(config: Config): KeystoneOptions {
  if (config.keystoneAuthUrl === null) {
    const group = config.keystoneAuthSection ?? 'keystone_authtoken';
    throw new ConfigError(
      `[${group}] auth_url is missing: tokens cannot be validated without the URL of Keystone. Set it ` +
        `(OS_${group.toUpperCase()}__AUTH_URL), or ask for [api] auth_strategy = noauth2, which believes any token.`,
    );
  }
  return {
    authUrl: versioned(config.keystoneAuthUrl),
    login: loginOf(config),
    publicUrl: config.keystoneWwwAuthenticateUri ?? config.keystoneAuthUrl,
    interface: config.keystoneInterface.replace(/URL$/, ''),
    region: config.keystoneRegionName,
    tls: {
      cafile: config.keystoneCafile,
      certfile: config.keystoneCertfile,
      keyfile: config.keystoneKeyfile,
      insecure: config.keystoneInsecure,
    },
    timeoutMs: config.keystoneHttpConnectTimeout * 1000,
    retries: config.keystoneHttpRequestMaxRetries,
    cacheMs: Math.max(0, config.keystoneTokenCacheTime) * 1000,
    withCatalog: config.keystoneIncludeServiceCatalog,
    delayDecision: config.keystoneDelayAuthDecision,
    tokenBind: config.keystoneEnforceTokenBind,
    serviceRoles: config.keystoneServiceTokenRoles.map((role) => role.toLowerCase()),
    serviceRolesRequired: config.keystoneServiceTokenRolesRequired,
    serviceType: config.keystoneServiceType,
  };
}

/** The v3 form of an identity URL. Operators write it with v3, with v2.0, or without a version. */
export function versioned(url: string): string {
  return `${withoutTrailing(url, '/').replace(/\/v(2\.0|3)$/, '')}/v3`;
}

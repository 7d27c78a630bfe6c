import { ConfigError, type Config } from '../../config.js';

/** The body of `POST /v3/auth/tokens`: the credentials of the service, and the scope that it asks for. */
export type Login = Readonly<Record<'auth', object>>;

/** @throws ConfigError that names the missing option */
export function loginOf(config: Config): Login {
  switch (config.keystoneAuthType) {
    case 'password':
    case 'v3password': {
      const password = needed(config, config.keystonePassword, 'password');
      return {
        auth: { identity: { methods: ['password'], password: { user: userOf(config, password) } }, ...scopeOf(config) },
      };
    }
    case 'token':
    case 'v3token': {
      const id = needed(config, config.keystoneToken, 'token');
      return { auth: { identity: { methods: ['token'], token: { id } }, ...scopeOf(config) } };
    }
    case 'v3applicationcredential': {
      const secret = needed(config, config.keystoneApplicationCredentialSecret, 'application_credential_secret');
      const id = config.keystoneApplicationCredentialId;
      const credential =
        id !== null
          ? { id, secret }
          : {
              name: needed(config, config.keystoneApplicationCredentialName, 'application_credential_name'),
              secret,
              user: userOf(config, null),
            };
      // An application credential already has a scope.
      return { auth: { identity: { methods: ['application_credential'], application_credential: credential } } };
    }
  }
}

function userOf(config: Config, password: string | null): object {
  const secret = password === null ? {} : { password };
  if (config.keystoneUserId !== null) return { id: config.keystoneUserId, ...secret };
  const name = needed(config, config.keystoneUsername, 'username');
  const domain = domainOf(config, config.keystoneUserDomainId, config.keystoneUserDomainName);
  if (domain === null) throw missing(config, 'user_domain_name');
  return { name, domain, ...secret };
}

function scopeOf(config: Config): { scope?: object } {
  if (config.keystoneSystemScope !== null) return { scope: { system: { all: true } } };
  if (config.keystoneTrustId !== null) return { scope: { 'OS-TRUST:trust': { id: config.keystoneTrustId } } };
  if (config.keystoneDomainId !== null) return { scope: { domain: { id: config.keystoneDomainId } } };
  if (config.keystoneDomainName !== null) return { scope: { domain: { name: config.keystoneDomainName } } };
  if (config.keystoneProjectId !== null) return { scope: { project: { id: config.keystoneProjectId } } };
  if (config.keystoneProjectName === null) return {};
  const domain = domainOf(config, config.keystoneProjectDomainId, config.keystoneProjectDomainName);
  if (domain === null) throw missing(config, 'project_domain_name');
  return { scope: { project: { name: config.keystoneProjectName, domain } } };
}

function domainOf(config: Config, id: string | null, name: string | null): object | null {
  if (id !== null) return { id };
  if (name !== null) return { name };
  if (config.keystoneDefaultDomainId !== null) return { id: config.keystoneDefaultDomainId };
  return config.keystoneDefaultDomainName === null ? null : { name: config.keystoneDefaultDomainName };
}

function needed(config: Config, value: string | null, name: string): string {
  if (value === null) throw missing(config, name);
  return value;
}

function missing(config: Config, name: string): ConfigError {
  const group = config.keystoneAuthSection ?? 'keystone_authtoken';
  return new ConfigError(`[${group}] ${name} is missing: auth_type = ${config.keystoneAuthType} needs it.`);
}

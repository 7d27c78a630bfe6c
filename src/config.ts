import fs from 'node:fs';
import { parseArgs } from 'node:util';
import { parse as parseIni } from 'ini';

/**
 * Every option once. An option is `[group] name` of a configuration file in upstream's format, `OS_GROUP__NAME` in the
 * environment, and for some a flag and a second environment name of its own. Flags win over the environment, the
 * environment over the file.
 */
const OPTIONS = {
  host: option({
    group: 'stockroom',
    name: 'host',
    env: 'STOCKROOM_HOST',
    flag: true,
    help: 'Address to listen on.',
    default: '127.0.0.1',
    parse: text,
  }),
  port: option({
    group: 'stockroom',
    name: 'port',
    env: 'STOCKROOM_PORT',
    flag: true,
    help: 'Port to listen on; 0 takes a free one.',
    default: 8778,
    parse: integer(0, 65_535),
  }),
  dataDir: option({
    group: 'stockroom',
    name: 'data_dir',
    env: 'STOCKROOM_DATA_DIR',
    flag: true,
    help: 'Folder of the embedded PostgreSQL; not used with a connection of your own.',
    default: null,
    defaultText: './data, or /var/lib/stockroom for root',
    parse: text,
  }),
  connection: option({
    group: 'placement_database',
    name: 'connection',
    help: 'URL of your own PostgreSQL (14 or newer), postgresql://user:password@host:port/database.',
    default: null,
    defaultText: 'the embedded PostgreSQL',
    parse: postgresUrl,
    secret: true,
  }),
  maxPoolSize: option({
    group: 'placement_database',
    name: 'max_pool_size',
    help: 'Most connections that requests share.',
    default: 20,
    parse: integer(1, 1000),
  }),
  connectTimeout: option({
    group: 'stockroom',
    name: 'connect_timeout',
    help: 'Longest wait for a database connection, in seconds.',
    default: 5,
    parse: integer(1, 300),
  }),
  statementTimeout: option({
    group: 'stockroom',
    name: 'statement_timeout',
    help: 'Longest time one SQL statement may take, in seconds.',
    default: 30,
    parse: integer(1, 3600),
  }),
  authStrategy: option({
    group: 'api',
    name: 'auth_strategy',
    deprecatedNames: ['DEFAULT/auth_strategy'],
    help: 'keystone: validate tokens at Keystone. noauth2: believe any token (for tests and try-outs), which must be asked for when the address is not loopback.',
    default: null,
    defaultText: 'keystone when [keystone_authtoken] is filled in, else noauth2 on loopback',
    parse: oneOf('keystone', 'noauth2'),
  }),
  keystoneWwwAuthenticateUri: option({
    group: 'keystone_authtoken',
    name: 'www_authenticate_uri',
    deprecatedNames: ['auth_uri'],
    help: 'Public identity URL, told to clients in the WWW-Authenticate header of a 401.',
    default: null,
    defaultText: 'auth_url',
    parse: httpUrl,
  }),
  keystoneAuthSection: option({
    group: 'keystone_authtoken',
    name: 'auth_section',
    help: 'Read the login options (auth_type to trust_id) from this section instead.',
    default: null,
    defaultText: 'none',
    parse: text,
  }),
  keystoneAuthType: option({
    group: 'keystone_authtoken',
    name: 'auth_type',
    deprecatedNames: ['auth_plugin'],
    help: 'How the service logs in to Keystone: password, v3password, v3applicationcredential, token or v3token.',
    default: 'password',
    parse: oneOf('password', 'v3password', 'v3applicationcredential', 'token', 'v3token'),
    login: true,
  }),
  keystoneAuthUrl: option({
    group: 'keystone_authtoken',
    name: 'auth_url',
    deprecatedNames: ['identity_uri'],
    help: 'Identity URL for the login of the service, with or without /v3.',
    default: null,
    defaultText: 'none',
    parse: httpUrl,
    login: true,
  }),
  keystoneUsername: option({
    group: 'keystone_authtoken',
    name: 'username',
    deprecatedNames: ['user_name', 'user-name'],
    help: 'Name of the service user.',
    default: null,
    defaultText: 'none',
    parse: text,
    login: true,
  }),
  keystoneUserId: option({
    group: 'keystone_authtoken',
    name: 'user_id',
    help: 'Id of the service user, instead of name and domain.',
    default: null,
    defaultText: 'none',
    parse: text,
    login: true,
  }),
  keystonePassword: option({
    group: 'keystone_authtoken',
    name: 'password',
    help: 'Password of the service user.',
    default: null,
    defaultText: 'none',
    parse: text,
    secret: true,
    login: true,
  }),
  keystoneUserDomainName: option({
    group: 'keystone_authtoken',
    name: 'user_domain_name',
    help: 'Domain of the service user.',
    default: null,
    defaultText: 'none',
    parse: text,
    login: true,
  }),
  keystoneUserDomainId: option({
    group: 'keystone_authtoken',
    name: 'user_domain_id',
    help: 'Domain of the service user.',
    default: null,
    defaultText: 'none',
    parse: text,
    login: true,
  }),
  keystoneProjectName: option({
    group: 'keystone_authtoken',
    name: 'project_name',
    deprecatedNames: ['tenant_name', 'tenant-name'],
    help: 'Project that the service logs in to.',
    default: null,
    defaultText: 'none',
    parse: text,
    login: true,
  }),
  keystoneProjectId: option({
    group: 'keystone_authtoken',
    name: 'project_id',
    deprecatedNames: ['tenant_id', 'tenant-id'],
    help: 'Project that the service logs in to.',
    default: null,
    defaultText: 'none',
    parse: text,
    login: true,
  }),
  keystoneProjectDomainName: option({
    group: 'keystone_authtoken',
    name: 'project_domain_name',
    help: 'Domain of that project.',
    default: null,
    defaultText: 'none',
    parse: text,
    login: true,
  }),
  keystoneProjectDomainId: option({
    group: 'keystone_authtoken',
    name: 'project_domain_id',
    help: 'Domain of that project.',
    default: null,
    defaultText: 'none',
    parse: text,
    login: true,
  }),
  keystoneDefaultDomainId: option({
    group: 'keystone_authtoken',
    name: 'default_domain_id',
    help: 'Domain of user and project where none is given (auth_type password).',
    default: null,
    defaultText: 'none',
    parse: text,
    login: true,
  }),
  keystoneDefaultDomainName: option({
    group: 'keystone_authtoken',
    name: 'default_domain_name',
    help: 'Domain of user and project where none is given (auth_type password).',
    default: null,
    defaultText: 'none',
    parse: text,
    login: true,
  }),
  keystoneSystemScope: option({
    group: 'keystone_authtoken',
    name: 'system_scope',
    help: 'all: log in with system scope.',
    default: null,
    defaultText: 'none',
    parse: oneOf('all'),
    login: true,
  }),
  keystoneDomainId: option({
    group: 'keystone_authtoken',
    name: 'domain_id',
    help: 'Log in with the scope of this domain.',
    default: null,
    defaultText: 'none',
    parse: text,
    login: true,
  }),
  keystoneDomainName: option({
    group: 'keystone_authtoken',
    name: 'domain_name',
    help: 'Log in with the scope of this domain.',
    default: null,
    defaultText: 'none',
    parse: text,
    login: true,
  }),
  keystoneTrustId: option({
    group: 'keystone_authtoken',
    name: 'trust_id',
    help: 'Log in with the scope of this trust.',
    default: null,
    defaultText: 'none',
    parse: text,
    login: true,
  }),
  keystoneToken: option({
    group: 'keystone_authtoken',
    name: 'token',
    help: 'The token to log in with (auth_type token).',
    default: null,
    defaultText: 'none',
    parse: text,
    secret: true,
    login: true,
  }),
  keystoneApplicationCredentialId: option({
    group: 'keystone_authtoken',
    name: 'application_credential_id',
    help: 'For auth_type v3applicationcredential.',
    default: null,
    defaultText: 'none',
    parse: text,
    login: true,
  }),
  keystoneApplicationCredentialName: option({
    group: 'keystone_authtoken',
    name: 'application_credential_name',
    help: 'For auth_type v3applicationcredential, with the options of the user.',
    default: null,
    defaultText: 'none',
    parse: text,
    login: true,
  }),
  keystoneApplicationCredentialSecret: option({
    group: 'keystone_authtoken',
    name: 'application_credential_secret',
    help: 'For auth_type v3applicationcredential.',
    default: null,
    defaultText: 'none',
    parse: text,
    secret: true,
    login: true,
  }),
  keystoneInterface: option({
    group: 'keystone_authtoken',
    name: 'interface',
    help: 'Which of the identity endpoints in the catalog validates tokens.',
    default: 'internal',
    parse: oneOf('internal', 'public', 'admin', 'internalURL', 'publicURL', 'adminURL'),
  }),
  keystoneRegionName: option({
    group: 'keystone_authtoken',
    name: 'region_name',
    help: 'Region of that endpoint.',
    default: null,
    defaultText: 'any',
    parse: text,
  }),
  keystoneCafile: option({
    group: 'keystone_authtoken',
    name: 'cafile',
    help: 'Certificates (PEM) of the authorities trusted for Keystone.',
    default: null,
    defaultText: 'those of Node.js',
    parse: text,
  }),
  keystoneCertfile: option({
    group: 'keystone_authtoken',
    name: 'certfile',
    help: 'Client certificate (PEM) shown to Keystone.',
    default: null,
    defaultText: 'none',
    parse: text,
  }),
  keystoneKeyfile: option({
    group: 'keystone_authtoken',
    name: 'keyfile',
    help: 'Key (PEM) of that certificate.',
    default: null,
    defaultText: 'in certfile',
    parse: text,
  }),
  keystoneInsecure: option({
    group: 'keystone_authtoken',
    name: 'insecure',
    help: 'Do not verify the certificate of Keystone.',
    default: false,
    parse: boolean(),
  }),
  keystoneHttpConnectTimeout: option({
    group: 'keystone_authtoken',
    name: 'http_connect_timeout',
    help: 'Longest wait for an answer of Keystone, in seconds.',
    default: 10,
    parse: integer(1, 600),
  }),
  keystoneHttpRequestMaxRetries: option({
    group: 'keystone_authtoken',
    name: 'http_request_max_retries',
    help: 'How often a request is tried again when the connection to Keystone fails.',
    default: 3,
    parse: integer(0, 100),
  }),
  keystoneTokenCacheTime: option({
    group: 'keystone_authtoken',
    name: 'token_cache_time',
    help: 'How long a validated token is believed without asking again, in seconds: so long a revoked one may go on working. A refused one is remembered for 10 s at most. -1 or 0: always ask.',
    default: 300,
    parse: integer(-1, 86_400),
  }),
  keystoneDelayAuthDecision: option({
    group: 'keystone_authtoken',
    name: 'delay_auth_decision',
    help: 'Leave the 401 for a bad token to the service: nobody is let in, only its body is another, and a bad service token is ignored.',
    default: false,
    parse: boolean(),
  }),
  keystoneIncludeServiceCatalog: option({
    group: 'keystone_authtoken',
    name: 'include_service_catalog',
    help: 'Ask for the catalog with each token; only the access rules of application credentials need it.',
    default: true,
    parse: boolean(),
  }),
  keystoneEnforceTokenBind: option({
    group: 'keystone_authtoken',
    name: 'enforce_token_bind',
    help: 'disabled, permissive, strict, required or a method: whether tokens bound to a login method are refused. No binding can be proven here.',
    default: 'permissive',
    parse: text,
  }),
  keystoneServiceTokenRoles: option({
    group: 'keystone_authtoken',
    name: 'service_token_roles',
    help: 'Roles of which a service token must have one, separated by commas.',
    default: ['service'],
    defaultText: 'service',
    parse: list,
  }),
  keystoneServiceTokenRolesRequired: option({
    group: 'keystone_authtoken',
    name: 'service_token_roles_required',
    help: 'Refuse requests whose service token has none of these roles.',
    default: true,
    parse: boolean(),
  }),
  keystoneServiceType: option({
    group: 'keystone_authtoken',
    name: 'service_type',
    help: 'Type of this service in the catalog; needed to let application credentials with access rules in.',
    default: null,
    defaultText: 'none',
    parse: text,
  }),
  incompleteConsumerProjectId: option({
    group: 'placement',
    name: 'incomplete_consumer_project_id',
    help: 'Project of consumers whose allocations are written without one (before microversion 1.8).',
    default: '00000000-0000-0000-0000-000000000000',
    parse: text,
  }),
  incompleteConsumerUserId: option({
    group: 'placement',
    name: 'incomplete_consumer_user_id',
    help: 'User of consumers whose allocations are written without one (before microversion 1.8).',
    default: '00000000-0000-0000-0000-000000000000',
    parse: text,
  }),
  maxAllocationCandidates: option({
    group: 'placement',
    name: 'max_allocation_candidates',
    help: 'Most allocation candidates that a request generates; -1 leaves it to the built-in bound of 200,000.',
    default: -1,
    parse: integer(-1, 1_000_000_000),
  }),
  allocationCandidatesGenerationStrategy: option({
    group: 'placement',
    name: 'allocation_candidates_generation_strategy',
    help: 'depth-first finishes one root provider before the next, breadth-first takes one candidate from each in turn.',
    default: 'depth-first',
    parse: oneOf('depth-first', 'breadth-first'),
  }),
  randomizeAllocationCandidates: option({
    group: 'placement',
    name: 'randomize_allocation_candidates',
    help: 'Whether candidates are shuffled; with a limit, a random sample is returned.',
    default: false,
    parse: boolean(),
  }),
  optimizeForWideProviderTrees: option({
    group: 'workarounds',
    name: 'optimize_for_wide_provider_trees',
    help: 'Accepted and always on: the search never builds combinations that cannot fit.',
    default: true,
    parse: boolean(),
  }),
  enforceNewDefaults: option({
    group: 'oslo_policy',
    name: 'enforce_new_defaults',
    help: 'false: what the deprecated defaults allowed is still allowed, so role admin may call POST /reshaper.',
    default: true,
    parse: boolean(),
  }),
  enforceScope: option({
    group: 'oslo_policy',
    name: 'enforce_scope',
    help: 'Refuse tokens for the system or a domain; false: judge them by their roles like others.',
    default: true,
    parse: boolean(),
  }),
  policyFile: option({
    group: 'oslo_policy',
    name: 'policy_file',
    help: 'Rules in YAML or JSON that replace defaults. A relative name is searched beside the configuration files, then in ~/.placement, ~, /etc/placement and /etc. It need not exist, and is read again when it changes.',
    default: 'policy.yaml',
    parse: text,
  }),
  policyDefaultRule: option({
    group: 'oslo_policy',
    name: 'policy_default_rule',
    help: 'The rule that stands for those which other rules refer to and which do not exist.',
    default: 'default',
    parse: text,
  }),
  policyDirs: option({
    group: 'oslo_policy',
    name: 'policy_dirs',
    help: 'Folders, separated by commas, whose files are laid over the policy file in the order of their names.',
    default: ['policy.d'] as readonly string[],
    parse: list,
  }),
  remoteContentType: option({
    group: 'oslo_policy',
    name: 'remote_content_type',
    help: 'How http: and https: checks send their question.',
    default: 'application/x-www-form-urlencoded',
    parse: oneOf('application/x-www-form-urlencoded', 'application/json'),
  }),
  remoteTimeout: option({
    group: 'oslo_policy',
    name: 'remote_timeout',
    help: 'Longest wait for the answer to an http: or https: check, in seconds.',
    default: 60,
    parse: decimal(0.001, 3600),
  }),
  remoteSslVerifyServerCrt: option({
    group: 'oslo_policy',
    name: 'remote_ssl_verify_server_crt',
    help: 'Whether https: checks verify the certificate of the server.',
    default: false,
    parse: boolean(),
  }),
  remoteSslCaCrtFile: option({
    group: 'oslo_policy',
    name: 'remote_ssl_ca_crt_file',
    help: 'Certificates of the authorities that https: checks trust.',
    default: null,
    defaultText: "Node's own",
    parse: text,
  }),
  remoteSslClientCrtFile: option({
    group: 'oslo_policy',
    name: 'remote_ssl_client_crt_file',
    help: 'Certificate that https: checks show.',
    default: null,
    defaultText: 'none',
    parse: text,
  }),
  remoteSslClientKeyFile: option({
    group: 'oslo_policy',
    name: 'remote_ssl_client_key_file',
    help: 'Key of that certificate.',
    default: null,
    defaultText: 'in the file of the certificate',
    parse: text,
  }),
  maxRequestBody: option({
    group: 'stockroom',
    name: 'max_request_body',
    help: 'Largest request body that is accepted, in bytes.',
    default: 10 * 1024 * 1024,
    parse: integer(1024, 1024 * 1024 * 1024),
  }),
  journalRetention: option({
    group: 'stockroom',
    name: 'journal_retention',
    help: 'How long the journal of changes is kept, in seconds. A process that slept longer loads everything again.',
    default: 600,
    parse: integer(1, 86_400),
  }),
  auditInterval: option({
    group: 'stockroom',
    name: 'audit_interval',
    help: 'How often the topology in memory is compared with the database, in seconds; 0 never.',
    default: 3600,
    parse: integer(0, 86_400 * 365),
  }),
  logLevel: option({
    group: 'stockroom',
    name: 'log_level',
    env: 'STOCKROOM_LOG_LEVEL',
    help: 'fatal, error, warn, info, debug or silent. The log goes to standard error, one JSON object a line.',
    default: 'info',
    parse: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'silent'),
  }),
};

export type Config = { readonly [Key in keyof typeof OPTIONS]: (typeof OPTIONS)[Key]['default'] | ParsedOf<Key> } & {
  /** The configuration files that were read: what they name with a relative path is searched beside them. */
  readonly configFiles: readonly string[];
};
type ParsedOf<Key extends keyof typeof OPTIONS> = ReturnType<(typeof OPTIONS)[Key]['parse']>;

/** A configuration value that cannot be used; the message names where it came from. */
export class ConfigError extends Error {}

export interface Sources {
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * @returns the configuration, or 'help' when that was asked for
 * @throws ConfigError that names file or variable, option, what was expected and what came
 */
export function readConfig({ argv = process.argv.slice(2), env = process.env }: Sources = {}): Config | 'help' {
  const flags = parseFlags(argv);
  if (flags['help'] === true) return 'help';
  const files = [flags['config-file'] ?? []].flat() as string[];
  const fileValues = files.map(readFile);
  const loginGroup = resolve(OPTIONS.keystoneAuthSection, flags, env, fileValues) as string | null;
  const config = Object.entries(OPTIONS).map(([key, one]: [string, AnyOption]) => {
    const moved = one.login === true && loginGroup !== null ? { ...one, group: loginGroup } : one;
    return [key, resolve(moved, flags, env, fileValues)];
  });
  return { ...Object.fromEntries(config), configFiles: files } as Config;
}

/** The configuration with nothing but defaults, and what is given. */
export function defaultConfig(given: Partial<Config> = {}): Config {
  const defaults = Object.fromEntries(Object.entries(OPTIONS).map(([key, one]) => [key, one.default])) as Config;
  return { ...defaults, configFiles: [], ...given };
}

/** The text of --help. */
export function helpText(): string {
  const lines = Object.values(OPTIONS).map((one) => {
    const flag = one.flag ? `--${flagName(one)}, ` : '';
    const names = `  ${flag}${[one.env ?? [], environmentName(one)].flat().join(', ')}, [${one.group}] ${one.name}`;
    return `${names}\n      ${one.help} Default: ${defaultText(one)}.`;
  });
  return (
    'Usage: npm start -- [options]\n\nA service compatible with OpenStack Placement. Each option is a flag, a variable of the ' +
    'environment or a line of a\nconfiguration file; flags win over the environment, the environment over the file.\n\n' +
    `  --config-file FILE\n      Configuration file in the format of placement.conf; may be repeated, later ones win.\n  --help\n      This text.\n${lines.join('\n')}\n`
  );
}

/** The options as rows of a Markdown table, for the README. */
export function optionTable(): string {
  const rows = Object.values(OPTIONS).map((one) => {
    const names = [
      one.flag ? `--${flagName(one)}` : [],
      one.env ?? [],
      environmentName(one),
      `[${one.group}] ${one.name}`,
    ];
    return `| ${names
      .flat()
      .map((name) => `\`${name}\``)
      .join('<br>')} | ${defaultText(one)} | ${one.help} |`;
  });
  return ['| option | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');
}

interface Option<Default, Value> {
  readonly group: string;
  readonly name: string;
  /** Names that still work, after the present one: `name` of the same group, or `GROUP/name`. */
  readonly deprecatedNames?: readonly string[];
  readonly help: string;
  readonly default: Default;
  readonly defaultText?: string;
  /** Answers undefined for a text that is no such value. */
  readonly parse: ((text: string) => Value) & { expected?: string };
  readonly env?: string;
  readonly flag?: boolean;
  readonly secret?: boolean;
  /** An option of the login to Keystone: [keystone_authtoken] auth_section moves it to another group. */
  readonly login?: boolean;
}

type AnyOption = Option<unknown, unknown>;

function option<const Default, Value>(one: Option<Default, Value>): Option<Default, Value> {
  return one;
}

function environmentName({ group, name }: { group: string; name: string }): string {
  return `OS_${group}__${name}`.toUpperCase();
}

function flagName({ name }: AnyOption): string {
  return name.replaceAll('_', '-');
}

function defaultText(one: AnyOption): string {
  return one.defaultText ?? String(one.default);
}

type Flags = Record<string, string | boolean | (string | boolean)[] | undefined>;
interface ConfigFile {
  readonly path: string;
  readonly groups: Record<string, unknown>;
}

function parseFlags(argv: readonly string[]): Flags {
  const flags = Object.values(OPTIONS).filter((one: AnyOption) => one.flag === true);
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        help: { type: 'boolean', short: 'h' },
        'config-file': { type: 'string', multiple: true },
        ...Object.fromEntries(flags.map((one) => [flagName(one), { type: 'string' as const }])),
      },
    });
    return values;
  } catch (error) {
    throw new ConfigError(`${(error as Error).message}\nSee --help for the options.`);
  }
}

function readFile(path: string): ConfigFile {
  try {
    return { path, groups: parseIni(fs.readFileSync(path, 'utf8')) };
  } catch (error) {
    throw new ConfigError(`The configuration file ${path} cannot be read: ${(error as Error).message}`);
  }
}

function resolve(
  one: AnyOption,
  flags: Flags,
  env: NonNullable<Sources['env']>,
  files: readonly ConfigFile[],
): unknown {
  const parse = (text: string, source: string): unknown => {
    const value = one.parse(text);
    if (value !== undefined) return value;
    const shown =
      one.secret === true
        ? '(not shown, it may contain a password)'
        : JSON.stringify(text).replace(/\/\/[^/]*@/, '//***@');
    const name = `option ${one.name} of [${one.group}]`;
    throw new ConfigError(`${source}: ${name}: expected ${one.parse.expected ?? 'another value'}, got ${shown}.`);
  };
  const flag = one.flag === true ? flags[flagName(one)] : undefined;
  if (typeof flag === 'string') return parse(flag, `--${flagName(one)}`);
  const names = namesOf(one);
  for (const variable of [one.env, ...names.map(environmentName)]) {
    const text = variable === undefined ? undefined : env[variable];
    if (variable !== undefined && text !== undefined && text !== '') return parse(text, variable);
  }
  for (const { path, groups } of [...files].reverse()) {
    for (const name of names) {
      const group = groups[name.group] as Record<string, unknown> | undefined;
      const text = group?.[name.name];
      if (text !== undefined) return parse(typeof text === 'string' ? text : JSON.stringify(text), path);
    }
  }
  return one.default;
}

/** Every name an option goes by, the present one first. */
function namesOf({ group, name, deprecatedNames = [] }: AnyOption): { group: string; name: string }[] {
  const older = deprecatedNames.map((text) => {
    const [oldGroup, oldName] = text.split('/');
    return oldName === undefined ? { group, name: text } : { group: oldGroup as string, name: oldName };
  });
  return [{ group, name }, ...older];
}

function expecting<Value>(expected: string, parse: (text: string) => Value | undefined) {
  return Object.assign((value: string) => parse(value) as Value, { expected });
}

function text(value: string): string {
  return value;
}

/** As oslo.config reads them. */
function boolean() {
  return expecting('true or false', (value) => {
    if (/^(true|1|on|yes)$/i.test(value)) return true;
    return /^(false|0|off|no)$/i.test(value) ? false : undefined;
  });
}

function integer(min: number, max: number) {
  return expecting(`a whole number from ${min} to ${max}`, (value) => {
    const number = Number(value);
    return /^-?\d+$/.test(value) && number >= min && number <= max ? number : undefined;
  });
}

function decimal(min: number, max: number) {
  return expecting(`a number from ${min} to ${max}`, (value) => {
    const number = Number(value);
    return /^\d+(\.\d+)?$/.test(value) && number >= min && number <= max ? number : undefined;
  });
}

function list(value: string): readonly string[] {
  return value
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

function oneOf<Choice extends string>(...choices: Choice[]) {
  return expecting(choices.length === 1 ? choices.join() : `one of ${choices.join(', ')}`, (value) =>
    choices.find((choice) => choice === value),
  );
}

/** Credentials in it would end up in logs and headers; they have options of their own. */
function httpUrl(value: string): string {
  return httpUrlOrUndefined(value) as string;
}
httpUrl.expected = 'a URL of the form https://host:port/path, without user, password or query';

function httpUrlOrUndefined(value: string): string | undefined {
  if (!URL.canParse(value)) return undefined;
  const url = new URL(value);
  const plain = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  return plain && /^https?:$/.test(url.protocol) ? url.href.replace(/\/$/, '') : undefined;
}

/** Accepts SQLAlchemy's spelling too: `postgresql+psycopg2://`. */
function postgresUrl(value: string): string {
  return postgresUrlOrUndefined(value) as string;
}
postgresUrl.expected = 'a URL of the form postgresql://user:password@host:port/database';

function postgresUrlOrUndefined(value: string): string | undefined {
  const url = value.replace(/^postgres(ql)?(\+\w+)?:/, 'postgresql:');
  return URL.canParse(url) && url.startsWith('postgresql:') ? url : undefined;
}

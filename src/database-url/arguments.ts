import type { DatabaseUrl } from './parse.js';

/** How the service treats an argument of libpq. */
type Meaning =
  | 'honoured'
  /** The service does this in any case, or something close to it. */
  | 'settled'
  /** A sentence for the operator. */
  | { readonly instead: string };

const OWN_KEEPALIVE = { instead: 'the service looks after dead connections itself' };
const KERBEROS = { instead: 'the driver does not know GSSAPI' };
const REVOCATION = { instead: 'revocation lists are not read' };

/** libpq's arguments: PostgreSQL documentation, "Parameter Key Words". Host, port, user, password and dbname are read before. */
const ARGUMENTS: Readonly<Record<string, Meaning>> = {
  sslmode: 'honoured',
  sslrootcert: 'honoured',
  sslcert: 'honoured',
  sslkey: 'honoured',
  sslpassword: 'honoured',
  sslnegotiation: 'honoured',
  ssl_min_protocol_version: 'honoured',
  ssl_max_protocol_version: 'honoured',
  hostaddr: 'honoured',
  options: 'honoured',
  application_name: 'honoured',
  connect_timeout: 'honoured',
  target_session_attrs: 'honoured',
  // The driver always speaks UTF-8, without compression, and sends the name of the host.
  client_encoding: 'settled',
  fallback_application_name: 'settled',
  sslcompression: 'settled',
  sslsni: 'settled',
  keepalives: OWN_KEEPALIVE,
  keepalives_idle: OWN_KEEPALIVE,
  keepalives_interval: OWN_KEEPALIVE,
  keepalives_count: OWN_KEEPALIVE,
  tcp_user_timeout: OWN_KEEPALIVE,
  gssencmode: KERBEROS,
  krbsrvname: KERBEROS,
  gsslib: KERBEROS,
  gssdelegation: KERBEROS,
  sslcrl: REVOCATION,
  sslcrldir: REVOCATION,
  passfile: { instead: 'set the variable PGPASSFILE, which is read' },
  service: { instead: 'put what the file of services says into the URL' },
  servicefile: { instead: 'put what the file of services says into the URL' },
  load_balance_hosts: {
    instead: 'hosts are tried in the order of the URL, and the one that can be written to is used',
  },
  channel_binding: { instead: 'use sslmode=verify-full, which proves who the server is' },
  require_auth: { instead: 'the server decides how the service proves who it is' },
  requirepeer: { instead: 'the owner of a socket is not looked at' },
  requiressl: { instead: 'use sslmode=require' },
  sslcertmode: { instead: 'a certificate is sent when sslcert names one' },
  replication: { instead: 'the service does not replicate' },
};

/** Arguments of upstream's drivers that libpq does not have. */
const OF_PYTHON = [
  'charset',
  'use_unicode',
  'plugin',
  'executemany_mode',
  'executemany_batch_page_size',
  'executemany_values_page_size',
  'prepared_statement_cache_size',
  'use_native_unicode',
  'async_fallback',
];

const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;

/** The arguments without those of upstream's drivers. */
export function withoutPython(url: DatabaseUrl): DatabaseUrl {
  return { ...url, parameters: new Map([...url.parameters].filter(([name]) => !OF_PYTHON.includes(name))) };
}

/** Why a URL cannot be used; null when it can be. */
export function rejectionOf({ parameters }: DatabaseUrl): string | null {
  const mode = parameters.get('sslmode');
  if (mode !== undefined && !(SSL_MODES as readonly string[]).includes(mode)) {
    return `sslmode is one of ${SSL_MODES.join(', ')}`;
  }
  const attributes = parameters.get('target_session_attrs');
  if (attributes !== undefined && !['any', 'read-write', 'primary'].includes(attributes)) {
    return 'target_session_attrs is any, read-write or primary, because the service writes';
  }
  return null;
}

/** A sentence for each argument that has no effect. */
export function warningsOn({ parameters }: DatabaseUrl, similar: (name: string, names: string[]) => string): string[] {
  return [...parameters.keys()].flatMap((name) => {
    const meaning = Object.hasOwn(ARGUMENTS, name) ? ARGUMENTS[name] : undefined;
    if (meaning === 'honoured' || meaning === 'settled') return [];
    if (meaning !== undefined) return [`the argument ${name} of the connection has no effect: ${meaning.instead}.`];
    const known = [...Object.keys(ARGUMENTS), 'host', 'port', 'user', 'password', 'dbname'];
    return [
      `the argument ${JSON.stringify(name.slice(0, 60))} of the connection is unknown and has no effect.${similar(name, known)}`,
    ];
  });
}

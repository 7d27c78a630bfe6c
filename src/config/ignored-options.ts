/**
 * Options of upstream that are accepted without a warning and change nothing here, with the reason. `config show --all`
 * and docs/reference/configuration.md print them.
 */
interface IgnoredOptions {
  readonly section: string;
  readonly names: readonly string[];
  readonly why: string;
}

export const IGNORED_OPTIONS: readonly IgnoredOptions[] = [
  {
    section: 'DEFAULT',
    names: ['log_config_append', 'default_log_levels', 'logging_context_format_string', 'log_date_format'],
    why: "they configure Python's loggers and the form of their lines; the log here is JSON, with ISO 8601 times ([stockroom] log_level, log_format)",
  },
  {
    section: 'DEFAULT',
    names: ['use_json'],
    why: 'the log is JSON already, except on a terminal ([stockroom] log_format)',
  },
  {
    section: 'DEFAULT',
    names: ['use_syslog', 'syslog_log_facility', 'use_journal'],
    why: 'the log goes to standard error or a file; systemd and containers carry standard error to the journal or syslog',
  },
  { section: 'DEFAULT', names: ['fatal_deprecations'], why: "it is about warnings of Python's libraries" },
  {
    section: 'DEFAULT',
    names: ['tempdir', 'state_path', 'pybasedir'],
    why: 'nothing is kept in files but the embedded PostgreSQL ([stockroom] data_dir)',
  },
  {
    section: 'placement',
    names: ['allocation_conflict_retry_count'],
    why: "claims wait for each other's provider rows, so a generation that changes meanwhile is no conflict and nothing is tried again",
  },
  {
    section: 'placement_database',
    names: ['slave_connection'],
    why: 'reads are served from memory and see every write that was committed before; a replica that lags could not promise that',
  },
  {
    section: 'placement_database',
    names: ['sqlite_synchronous', 'mysql_sql_mode', 'mysql_wsrep_sync_wait', 'mysql_enable_ndb', 'backend'],
    why: 'the database is PostgreSQL',
  },
  {
    section: 'placement_database',
    names: ['connection_debug', 'connection_trace'],
    why: "PostgreSQL's own log_statement shows the statements, without passing secrets through another log",
  },
  {
    section: 'keystone_authtoken',
    names: ['auth_version'],
    why: 'only version 3 of the identity API exists, upstream too uses it whatever is set',
  },
  {
    section: 'keystone_authtoken',
    names: [
      'memcached_servers',
      'memcache_servers',
      'memcache_security_strategy',
      'memcache_secret_key',
      'memcache_pool_dead_retry',
      'memcache_pool_maxsize',
      'memcache_pool_socket_timeout',
      'memcache_pool_unused_timeout',
      'memcache_pool_conn_get_timeout',
      'memcache_use_advanced_pool',
      'memcache_tls_enabled',
      'memcache_tls_cafile',
      'memcache_tls_certfile',
      'memcache_tls_keyfile',
      'memcache_tls_allowed_ciphers',
      'memcache_sasl_enabled',
      'memcache_username',
      'memcache_password',
    ],
    why: 'each process keeps the tokens it has validated in its own memory (token_cache_time)',
  },
  { section: 'keystone_authtoken', names: ['cache'], why: 'it names an object of the Swift proxy server' },
];

/** Sections of libraries in a configuration that other services share. The service reads none of them and warns of nothing in them. */
const OTHER_SECTIONS =
  /^(oslo_(?!policy$|middleware$)\w+|profiler|cache|database|healthcheck|ssl|osprofiler|coordination|keystone|service_user|cinder|glance|neutron|nova|os_vif\w*|vault|barbican|key_manager)$/;

export function isIgnored(section: string, name: string): boolean {
  return (
    OTHER_SECTIONS.test(section) || IGNORED_OPTIONS.some((one) => one.section === section && one.names.includes(name))
  );
}

import { adviceOnUrl, databaseUrl } from '../database-url.js';
import { option } from '../option.js';
import { boolean, integer, text } from '../values.js';

/** The connections to PostgreSQL. */
export const databaseOptions = {
  connection: option({
    group: 'placement_database',
    name: 'connection',
    help: 'URL of your own PostgreSQL (14 or newer), postgresql://user:password@host:port/database; postgresql+psycopg2:// and the arguments of libpq are understood.',
    default: null,
    defaultText: 'the embedded PostgreSQL',
    parse: databaseUrl,
    advice: adviceOnUrl,
    secret: true,
  }),
  connectionParameters: option({
    group: 'placement_database',
    name: 'connection_parameters',
    help: 'More arguments for that URL, a=b&c=d.',
    default: '',
    defaultText: 'none',
    parse: text,
    secret: true,
  }),
  maxPoolSize: option({
    group: 'placement_database',
    name: 'max_pool_size',
    help: 'Connections that requests share, with those of max_overflow; 0: no limit.',
    default: 10,
    parse: integer(0, 1000),
  }),
  maxOverflow: option({
    group: 'placement_database',
    name: 'max_overflow',
    help: 'How many more than max_pool_size there may be; -1: no limit.',
    default: 10,
    parse: integer(-1, 1000),
  }),
  poolTimeout: option({
    group: 'placement_database',
    name: 'pool_timeout',
    help: 'How long a request waits for one of these connections, in seconds.',
    default: null,
    defaultText: '[stockroom] connect_timeout',
    parse: integer(1, 3600),
  }),
  connectionRecycleTime: option({
    group: 'placement_database',
    name: 'connection_recycle_time',
    deprecatedNames: ['idle_timeout'],
    help: 'Connections older than this are replaced when they are free, in seconds; -1 or 0: never.',
    default: 3600,
    parse: integer(-1, 86_400 * 365),
  }),
  maxRetries: option({
    group: 'placement_database',
    name: 'max_retries',
    help: 'How often to try again at start while the database is away; -1: for ever.',
    default: -1,
    parse: integer(-1, 1_000_000),
  }),
  retryInterval: option({
    group: 'placement_database',
    name: 'retry_interval',
    help: 'How long to wait between these attempts, in seconds.',
    default: null,
    defaultText: 'a quarter of a second, then longer and longer, at most 10',
    parse: integer(1, 3600),
  }),
  syncOnStartup: option({
    group: 'placement_database',
    name: 'sync_on_startup',
    help: 'Bring the schema up to date at start. false (the default of upstream): refuse to start until `stockroom db sync` has been run. The embedded PostgreSQL is always brought up to date.',
    default: true,
    parse: boolean(),
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
  preparedStatements: option({
    group: 'stockroom',
    name: 'prepared_statements',
    help: 'false: do without named prepared statements, for a pooler that gives each transaction another session (pgbouncer before 1.21 in transaction mode).',
    default: true,
    parse: boolean(),
  }),
};

import { option } from '../option.js';
import { boolean, integer, oneOf, text } from '../values.js';

/** The service itself: where it listens, what it allows itself. */
export const serviceOptions = {
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
  authStrategy: option({
    group: 'api',
    name: 'auth_strategy',
    deprecatedNames: ['DEFAULT/auth_strategy'],
    help: 'keystone: validate tokens at Keystone. noauth2: believe any token (for tests and try-outs), which must be asked for when the address is not loopback.',
    default: null,
    defaultText: 'keystone when [keystone_authtoken] is filled in, else noauth2 on loopback',
    parse: oneOf('keystone', 'noauth2'),
  }),
  maxRequestBody: option({
    group: 'stockroom',
    name: 'max_request_body',
    deprecatedNames: ['oslo_middleware/max_request_body_size'],
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
  docs: option({
    group: 'stockroom',
    name: 'docs',
    help: 'Serve the API reference at /docs, to anybody, and its OpenAPI document at /docs/openapi.json.',
    default: true,
    parse: boolean(),
  }),
};

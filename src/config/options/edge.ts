import { option } from '../option.js';
import { boolean, integer, list, origins } from '../values.js';

/** Browsers and proxies in front of the service. */
export const edgeOptions = {
  corsAllowedOrigin: option({
    group: 'cors',
    name: 'allowed_origin',
    help: 'Origins whose pages may use the API (CORS), PROTOCOL://HOST[:PORT] separated by commas; * for any.',
    default: [],
    defaultText: 'none, and no CORS',
    parse: origins,
  }),
  corsAllowCredentials: option({
    group: 'cors',
    name: 'allow_credentials',
    help: 'Send Access-Control-Allow-Credentials: true.',
    default: true,
    parse: boolean(),
  }),
  corsExposeHeaders: option({
    group: 'cors',
    name: 'expose_headers',
    help: 'Response headers that such a page may read, separated by commas.',
    default: ['X-Auth-Token', 'X-Openstack-Request-Id', 'X-Subject-Token', 'X-Service-Token', 'OpenStack-API-Version'],
    parse: list,
  }),
  corsMaxAge: option({
    group: 'cors',
    name: 'max_age',
    help: 'How long a browser may cache the permission, in seconds; 0: the browser decides.',
    default: 3600,
    parse: integer(0, 2_147_483_647),
  }),
  corsAllowMethods: option({
    group: 'cors',
    name: 'allow_methods',
    help: 'Methods that such a page may use, separated by commas.',
    default: ['GET', 'PUT', 'POST', 'DELETE', 'PATCH'],
    parse: list,
  }),
  corsAllowHeaders: option({
    group: 'cors',
    name: 'allow_headers',
    help: 'Request headers that such a page may send besides the simple ones, separated by commas.',
    default: [
      'X-Auth-Token',
      'X-Openstack-Request-Id',
      'X-Identity-Status',
      'X-Roles',
      'X-Service-Catalog',
      'X-User-Id',
      'X-Tenant-Id',
      'OpenStack-API-Version',
    ],
    parse: list,
  }),
  enableProxyHeadersParsing: option({
    group: 'oslo_middleware',
    name: 'enable_proxy_headers_parsing',
    help: 'Use the headers Forwarded, or else X-Forwarded-Proto, -Host and -For, and X-Forwarded-Prefix in links, Location and log. Only behind a proxy that sets them itself: any client can send them.',
    default: false,
    parse: boolean(),
  }),
};

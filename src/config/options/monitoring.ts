import { option } from '../option.js';
import { boolean, integer, text } from '../values.js';

/** Health and metrics, for operators. */
export const monitoringOptions = {
  adminHost: option({
    group: 'stockroom',
    name: 'admin_host',
    argument: 'ADDRESS',
    help: 'Address of the admin listener. It asks for no token: choose one that only your monitoring can reach.',
    default: '127.0.0.1',
    parse: text,
  }),
  adminPort: option({
    group: 'stockroom',
    name: 'admin_port',
    argument: 'PORT',
    flag: true,
    help: 'Port of the admin listener, with /healthz, /readyz and /metrics; 0 takes a free one.',
    default: null,
    defaultText: 'none: no admin listener',
    parse: integer(0, 65_535),
  }),
  capacityMetrics: option({
    group: 'stockroom',
    name: 'capacity_metrics',
    help: 'Show what each provider has and what of it is in use in /metrics (openstack_placement_resource_*).',
    default: true,
    parse: boolean(),
  }),
  capacityMetricsLimit: option({
    group: 'stockroom',
    name: 'capacity_metrics_limit',
    help: 'Number of providers that are shown; stockroom_capacity_providers_left_out says how many are not.',
    default: 10_000,
    parse: integer(0, 1_000_000),
  }),
};

import { historyOptions } from './options/history.js';
import { auditLogOptions } from './options/audit-log.js';
import { capacityOptions } from './options/capacity.js';
import { databaseOptions } from './options/database.js';
import { edgeOptions } from './options/edge.js';
import { explainOptions } from './options/explain.js';
import { keystoneOptions } from './options/keystone.js';
import { keystoneLoginOptions } from './options/keystone-login.js';
import type { ListBucket, ListHook } from '../lists/model.js';
import { listOptions } from './options/lists.js';
import { listsDialectOptions } from './options/lists-dialect.js';
import { logOptions } from './options/log.js';
import { monitoringOptions } from './options/monitoring.js';
import { placementOptions } from './options/placement.js';
import { policyOptions } from './options/policy.js';
import { processOptions } from './options/process.js';
import { serviceOptions } from './options/service.js';

/** Every option once. */
export const OPTIONS = {
  ...serviceOptions,
  ...processOptions,
  ...monitoringOptions,
  ...capacityOptions,
  ...historyOptions,
  ...databaseOptions,
  ...keystoneOptions,
  ...keystoneLoginOptions,
  ...policyOptions,
  ...placementOptions,
  ...explainOptions,
  ...edgeOptions,
  ...listOptions,
  ...listsDialectOptions,
  ...logOptions,
  ...auditLogOptions,
};

type ParsedOf<Key extends keyof typeof OPTIONS> = ReturnType<(typeof OPTIONS)[Key]['parse']>;

export type Config = { readonly [Key in keyof typeof OPTIONS]: (typeof OPTIONS)[Key]['default'] | ParsedOf<Key> } & {
  /** The configuration files that were read. Relative names of policy files are searched in their folders. */
  readonly configFiles: readonly string[];
  /** The folders of `--config-dir`, in which relative names of policy files are searched first. */
  readonly configDirs: readonly string[];
  /** The sections [list_bucket:NAME], without the built-in bucket. */
  readonly listBuckets: readonly ListBucket[];
  /** The sections [list_hook:NAME]. */
  readonly listHooks: readonly ListHook[];
};

/** The default configuration with the given values. */
export function defaultConfig(given: Partial<Config> = {}): Config {
  const defaults = Object.fromEntries(
    Object.entries(OPTIONS).map(([key, one]) => [key, one.default]),
  ) as unknown as Config;
  return { ...defaults, configFiles: [], configDirs: [], listBuckets: [], listHooks: [], ...given };
}

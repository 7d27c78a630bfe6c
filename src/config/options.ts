import { databaseOptions } from './options/database.js';
import { edgeOptions } from './options/edge.js';
import { keystoneOptions } from './options/keystone.js';
import { keystoneLoginOptions } from './options/keystone-login.js';
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
  ...databaseOptions,
  ...keystoneOptions,
  ...keystoneLoginOptions,
  ...policyOptions,
  ...placementOptions,
  ...edgeOptions,
  ...logOptions,
};

type ParsedOf<Key extends keyof typeof OPTIONS> = ReturnType<(typeof OPTIONS)[Key]['parse']>;

export type Config = { readonly [Key in keyof typeof OPTIONS]: (typeof OPTIONS)[Key]['default'] | ParsedOf<Key> } & {
  /** The configuration files that were read: what they name with a relative path is searched beside them. */
  readonly configFiles: readonly string[];
  /** The folders of `--config-dir`, where it is searched first. */
  readonly configDirs: readonly string[];
};

/** The configuration with nothing but defaults, and what is given. */
export function defaultConfig(given: Partial<Config> = {}): Config {
  const defaults = Object.fromEntries(Object.entries(OPTIONS).map(([key, one]) => [key, one.default])) as Config;
  return { ...defaults, configFiles: [], configDirs: [], ...given };
}

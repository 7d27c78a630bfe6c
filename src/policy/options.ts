import type { Config } from '../config.js';
import { policySearchPath } from './locate.js';
import type { PolicyOptions } from './policy.js';

/** Returns the options of the policy, for the service and for commands that check policy files. */
export function policyOptions(config: Config): Omit<PolicyOptions, 'log'> {
  return {
    policyFile: config.policyFile,
    policyDirs: config.policyDirs,
    searchPath: policySearchPath(config.configFiles, config.configDirs),
    defaultRule: config.policyDefaultRule,
    enforceNewDefaults: config.enforceNewDefaults,
    enforceScope: config.enforceScope,
    remote: {
      contentType: config.remoteContentType,
      timeout: config.remoteTimeout,
      verifyServer: config.remoteSslVerifyServerCrt,
      caFile: config.remoteSslCaCrtFile,
      certFile: config.remoteSslClientCrtFile,
      keyFile: config.remoteSslClientKeyFile,
    },
  };
}

import { authStrategyOf, keystoneOptions } from '../auth/keystone/options.js';
import { ConfigError, type Config } from '../config.js';
import { isLoopback } from '../ops/process.js';
import { shapesOf } from '../resources/capacity/shapes.js';

/** Checks the options that depend on each other, before anything is started. @throws ConfigError */
export function checkOptions(config: Config): void {
  checkAuthStrategy(config);
  checkPorts(config);
  shapesOf(config); // throws when a query cannot be read
}

/** @throws ConfigError when the strategy is incomplete, or when noauth2 is the default and other machines reach the service */
export function checkAuthStrategy(config: Config): void {
  if (authStrategyOf(config) === 'keystone') {
    keystoneOptions(config); // throws when an option is missing
    return;
  }
  const hosts = [config.host, ...(config.listsS3Port === null ? [] : [config.listsS3Host])];
  const open = hosts.find((host) => !isLoopback(host));
  if (config.authStrategy !== null || open === undefined) return;
  throw new ConfigError(
    `On ${open}, which other machines can reach, the strategy that believes any token has to be asked for: set ` +
      'OS_API__AUTH_STRATEGY=noauth2 (or [api] auth_strategy = noauth2), fill in [keystone_authtoken], or listen on 127.0.0.1.',
  );
}

/** The service knows the API and the S3 dialect by the port of a connection. */
function checkPorts({ port, listsS3Port }: Config): void {
  if (port !== listsS3Port) return;
  throw new ConfigError(`[stockroom] lists_s3_port is ${port}, which is the port of the API; choose another.`);
}

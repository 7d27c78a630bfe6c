import { authStrategyOf } from '../auth/keystone/options.js';
import type { Config } from '../config.js';
import { filesText } from '../config/show.js';
import { say } from '../ops/terminal.js';
import type { Listeners } from './listeners.js';
import { workersOf } from './worker-pool.js';

/** Prints the addresses of the service and its settings. @param data the database, as text */
export function greet(config: Config, { url, listsUrl }: Listeners, data: string): void {
  say(`Stockroom listens on ${url}`);
  say(`Data: ${data}`);
  say(filesText(config.configFiles));
  if (config.docs) say(`API reference: ${url}/docs`);
  if (config.console) say(`Console: ${url}/console`);
  if (listsUrl !== null) say(`Inventory jobs for clients of COS, OSS and S3: ${listsUrl}`);
  if (workersOf(config) > 1) say(`Workers: ${workersOf(config)}`);
  if (authStrategyOf(config) === 'keystone') {
    say(`Authentication: Keystone at ${config.keystoneAuthUrl ?? ''}`);
    return;
  }
  say('Authentication: noauth2, which believes any token; for tests and try-outs only');
  say(`Try: curl -H 'x-auth-token: admin' -H 'openstack-api-version: placement latest' ${url}/resource_providers`);
}

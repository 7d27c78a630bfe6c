import fs from 'node:fs';
import path from 'node:path';
import { policyOptions } from '../policy/options.js';
import type { Config, LoadedConfig } from '../config.js';
import { filesText } from '../config/show.js';
import { defaultDataDir } from '../ops/process.js';
import { checkPolicyFiles } from '../policy/check-files.js';
import { locatePolicyFiles, policyFilesText } from '../policy/locate.js';
import { PolicyFileError, problemText } from '../policy/problem.js';
import { say, type Command } from './command.js';
import { withDatabase } from './database.js';
import { databaseChecks } from './doctor/database.js';
import { failure, ok, warning, type Diagnosis } from './doctor/diagnosis.js';
import { keystoneChecks } from './doctor/keystone.js';
import { logChecks } from './doctor/log.js';
import { portChecks } from './doctor/ports.js';

export const command: Command = {
  help: 'Looks at the configuration, the database, Keystone, the policy files, the log files, the ports and the clocks, and changes nothing. Exit code: 0 the service can work, perhaps with warnings; 1 something keeps it from working.',
  async run(loaded, { switches }) {
    const checks = [
      ...configurationChecks(loaded),
      ...(await database(loaded.config)),
      ...(await keystoneChecks(loaded.config)),
      policyCheck(loaded.config),
      ...logChecks(loaded.config),
      ...(await portChecks(loaded.config)),
    ];
    say(switches.has('json') ? JSON.stringify({ checks }, null, 2) : text(checks));
    return checks.some(({ result }) => result === 'failure') ? 1 : 0;
  },
};

function configurationChecks({ config, warnings }: LoadedConfig): Diagnosis[] {
  return [
    ok('configuration', filesText(config.configFiles).replace(/^Configuration: /, '')),
    ...warnings.map((one) => warning('configuration', one)),
  ];
}

function database(config: Config): Promise<Diagnosis[]> {
  const dataDir = config.dataDir ?? defaultDataDir();
  if (config.connection === null && !fs.existsSync(path.join(dataDir, 'postgresql'))) {
    const message = `no connection is configured: the service makes an embedded PostgreSQL in ${dataDir} at its first start. The doctor of a service that is configured gets the same --config-file or --config-dir`;
    return Promise.resolve([ok('database', message)]);
  }
  return withDatabase(config, (connection) => databaseChecks(config, connection));
}

function policyCheck(config: Config): Diagnosis {
  const options = policyOptions(config);
  try {
    const files = locatePolicyFiles(options).map((file) => file.path);
    const { problems } = checkPolicyFiles(files, options);
    const [first] = problems;
    if (first === undefined) return ok('policy', policyFilesText(files));
    const message = `${problemText(first)}; \`stockroom policy check\` lists all ${problems.length} problems`;
    return problems.some(({ severity }) => severity === 'error')
      ? failure('policy', message)
      : warning('policy', message);
  } catch (error) {
    if (!(error instanceof PolicyFileError)) throw error;
    return failure('policy', error.message);
  }
}

function text(checks: readonly Diagnosis[]): string {
  const widest = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.map(({ result, name, message }) => `${result.padEnd(7)}  ${name.padEnd(widest)}  ${message}`);
  const [failures, warnings] = (['failure', 'warning'] as const).map(
    (kind) => checks.filter(({ result }) => result === kind).length,
  );
  const verdict = failures === 0 ? 'The service can work' : 'The service cannot work';
  return [...lines, `${verdict}; failures: ${failures}, warnings: ${warnings}`].join('\n');
}

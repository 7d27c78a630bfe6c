import type { Command } from './command.js';
import { configShow } from './config-show.js';
import { dbOnlineDataMigrations } from './db-online-data-migrations.js';
import { dbSync } from './db-sync.js';
import { dbVersion } from './db-version.js';
import { importCommand } from './import.js';
import { policyCheck } from './policy-check.js';
import { policySampleCommand } from './policy-sample.js';
import { serve } from './serve.js';
import { statusUpgradeCheck } from './status-upgrade-check.js';

const COMMANDS: readonly Command[] = [
  serve,
  dbSync,
  dbVersion,
  dbOnlineDataMigrations,
  statusUpgradeCheck,
  importCommand,
  configShow,
  policyCheck,
  policySampleCommand,
];

/** The program goes by three names; two are those of upstream's tools and know only what these know. */
export interface Program {
  readonly name: string;
  /** The words that its commands begin with and that are left out on its command line. */
  readonly prefix: readonly string[];
  readonly commands: readonly Command[];
  /**
   * Whether the configuration is searched in the usual places, as upstream's tools do. Not by the service: what happens to
   * be in /etc/placement must not decide where somebody who tries it out writes.
   */
  readonly searchesConfiguration: boolean;
}

/** @param file what was started: a link of that name to the one program */
export function programOf(file: string): Program {
  const under = (word: string): Command[] => COMMANDS.filter(({ name }) => name.startsWith(`${word} `));
  if (/placement-manage$/.test(file))
    return { name: 'placement-manage', prefix: [], commands: under('db'), searchesConfiguration: true };
  if (/placement-status$/.test(file))
    return { name: 'placement-status', prefix: ['status'], commands: under('status'), searchesConfiguration: true };
  return { name: 'stockroom', prefix: [], commands: COMMANDS, searchesConfiguration: false };
}

import type { Command } from './command.js';

/** A command in the list of them; the rest is loaded when it is wanted, because all of the service takes 0.6 s to load. */
export interface ListedCommand {
  /** `db sync` */
  readonly name: string;
  readonly summary: string;
  load(): Promise<Command>;
}

const COMMANDS: readonly ListedCommand[] = [
  {
    name: 'serve',
    summary: 'Run the service; the default.',
    load: async () => (await import('./serve.js')).command,
  },
  {
    name: 'db sync',
    summary: 'Bring the schema of the database up to date.',
    load: async () => (await import('./db-sync.js')).command,
  },
  {
    name: 'db version',
    summary: 'Print the newest migration that the database has, None when it is empty.',
    load: async () => (await import('./db-version.js')).command,
  },
  {
    name: 'db online_data_migrations',
    summary: 'What upstream needs between releases; here nothing is ever left to do.',
    load: async () => (await import('./db-online-data-migrations.js')).command,
  },
  {
    name: 'status upgrade check',
    summary: 'Whether data and files are ready for this release.',
    load: async () => (await import('./status-upgrade-check.js')).command,
  },
  {
    name: 'import',
    summary: 'Bring everything over from the database of an OpenStack Placement.',
    load: async () => (await import('./import.js')).command,
  },
  {
    name: 'config show',
    summary: 'Print every option with its value, secrets masked, and where it was said.',
    load: async () => (await import('./config-show.js')).command,
  },
  {
    name: 'policy check',
    summary: 'Judge the policy files that the configuration names.',
    load: async () => (await import('./policy-check.js')).command,
  },
  {
    name: 'policy sample',
    summary: 'Print a policy file with every rule and its default, commented out.',
    load: async () => (await import('./policy-sample.js')).command,
  },
];

/** The program goes by three names; two are those of upstream's tools and know only what these know. */
export interface Program {
  readonly name: string;
  /** The words that its commands begin with and that are left out on its command line. */
  readonly prefix: readonly string[];
  readonly commands: readonly ListedCommand[];
  /**
   * Whether the configuration is searched in the usual places, as upstream's tools do. Not by the service: what happens to
   * be in /etc/placement must not decide where somebody who tries it out writes.
   */
  readonly searchesConfiguration: boolean;
}

/** @param file what was started: a link of that name to the one program */
export function programOf(file: string): Program {
  const under = (word: string): ListedCommand[] => COMMANDS.filter(({ name }) => name.startsWith(`${word} `));
  if (/placement-manage$/.test(file))
    return { name: 'placement-manage', prefix: [], commands: under('db'), searchesConfiguration: true };
  if (/placement-status$/.test(file))
    return { name: 'placement-status', prefix: ['status'], commands: under('status'), searchesConfiguration: true };
  return { name: 'stockroom', prefix: [], commands: COMMANDS, searchesConfiguration: false };
}

import type { ListedCommand } from './listed-command.js';

/** The configuration, and the check of everything that it names. */
export const CONFIGURATION_COMMANDS: readonly ListedCommand[] = [
  {
    name: 'config show',
    summary: 'Print every option with its value, secrets masked, and the place that sets it.',
    flags: {
      all: { help: 'Also list the options of upstream that are accepted and change nothing, with the reason.' },
    },
    load: async () => (await import('../config-show.js')).command,
  },
  {
    name: 'config sample',
    summary: 'Print a configuration file with every option and its default, commented out.',
    load: async () => (await import('../config-sample.js')).command,
  },
  {
    name: 'doctor',
    summary: 'Check the configuration, the database, Keystone, the policy, the log files, the ports and the clocks.',
    flags: { json: { help: 'Print JSON instead of text.' } },
    load: async () => (await import('../doctor.js')).command,
  },
];

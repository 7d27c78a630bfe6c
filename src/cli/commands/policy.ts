import type { ListedCommand } from './listed-command.js';

/** Policy files. */
export const POLICY_COMMANDS: readonly ListedCommand[] = [
  {
    name: 'policy check',
    summary: 'Validate the policy files that the configuration names.',
    load: async () => (await import('../policy-check.js')).command,
  },
  {
    name: 'policy sample',
    summary: 'Print a policy file with every rule and its default, commented out.',
    load: async () => (await import('../policy-sample.js')).command,
  },
];

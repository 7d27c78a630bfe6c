import { ASKING, type ListedCommand } from './listed-command.js';

/** The command for allocations whose consumers do not exist any more. */
export const ORPHANS_COMMANDS: readonly ListedCommand[] = [
  {
    name: 'audit orphans',
    summary: 'Find allocations whose consumers no longer exist, given a list of those that do; delete them on request.',
    usageExit: 127,
    flags: {
      ...ASKING,
      live: {
        argument: 'FILE',
        help: 'The consumers that live: a UUID a line, and after a comma the UUID or name of its provider, if known. -: standard input.',
      },
      'also-live': {
        argument: 'FILE',
        help: 'Further consumers that live and may have no allocations, such as migrations: a UUID a line.',
      },
      'taken-at': {
        argument: 'TIME',
        help: 'When you began to make the lists. Default: when the older file was last changed.',
      },
      'older-than': {
        argument: 'AGE',
        help: 'Check only what was written so long before the lists: 90s, 15m, 2h, 1d. Default: 15m.',
      },
      type: {
        argument: 'TYPE',
        repeatable: true,
        help: 'Check only consumers of this type; none: those without one. May be repeated. Default: all.',
      },
      class: {
        argument: 'CLASS',
        repeatable: true,
        help: 'Check only consumers that have something of this resource class; all: of any. May be repeated. Default: those of Nova.',
      },
      'expect-at-most': { argument: 'N', help: 'Accept up to N orphans as plausible.' },
      save: {
        argument: 'FILE',
        help: 'Write the allocations of the orphans to this new file; --undo restores them from it.',
      },
      delete: { help: 'Delete the orphans. Needs --save.' },
      yes: { help: 'Delete without asking.' },
      undo: { argument: 'FILE', help: 'Restore the allocations in a file that --save wrote, and do nothing else.' },
      json: { help: 'Print the response of POST /stockroom/orphans.' },
    },
    load: async () => (await import('../orphans/command.js')).command,
  },
];

import { ASKING, type ListedCommand } from './listed-command.js';

/** Allocations whose consumers are gone. */
export const ORPHANS_COMMANDS: readonly ListedCommand[] = [
  {
    name: 'audit orphans',
    summary: 'Find allocations whose consumers are gone, by a list of those that live; delete them if asked.',
    usageExit: 127,
    flags: {
      ...ASKING,
      live: {
        argument: 'FILE',
        help: 'The consumers that live: a UUID a line, and after a comma the UUID or name of its provider, if known. -: standard input.',
      },
      'also-live': {
        argument: 'FILE',
        help: 'Others that live and need not have allocations, migrations above all: a UUID a line.',
      },
      'taken-at': {
        argument: 'TIME',
        help: 'When the making of the lists began. Default: when the older file was changed last.',
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
      'expect-at-most': { argument: 'N', help: 'So many orphans are plausible.' },
      save: { argument: 'FILE', help: 'Write what orphans have to this new file, which can undo a deletion.' },
      delete: { help: 'Delete the orphans. Needs --save.' },
      yes: { help: 'Do not ask before that.' },
      undo: { argument: 'FILE', help: 'Put back what such a file has; nothing else is done.' },
      json: { help: 'Print the response of POST /stockroom/orphans.' },
    },
    load: async () => (await import('../orphans/command.js')).command,
  },
];

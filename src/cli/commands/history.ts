import { ASKING, type ListedCommand } from './listed-command.js';

/** The commands that show changes, and that switch their recording on and off. */
export const HISTORY_COMMANDS: readonly ListedCommand[] = [
  {
    name: 'changes',
    summary: 'Show what changed, when, and by whom.',
    flags: {
      ...ASKING,
      provider: { argument: 'UUID', repeatable: true, help: 'Only changes of this provider; also by its name.' },
      consumer: { argument: 'UUID', help: 'Only changes of this consumer.' },
      request: { argument: 'ID', help: 'Only changes of the request with this id, its own or the global one.' },
      kind: {
        argument: 'KIND,KIND',
        help: 'Only changes of these kinds: allocations, consumer, inventory, provider, traits, ...',
      },
      since: {
        argument: 'PLACE',
        help: 'Where to begin: a cursor, start (the default), now, or a time such as 2026-11-25T21:00:00Z.',
      },
      newest: { help: 'Show the newest changes first.' },
      limit: { argument: 'N', help: 'Show at most N changes. Default: all; with --newest: 20.' },
      follow: { help: 'Wait for further changes, until it is interrupted.' },
      json: { help: 'Print a line of JSON for each change.' },
    },
    load: async () => (await import('../history/changes.js')).command,
  },
  {
    name: 'history enable',
    summary: 'Record what changes in the database from now on.',
    load: async () => (await import('../history/switch.js')).enable,
  },
  {
    name: 'history disable',
    summary: 'Stop recording. What was recorded stays.',
    load: async () => (await import('../history/switch.js')).disable,
  },
  {
    name: 'history status',
    summary: 'Show whether changes are recorded, since when, and how many.',
    flags: { json: { help: 'Print JSON instead of text.' } },
    load: async () => (await import('../history/switch.js')).status,
  },
];

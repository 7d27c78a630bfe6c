import type { Flag } from '../../config/arguments.js';
import { ASKING, type ListedCommand } from './listed-command.js';

/** The flags of both commands. */
const QUESTION = {
  ...ASKING,
  version: { argument: 'VERSION', help: 'The microversion at which the query is read. Default: the newest.' },
  show: { argument: 'N', help: 'List at most N trees, 0 to 200. Default: 10.' },
} as const satisfies Record<string, Flag>;

/** The commands that analyse the cloud. */
export const QUESTIONS_COMMANDS: readonly ListedCommand[] = [
  {
    name: 'explain',
    operands: ['QUERY'],
    summary: 'Say why a request finds no allocation candidate, or only so many, and what would help.',
    flags: {
      ...QUESTION,
      provider: {
        argument: 'UUID',
        repeatable: true,
        help: 'List the tree of this provider in any case; may be repeated.',
      },
      json: { help: 'Print the response of GET /stockroom/explain.' },
    },
    load: async () => (await import('../analysis/explain.js')).command,
  },
  {
    name: 'capacity',
    operands: ['QUERY'],
    summary: 'Say how many more requests of a shape fit, where, and what limits them.',
    flags: {
      ...QUESTION,
      by: { argument: 'aggregate|tree', help: 'Print only this table.' },
      enough: { argument: 'N', help: 'Stop when it is certain that N fit.' },
      json: { help: 'Print the response of GET /stockroom/capacity.' },
    },
    load: async () => (await import('../analysis/capacity.js')).command,
  },
];

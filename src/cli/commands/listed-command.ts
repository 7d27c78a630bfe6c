import type { Flag } from '../../config/arguments.js';
import type { Command } from '../command.js';

/** An entry of the list of commands. Its code is loaded only when it runs, because the whole service takes 0.6 s to load. */
export interface ListedCommand {
  /** `db sync` */
  readonly name: string;
  /** The operands after the name, as --help shows them: `ID`, or `[TIME]` for one that may be left out. */
  readonly operands?: readonly string[];
  readonly summary: string;
  /** The exit code for wrong usage, when it is not 2. */
  readonly usageExit?: number;
  /** The flags of the command, in addition to those of the configuration. */
  readonly flags?: Readonly<Record<string, Flag>>;
  load(): Promise<Command>;
}

/** The flags of commands that ask a service or the database. */
export const ASKING = {
  url: { argument: 'URL', help: 'Ask the service at this URL, with the token in OS_TOKEN, instead of the database.' },
} as const satisfies Record<string, Flag>;

export const JSON_FLAG: Flag = { help: 'Print JSON instead of a table.' };

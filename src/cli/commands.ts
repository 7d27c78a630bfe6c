import { UsageError, type Flag } from '../config/arguments.js';
import type { Command } from './command.js';

/** A command in the list of them; the rest is loaded when it is wanted, because all of the service takes 0.6 s to load. */
export interface ListedCommand {
  /** `db sync` */
  readonly name: string;
  /** What follows the name, as --help shows it: `ID`, or `[TIME]` where it may be left out. */
  readonly operands?: readonly string[];
  readonly summary: string;
  /** The exit code for a wrong usage, where it is not 2. */
  readonly usageExit?: number;
  /** The flags it has beside those of the configuration. */
  readonly flags?: Readonly<Record<string, Flag>>;
  load(): Promise<Command>;
}

/** Of commands about inventory jobs. */
const ASKING = {
  url: { argument: 'URL', help: 'Ask the service there, with the token in OS_TOKEN, instead of the database.' },
} as const satisfies Record<string, Flag>;

/** Of questions about the cloud. */
const QUESTION = {
  ...ASKING,
  version: { argument: 'VERSION', help: 'The microversion at which the query is read. Default: the newest.' },
  show: { argument: 'N', help: 'List so many trees, 0 to 200. Default: 10.' },
} as const satisfies Record<string, Flag>;

const JSON_FLAG: Flag = { help: 'Print JSON instead of a table.' };

const COMMANDS: readonly ListedCommand[] = [
  {
    name: 'serve',
    summary: 'Run the service; the default.',
    flags: {
      embedded: {
        help: 'Use the embedded PostgreSQL although a configuration file is given that names no connection.',
      },
    },
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
    flags: { 'max-count': { argument: 'N', help: 'Migrate at most so many rows.' } },
    load: async () => (await import('./db-online-data-migrations.js')).command,
  },
  {
    name: 'status upgrade check',
    summary: 'Whether data and files are ready for this release.',
    flags: { json: { help: 'Print JSON instead of a table.' } },
    load: async () => (await import('./status-upgrade-check.js')).command,
  },
  {
    name: 'import',
    summary: 'Import all data from the database of an OpenStack Placement.',
    flags: {
      from: {
        argument: 'URL',
        help: 'The source: mysql+pymysql://user:password@host/placement or postgresql://...; other users of this machine can see it.',
      },
      'from-config': {
        argument: 'FILE',
        help: 'The source is the [placement_database] connection of this placement.conf.',
      },
      'dry-run': { help: 'Read and check everything, report, write nothing.' },
      replace: {
        help: 'Remove what the target holds, in the same transaction. Without it, only an empty target is filled.',
      },
      verify: { help: 'Afterwards, read the source again and compare object by object.' },
      'verify-only': { help: 'Only compare; write nothing.' },
      json: { help: 'Print the report as JSON, with every row that was found.' },
    },
    load: async () => (await import('./import.js')).command,
  },
  {
    name: 'config show',
    summary: 'Print every option with its value, secrets masked, and the place that sets it.',
    flags: {
      all: { help: 'Also list the options of upstream that are accepted and change nothing, with the reason.' },
    },
    load: async () => (await import('./config-show.js')).command,
  },
  {
    name: 'config sample',
    summary: 'Print a configuration file with every option and its default, commented out.',
    load: async () => (await import('./config-sample.js')).command,
  },
  {
    name: 'doctor',
    summary: 'Check the configuration, the database, Keystone, the policy, the ports and the clocks.',
    flags: { json: { help: 'Print JSON instead of text.' } },
    load: async () => (await import('./doctor.js')).command,
  },
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
    load: async () => (await import('./questions/explain.js')).command,
  },
  {
    name: 'capacity',
    operands: ['QUERY'],
    summary: 'Say how many more requests of a shape fit, where, and what limits them.',
    flags: {
      ...QUESTION,
      by: { argument: 'aggregate|tree', help: 'Only this table.' },
      enough: { argument: 'N', help: 'Stop trying when so many are sure.' },
      json: { help: 'Print the response of GET /stockroom/capacity.' },
    },
    load: async () => (await import('./questions/capacity.js')).command,
  },
  {
    name: 'changes',
    summary: 'Say what changed, when, and by whom.',
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
        help: 'Begin there: a cursor, start (the default), now, or a time such as 2026-11-25T21:00:00Z.',
      },
      newest: { help: 'The newest first.' },
      limit: { argument: 'N', help: 'So many changes. Default: all; with --newest 20.' },
      follow: { help: 'Wait for further changes, until it is interrupted.' },
      json: { help: 'Print a line of JSON for each change.' },
    },
    load: async () => (await import('./history/changes.js')).command,
  },
  {
    name: 'history enable',
    summary: 'Record what changes in the database from now on.',
    load: async () => (await import('./history/switch.js')).enable,
  },
  {
    name: 'history disable',
    summary: 'Record nothing any more. What was recorded stays.',
    load: async () => (await import('./history/switch.js')).disable,
  },
  {
    name: 'history status',
    summary: 'Whether changes are recorded, since when, and how many.',
    flags: { json: { help: 'Print JSON instead of text.' } },
    load: async () => (await import('./history/switch.js')).status,
  },
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
        help: 'Judge what was written so long before: 90s, 15m, 2h, 1d. Default: 15m.',
      },
      type: {
        argument: 'TYPE',
        repeatable: true,
        help: 'Judge consumers of this type; none: those without one. May be repeated. Default: all.',
      },
      class: {
        argument: 'CLASS',
        repeatable: true,
        help: 'Judge consumers that have something of this resource class; all: of any. May be repeated. Default: those of Nova.',
      },
      'expect-at-most': { argument: 'N', help: 'So many orphans are plausible.' },
      save: { argument: 'FILE', help: 'Write what orphans have to this new file, which can undo a deletion.' },
      delete: { help: 'Delete the orphans. Needs --save.' },
      yes: { help: 'Do not ask before that.' },
      undo: { argument: 'FILE', help: 'Put back what such a file has; nothing else is done.' },
      json: { help: 'Print the response of POST /stockroom/orphans.' },
    },
    load: async () => (await import('./orphans/command.js')).command,
  },
  {
    name: 'lists check',
    operands: ['BUCKET'],
    summary: 'Write, read and delete a small object in a bucket for inventory lists.',
    load: async () => (await import('./lists-check.js')).command,
  },
  {
    name: 'lists',
    summary: 'List the inventory jobs.',
    flags: { ...ASKING, json: JSON_FLAG },
    load: async () => (await import('./lists/commands.js')).list,
  },
  {
    name: 'lists show',
    operands: ['ID'],
    summary: 'Show an inventory job.',
    flags: { ...ASKING, sql: { help: 'Print the statement with which DuckDB reads its newest list.' } },
    load: async () => (await import('./lists/commands.js')).show,
  },
  {
    name: 'lists set',
    operands: ['ID', '[TIME]'],
    summary: 'Set an inventory job, new or in the place of the one of that id.',
    flags: {
      ...ASKING,
      daily: { argument: 'HH:MM', help: 'Due each day at this time, UTC; the default, at [stockroom] lists_at.' },
      weekly: { argument: 'DAY', help: 'Due each week: --weekly monday, or --weekly monday 03:00.' },
      bucket: {
        argument: 'BUCKET',
        help: 'The bucket of the configuration that lists are written to. Default: local.',
      },
      prefix: { argument: 'PREFIX', help: 'What the keys of the list in the bucket begin with.' },
      format: { argument: 'FORMAT', help: 'csv, the default, or parquet.' },
      fields: { argument: 'FIELD,FIELD', help: 'The columns beside Bucket and Key.' },
      encryption: {
        argument: 'TYPE',
        help: 'none, sse-s3, sse-kms or sse-kms:KEY. Default: the first that the bucket offers.',
      },
      keep: { argument: 'DAYS', help: 'Remove lists that are older.' },
      filter: { argument: 'PREFIX', help: 'Only inventories whose key begins with it.' },
      notify: { argument: 'HOOK,HOOK', help: 'The hooks of the configuration that are told of the ends of runs.' },
      disabled: { help: 'The job is never due; it can be run on request.' },
      file: { argument: 'JOB.json', help: 'The whole job, as PUT /stockroom/lists/ID takes it.' },
    },
    load: async () => (await import('./lists/set.js')).command,
  },
  {
    name: 'lists delete',
    operands: ['ID'],
    summary: 'Delete an inventory job.',
    flags: { ...ASKING, 'with-lists': { help: 'Have its lists removed, too.' } },
    load: async () => (await import('./lists/commands.js')).remove,
  },
  {
    name: 'lists run',
    operands: ['ID'],
    summary: 'Run an inventory job now.',
    flags: { ...ASKING, wait: { help: 'Wait for the end of the run.' } },
    load: async () => (await import('./lists/commands.js')).run,
  },
  {
    name: 'lists runs',
    operands: ['ID'],
    summary: 'List the runs of an inventory job.',
    flags: { ...ASKING, json: JSON_FLAG },
    load: async () => (await import('./lists/commands.js')).runs,
  },
  {
    name: 'lists cancel',
    operands: ['ID'],
    summary: 'Cancel the run of an inventory job that is queued or in progress.',
    flags: ASKING,
    load: async () => (await import('./lists/commands.js')).cancel,
  },
  {
    name: 'lists work',
    summary: 'Do the runs of inventory jobs, and nothing else.',
    load: async () => (await import('./lists/work.js')).command,
  },
  {
    name: 'lists now',
    summary: 'Write a list of all inventories at once, without a job.',
    flags: {
      format: { argument: 'FORMAT', help: 'parquet, the default, or csv.' },
      to: { argument: 'FOLDER', help: 'Write the list below this folder.' },
      prefix: {
        argument: 'PREFIX',
        help: 'Only inventories whose key, the names from the root to the class with a slash after each, begins with it.',
      },
      fields: { argument: 'FIELD,FIELD', help: 'The columns beside Bucket and Key; the default are those of a job.' },
      versions: { argument: 'VERSIONS', help: 'current, the default, or all: also what there was before.' },
    },
    load: async () => (await import('./lists/now.js')).command,
  },
  {
    name: 'lists verify',
    operands: ['MANIFEST'],
    summary: 'Compare the files of a list with its manifest.',
    load: async () => (await import('./lists/verify.js')).command,
  },
  {
    name: 'policy check',
    summary: 'Validate the policy files that the configuration names.',
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
   * be in /etc/placement must not decide where a first try writes.
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

/** The flags of all commands of a program, by name. Flags of the same name agree on whether they have a value. */
export function flagsOf({ commands }: Program): Record<string, Flag> {
  return Object.assign({}, ...commands.map(({ flags = {} }) => flags)) as Record<string, Flag>;
}

/**
 * The command that the words of a command line begin with, and its operands.
 *
 * @returns null when there is none with so many operands
 */
export function commandOf(
  commands: readonly ListedCommand[],
  words: readonly string[],
): { listed: ListedCommand; operands: readonly string[] } | null {
  // `lists show` before `lists`.
  const byLength = [...commands].sort((one, other) => other.name.length - one.name.length);
  for (const listed of byLength) {
    const { length } = listed.name.split(' ');
    if (words.slice(0, length).join(' ') !== listed.name) continue;
    const operands = words.slice(length);
    const names = listed.operands ?? [];
    const needed = names.filter((name) => !name.startsWith('[')).length;
    if (operands.length >= needed && operands.length <= names.length) return { listed, operands };
    if (names.length === 0) return null;
    throw new UsageError(
      `${listed.name} takes ${needed === names.length ? needed : `${needed} to ${names.length}`} operands (${names.join(' ')}), got ${operands.length}.\nSee ${listed.name} --help.`,
    );
  }
  return null;
}

/** The exit code for a wrong usage of the command that a command line seems to mean; null for the usual one. */
export function usageExit(program: Program, argv: readonly string[]): number | null {
  const words = [...program.prefix, ...argv.filter((one) => !one.startsWith('-'))].join(' ');
  return program.commands.find(({ name }) => words.startsWith(name))?.usageExit ?? null;
}

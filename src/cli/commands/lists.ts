import { ASKING, JSON_FLAG, type ListedCommand } from './listed-command.js';

/** Inventory lists and their jobs. */
export const LISTS_COMMANDS: readonly ListedCommand[] = [
  {
    name: 'lists check',
    operands: ['BUCKET'],
    summary: 'Write, read and delete a small object in a bucket for inventory lists.',
    load: async () => (await import('../lists-check.js')).command,
  },
  {
    name: 'lists',
    summary: 'List the inventory jobs.',
    flags: { ...ASKING, json: JSON_FLAG },
    load: async () => (await import('../lists/commands.js')).list,
  },
  {
    name: 'lists show',
    operands: ['ID'],
    summary: 'Show an inventory job.',
    flags: { ...ASKING, sql: { help: 'Print the statement with which DuckDB reads its newest list.' } },
    load: async () => (await import('../lists/commands.js')).show,
  },
  {
    name: 'lists set',
    operands: ['ID', '[TIME]'],
    summary: 'Create an inventory job, or replace the one with that ID.',
    flags: {
      ...ASKING,
      daily: {
        argument: 'HH:MM',
        help: 'Run each day at this time, UTC. This is the default, at [stockroom] lists_at.',
      },
      weekly: { argument: 'DAY', help: 'Run each week: --weekly monday, or --weekly monday 03:00.' },
      bucket: {
        argument: 'BUCKET',
        help: 'The configured bucket that the lists are written to. Default: local.',
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
      notify: { argument: 'HOOK,HOOK', help: 'The configured hooks that get a message when a run ends.' },
      disabled: { help: 'The job is never due; it can be run on request.' },
      file: { argument: 'JOB.json', help: 'The whole job, as PUT /stockroom/lists/ID takes it.' },
    },
    load: async () => (await import('../lists/set.js')).command,
  },
  {
    name: 'lists delete',
    operands: ['ID'],
    summary: 'Delete an inventory job.',
    flags: { ...ASKING, 'with-lists': { help: 'Also remove its lists.' } },
    load: async () => (await import('../lists/commands.js')).remove,
  },
  {
    name: 'lists run',
    operands: ['ID'],
    summary: 'Run an inventory job now.',
    flags: { ...ASKING, wait: { help: 'Wait for the end of the run.' } },
    load: async () => (await import('../lists/commands.js')).run,
  },
  {
    name: 'lists runs',
    operands: ['ID'],
    summary: 'List the runs of an inventory job.',
    flags: { ...ASKING, json: JSON_FLAG },
    load: async () => (await import('../lists/commands.js')).runs,
  },
  {
    name: 'lists cancel',
    operands: ['ID'],
    summary: 'Cancel the run of an inventory job that is queued or in progress.',
    flags: ASKING,
    load: async () => (await import('../lists/commands.js')).cancel,
  },
  {
    name: 'lists work',
    summary: 'Run inventory jobs that are due, without serving requests.',
    load: async () => (await import('../lists/work.js')).command,
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
      versions: { argument: 'VERSIONS', help: 'current, the default, or all: earlier versions, too.' },
    },
    load: async () => (await import('../lists/now.js')).command,
  },
  {
    name: 'lists verify',
    operands: ['MANIFEST'],
    summary: 'Compare the files of a list with its manifest.',
    load: async () => (await import('../lists/verify.js')).command,
  },
];

import type { ListedCommand } from './listed-command.js';

/** The database: its schema, what upstream checks before an upgrade, and the import. */
export const DATABASE_COMMANDS: readonly ListedCommand[] = [
  {
    name: 'db sync',
    summary: 'Bring the schema of the database up to date.',
    load: async () => (await import('../db-sync.js')).command,
  },
  {
    name: 'db version',
    summary: 'Print the newest migration that the database has, None when it is empty.',
    load: async () => (await import('../db-version.js')).command,
  },
  {
    name: 'db dump',
    operands: ['FILE'],
    summary: 'Dump all data into a file, while the service runs.',
    load: async () => (await import('../db-dump.js')).command,
  },
  {
    name: 'db restore',
    operands: ['FILE'],
    summary: 'Restore a dump into an empty database.',
    flags: {
      'dry-run': { help: 'Check the file and the database, write nothing.' },
      replace: {
        help: 'Remove what the database holds, in the same transaction. Without it, only an empty one is filled.',
      },
    },
    load: async () => (await import('../db-restore.js')).command,
  },
  {
    name: 'db online_data_migrations',
    summary: 'Do nothing: tools for upstream call this between releases.',
    flags: { 'max-count': { argument: 'N', help: 'Migrate at most so many rows.' } },
    load: async () => (await import('../db-online-data-migrations.js')).command,
  },
  {
    name: 'status upgrade check',
    summary: 'Check whether data and files are ready for this release.',
    flags: { json: { help: 'Print JSON instead of a table.' } },
    load: async () => (await import('../status-upgrade-check.js')).command,
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
    load: async () => (await import('../import.js')).command,
  },
];

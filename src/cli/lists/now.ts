import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { UsageError, type CommandLine } from '../../config/arguments.js';
import { didYouMean } from '../../config/did-you-mean.js';
import { databaseOptions } from '../../db/options.js';
import { claimFolder, folderDestination } from '../../lists/destination/folder.js';
import { duckdbTable } from '../../lists/manifest/duckdb-sql.js';
import { keysOf, type ListKeys } from '../../lists/manifest/keys.js';
import { renderManifest } from '../../lists/manifest/manifest.js';
import { OPTIONAL_FIELDS, type JobSettings, type OptionalField, type SpooledList } from '../../lists/model.js';
import { partObject, smallObject } from '../../lists/destination/objects.js';
import { listsOptions, LOCAL, type ListsOptions } from '../../lists/options.js';
import { DEFAULT_FIELDS } from '../../lists/job/settings.js';
import { removeSpool, spoolList } from '../../lists/spool/spool.js';
import { prepareSpool } from '../../lists/spool/sweep.js';
import { say, warn, type Command } from '../command.js';
import { withDatabase } from '../database.js';
import { withExitCode } from './exit.js';
import { listenToSignals } from '../../process/signals.js';
import { counted, durationText, terminalProgress } from '../terminal-progress.js';

/** The folder of these lists, in place of the id of a job. */
const ID = 'now';
const MINUTE_MS = 60_000;

export const command: Command = {
  help:
    'Reads one snapshot of the database of the configuration; the service need not run. Without --to, the list goes to the ' +
    'folder of the built-in bucket `local` ([stockroom] lists_dir). Progress goes to standard error when that is a terminal.\n\n' +
    'Exit code: 0 done; 1 the list could not be written; 2 wrong usage; 3 the database cannot be read.',
  run(loaded, commandLine) {
    const { config } = loaded;
    return withExitCode(config, async () => {
      warn(loaded);
      const options = listsOptions(config);
      const settings = settingsOf(commandLine);
      const folder = folderOf(commandLine, options);
      const start = performance.now();
      await withDatabase(config, async (connection) => {
        const uuid = randomUUID();
        const progress = terminalProgress();
        const { source, spool: spoolDir } = options;
        await prepareSpool(spoolDir);
        const { stop: signal } = listenToSignals();
        const database = databaseOptions(config, connection);
        try {
          const onProgress = (rows: number, expected: number): void => {
            progress.show(rows, expected);
          };
          const list = await spoolList({ database, settings, source, uuid, spoolDir, signal, onProgress });
          progress.clear();
          const keys = await deliver(list, settings, folder, source, signal);
          report(list, { settings, folder, keys, uuid, seconds: (performance.now() - start) / 1000 });
        } finally {
          progress.clear();
          await removeSpool(spoolDir, uuid);
        }
      });
      return 0;
    });
  },
};

function settingsOf({ values }: CommandLine): JobSettings {
  const prefix = values.get('prefix');
  if (prefix !== undefined && Buffer.byteLength(prefix) > 1024) {
    throw new UsageError(`--prefix: expected at most 1024 bytes, got ${Buffer.byteLength(prefix)}.`);
  }
  return {
    enabled: true,
    filter: prefix === undefined ? null : { prefix },
    included_versions: choice('versions', ['current', 'all'], values.get('versions')),
    optional_fields: fieldsOf(values.get('fields')),
    schedule: { frequency: 'daily', at: '00:00' },
    destination: {
      bucket: LOCAL,
      prefix: '',
      format: choice('format', ['parquet', 'csv'], values.get('format')),
      encryption: null,
    },
    keep_days: null,
    notify: [],
  };
}

/** The first encryption of the bucket is the default. */
function choice<const T extends string>(flag: string, choices: readonly [T, ...T[]], given: string | undefined): T {
  const chosen = choices.find((one) => one === (given ?? choices[0]));
  if (chosen === undefined) throw new UsageError(`--${flag}: expected ${choices.join(' or ')}, got '${given}'.`);
  return chosen;
}

function fieldsOf(given: string | undefined): readonly OptionalField[] {
  if (given === undefined) return DEFAULT_FIELDS;
  const wanted = new Set(given.split(',').map((name) => name.trim()));
  wanted.delete('');
  for (const name of wanted) {
    if ((OPTIONAL_FIELDS as readonly string[]).includes(name)) continue;
    throw new UsageError(
      `--fields: there is no field '${name}'.${didYouMean(name, OPTIONAL_FIELDS)}\nThere are ${OPTIONAL_FIELDS.join(', ')}.`,
    );
  }
  return OPTIONAL_FIELDS.filter((name) => wanted.has(name));
}

function folderOf({ values }: CommandLine, { buckets }: ListsOptions): string {
  const to = values.get('to');
  if (to !== undefined) return path.resolve(to);
  const local = buckets.find(({ name }) => name === LOCAL);
  if (local?.type !== 'folder') {
    throw new UsageError('Say where the list goes, with --to FOLDER: [stockroom] lists_local is false.');
  }
  return local.path;
}

/** Writes the parts, then manifest.json, then manifest.checksum. The list is complete when the checksum exists. */
async function deliver(
  list: SpooledList,
  settings: JobSettings,
  folder: string,
  source: string,
  signal: AbortSignal,
): Promise<ListKeys> {
  const destination = folderDestination(folder);
  const { due, keys } = await reserveMinute(folder, source);
  for (const part of list.parts) await destination.put(partObject(keys.data(part.name), part), null, signal);
  const { manifest, checksum } = renderManifest({
    variant: 'folder',
    bucket: LOCAL,
    keys,
    source,
    settings,
    run: null,
    id: ID,
    due,
    list,
  });
  await destination.put(smallObject(keys.manifest, manifest), null, signal);
  await destination.put(smallObject(keys.checksum, checksum), null, signal);
  return keys;
}

/** Reserves this minute, or the next one that no other list has, by making the folder of the minute. */
async function reserveMinute(folder: string, source: string): Promise<{ due: Date; keys: ListKeys }> {
  for (let minute = Math.floor(Date.now() / MINUTE_MS); ; minute++) {
    const due = new Date(minute * MINUTE_MS);
    const keys = keysOf({ prefix: '', source, id: ID, due });
    if (await claimFolder(folder, path.posix.dirname(keys.manifest))) return { due, keys };
  }
}

interface Report {
  readonly settings: JobSettings;
  readonly folder: string;
  readonly keys: ListKeys;
  readonly uuid: string;
  readonly seconds: number;
}

function report(
  { rows, trees, parts, warnings }: SpooledList,
  { settings, folder, keys, uuid, seconds }: Report,
): void {
  if (rows === 0) {
    say(
      settings.filter === null
        ? 'There are no inventories: the list is empty.'
        : 'No inventory has such a key: the list is empty.',
    );
  } else {
    const others = trees.count - 1;
    const more = others === 0 ? '' : ` and ${counted(others)} other tree${others === 1 ? '' : 's'}`;
    say(`${trees.first}${more}: ${counted(rows)} row${rows === 1 ? '' : 's'} in ${durationText(seconds)}.`);
  }
  for (const warning of warnings) say(warning);
  say(path.join(folder, keys.manifest));
  const [first] = parts;
  if (first === undefined) return;
  const ending = first.name.slice(first.name.indexOf('.'));
  const table = duckdbTable(settings, path.join(folder, keys.data(`${uuid.slice(0, 8)}*${ending}`)));
  const sums = ['ResourceClass', 'Used', 'Capacity'].every((field) =>
    (settings.optional_fields as string[]).includes(field),
  );
  const query = sums
    ? `select ResourceClass, sum(Used), sum(Capacity) from ${table} group by all`
    : `from ${table} limit 10`;
  say(`\n  duckdb -c "${query.replace(/[\\"$`]/g, '\\$&')}"`);
}

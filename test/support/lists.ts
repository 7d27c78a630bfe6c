import { randomUUID } from 'node:crypto';
import { databaseOptions } from '../../src/db/options.js';
import { defaultConfig } from '../../src/config.js';
import { OPTIONAL_FIELDS, type JobSettings, type OptionalField, type SpooledList } from '../../src/lists/model.js';
import { spoolList, type SpoolOptions } from '../../src/lists/spool/spool.js';
import { temporaryFolder } from './process.js';

export interface ListWish {
  readonly format?: 'csv' | 'parquet';
  readonly fields?: readonly OptionalField[];
  readonly prefix?: string;
  readonly versions?: 'current' | 'all';
}

/** The settings of a job with all fields, unless a test wants others. */
export function settingsWith({
  format = 'csv',
  fields = OPTIONAL_FIELDS,
  prefix,
  versions = 'current',
}: ListWish = {}): JobSettings {
  return {
    enabled: true,
    filter: prefix === undefined ? null : { prefix },
    included_versions: versions,
    optional_fields: OPTIONAL_FIELDS.filter((field) => fields.includes(field)),
    schedule: { frequency: 'daily', at: '02:00' },
    destination: { bucket: 'local', prefix: '', format, encryption: null },
    keep_days: null,
    notify: [],
  };
}

/** A list of a database, in a spool that cleanUp removes. */
export async function listOf(
  databaseUrl: string,
  wish: ListWish = {},
  options: Partial<Omit<SpoolOptions, 'settings' | 'database'>> = {},
): Promise<SpooledList> {
  return spoolList({
    database: databaseOptions(defaultConfig(), databaseUrl),
    settings: settingsWith(wish),
    source: 'placement',
    uuid: randomUUID(),
    spoolDir: options.spoolDir ?? (await temporaryFolder()),
    signal: new AbortController().signal,
    ...options,
  });
}

/** A name as a Key has it: percent-encoded as RFC 3986 says, more strictly than encodeURIComponent. */
export function encodedName(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}

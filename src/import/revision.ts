import { ImportError } from './error.js';
import { allRows, type Source } from './source.js';
import { isThere, SOURCE_TABLES } from './tables.js';

/** The properties of a source that the import reads before it reads rows. */
export interface Revision {
  /** The revision of upstream's schema. */
  readonly name: string;
  /** Whether consumers have types: from 422ece571366 on. */
  readonly consumerTypes: boolean;
  /** Whether the source treats `A` and `a` in the uuid of a consumer as equal, as MySQL usually does. */
  readonly caseInsensitive: boolean;
}

/** The revisions of upstream, oldest first (Stein to today). */
const REVISIONS: Readonly<Record<string, { readonly consumerTypes: boolean }>> = {
  b4ed3a175331: { consumerTypes: false },
  '611cd6dffd7b': { consumerTypes: false },
  b5c396305c25: { consumerTypes: false },
  '422ece571366': { consumerTypes: true },
  a082b8bb98d0: { consumerTypes: true },
};

const UNDERSTOOD = `Understood are ${Object.keys(REVISIONS).join(', ')}`;

/** @throws ImportError when the database is not one of Placement, or has an unknown revision */
export async function revisionOf(source: Source): Promise<Revision> {
  const columns = await source.columns();
  if (!columns.has('alembic_version.version_num')) throw new ImportError(withoutRevision(columns));
  const found = (await allRows(source, 'select version_num from alembic_version')).map(([name]) => name ?? '');
  const [name = ''] = found;
  const revision = Object.hasOwn(REVISIONS, name) ? REVISIONS[name] : undefined;
  if (revision === undefined || found.length !== 1) {
    throw new ImportError(
      `The schema of the database to import from is at alembic revision ${found.length === 0 ? '(none)' : found.join(', ')}. ` +
        `${UNDERSTOOD}. If it is older, run \`placement-manage db sync\` of the Placement it belongs to; ` +
        'if it is newer, this Stockroom is too old for it.',
    );
  }
  const missing = SOURCE_TABLES.filter((table) => isThere(table.name, revision)).flatMap((table) =>
    Object.keys(table.columns)
      .map((column) => `${table.name}.${column}`)
      .filter((column) => isThere(column, revision) && !columns.has(column)),
  );
  if (missing.length > 0) {
    throw new ImportError(
      `The database to import from is at alembic revision ${name} and lacks ${missing.join(', ')}: it is damaged, or its user may not ` +
        'read these (grant SELECT on all tables).',
    );
  }
  const collation = columns.get('consumers.uuid') ?? '';
  return { name, ...revision, caseInsensitive: source.dialect === 'mysql' && !/_(bin|cs)$/.test(collation) };
}

function withoutRevision(columns: ReadonlyMap<string, unknown>): string {
  const what = columns.has('topology_epoch.uuid')
    ? "It is a Stockroom's: copy it with pg_dump and psql instead."
    : columns.has('migrate_version.version')
      ? "It looks like Nova's. Placement has a database of its own since Stein: name that one, or extract it first as the upgrade notes of Placement say."
      : 'Name the database of [placement_database] connection in the placement.conf of the old service.';
  return `The database to import from has no table alembic_version, so it is no Placement's (${UNDERSTOOD.toLowerCase()}). ${what}`;
}

import { arrayText } from '../../db/array-text.js';
import type { Pool } from '../../db/pool.js';
import { runStatement } from '../../db/transaction.js';
import { unknownClassesInOrphans, unknownHomes } from '../../errors.js';
import { parseJsonOfDatabase } from '../../http/parse-json.js';
import { normalizeUuid } from '../../http/validate.js';
import { inParts, withPauses, type Divided } from '../../slices.js';
import type { OrphansQuery } from './parse.js';
import { FIND_CLASSES, FIND_HOMES, JUDGE, LAST_REQUESTS } from './sql.js';

/** A consumer of a list of the report. */
export interface JudgedConsumer {
  readonly id: number;
  readonly consumer: string;
  readonly type: string | null;
  readonly project_id: string;
  readonly user_id: string;
  readonly consumer_generation: number;
  /** ISO 8601, to the second. */
  readonly last_written: string;
  /** The roots of the homes that the list has for the consumer; null when the list has none. */
  readonly homes: readonly (readonly [uuid: string, name: string])[] | null;
  readonly held: readonly (readonly [
    providerUuid: string,
    providerName: string,
    rootName: string,
    className: string,
    used: number,
  ])[];
}

/** The judgement of all consumers in one snapshot. The numbers count all consumers. The lists have at most `limit` entries. */
export interface Judgement {
  readonly judged: number;
  readonly notJudged: { readonly too_young: number; readonly other_type: number; readonly other_classes: number };
  readonly counts: {
    readonly orphans: number;
    readonly elsewhere: number;
    readonly doubled: number;
    readonly without_allocations: number;
  };
  readonly orphans: readonly JudgedConsumer[];
  readonly elsewhere: readonly JudgedConsumer[];
  readonly doubled: readonly JudgedConsumer[];
  /** UUIDs without dashes. */
  readonly withoutAllocations: readonly string[];
  /** The amounts that all orphans hold together, by class. */
  readonly held: readonly (readonly [className: string, used: number])[];
}

type Row = Record<
  'judged' | 'too_young' | 'other_type' | 'other_classes' | 'orphans' | 'elsewhere' | 'doubled' | 'without_allocations',
  number
> &
  Record<'missing_keys' | 'held' | 'orphan_entries' | 'elsewhere_entries' | 'doubled_entries', string | null>;

/** @throws 400 for a home that names no provider, and for an unknown resource class */
export async function findOrphans(pool: Pool, query: OrphansQuery): Promise<Judgement> {
  const { live, alsoLive, takenAt, olderThan, consumerTypes, limit } = query;
  const roots = await rootsOf(pool, live.homes);
  const classes = await classesOf(pool, query.resourceClasses);
  const homes = await withPauses(each(live.homes, (home) => (home === null ? null : (roots.get(home) ?? null))));
  const types = consumerTypes?.filter((type) => type !== null) ?? null;
  const values = [
    await arrayText(live.keys),
    await arrayText(homes),
    await arrayText(alsoLive),
    classes,
    takenAt.toISOString(),
    olderThan,
    types,
    consumerTypes?.includes(null) ?? true,
    limit,
  ];
  const { rows } = await runStatement<Row>(pool, { text: JUDGE, values }, 'read');
  const [row] = rows;
  if (row === undefined) throw new Error('the statement that judges consumers returned no row');
  const { judged, too_young, other_type, other_classes, orphans, elsewhere, doubled, without_allocations } = row;
  return {
    judged,
    notJudged: { too_young, other_type, other_classes },
    counts: { orphans, elsewhere, doubled, without_allocations },
    orphans: await listIn(row.orphan_entries),
    elsewhere: await listIn(row.elsewhere_entries),
    doubled: await listIn(row.doubled_entries),
    withoutAllocations: await listIn(row.missing_keys),
    held: await listIn(row.held),
  };
}

/** The id of the last request that wrote each consumer, by the id of the consumer. A consumer is missing when the history has no such request. */
export async function lastRequests(
  pool: Pool,
  consumers: readonly JudgedConsumer[],
): Promise<ReadonlyMap<number, string>> {
  if (consumers.length === 0) return new Map();
  const values = [consumers.map(({ id }) => id), consumers.map(({ consumer }) => consumer)];
  const query = { text: LAST_REQUESTS, values };
  const { rows } = await runStatement<{ id: number; request: string }>(pool, query, 'read');
  return new Map(rows.map(({ id, request }) => [id, request]));
}

async function listIn<T>(text: string | null): Promise<readonly T[]> {
  return text === null ? [] : ((await parseJsonOfDatabase(text)) as readonly T[]);
}

/** Looks up the roots of homes. @throws 400 for a home that names no provider */
async function rootsOf(pool: Pool, homes: readonly (string | null)[]): Promise<ReadonlyMap<string, number>> {
  const named = new Set<string>();
  await withPauses(inParts(homes, (home) => home !== null && named.add(home)));
  if (named.size === 0) return new Map();
  const given = [...named];
  const uuids = await withPauses(each(given, (home) => normalizeUuid(home) ?? home));
  const query = { text: FIND_HOMES, values: [await arrayText(given), await arrayText(uuids)] };
  const { rows } = await runStatement<{ home: string; root: number }>(pool, query, 'read');
  const roots = new Map(rows.map(({ home, root }) => [home, root]));
  if (roots.size < named.size) throw unknownHomes([...named].filter((home) => !roots.has(home)));
  return roots;
}

/** @throws 400 for an unknown resource class */
async function classesOf(pool: Pool, names: readonly string[] | null): Promise<number[] | null> {
  if (names === null) return null;
  const { rows } = await runStatement<{ id: number; name: string }>(
    pool,
    { text: FIND_CLASSES, values: [names] },
    'read',
  );
  const known = new Set(rows.map(({ name }) => name));
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length > 0) throw unknownClassesInOrphans(unknown);
  return rows.map(({ id }) => id);
}

function* each<T, U>(items: readonly T[], convert: (item: T) => U): Divided<U[]> {
  const converted: U[] = [];
  yield* inParts(items, (item) => void converted.push(convert(item)));
  return converted;
}

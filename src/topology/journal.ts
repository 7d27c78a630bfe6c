import type pg from 'pg';
import {
  ANY_NEWS,
  CATCH_UP,
  CHANGED_PROVIDERS,
  PURGE_STRANGERS,
  SELECT_WATERMARK,
  SELECT_PROVIDERS,
  SELECT_PROVIDERS_BY_ID,
  SELECT_RESOURCE_CLASSES,
  SELECT_TRAITS,
} from './load.sql.js';
import type { TopologyChanges, NameState, ProviderState } from './changes.js';
import { inStretches } from './stretches.js';
import { Topology } from './topology.js';
import { includes, parseSnapshot, type PgSnapshot } from './pg-snapshot.js';
import { UnusableDatabase } from '../db/failures.js';
import { BEGIN_SNAPSHOT } from '../db/session.js';

/** The state up to which a topology has seen changes: the snapshot of its load or last catch-up, and the server that took the snapshot. */
export interface Watermark {
  readonly epoch: string;
  readonly snapshotText: string;
  readonly snapshot: PgSnapshot;
  /** Whether the last catch-up found no changes. The next one then first asks only whether there are changes. */
  readonly quiet: boolean;
}

/** Parsing and indexing so many providers takes some ten milliseconds. With more at once, other requests would wait. */
const PAGE = 1000;

/** PostgreSQL reads so many rows of the journal in some ten milliseconds. When there are more, it returns only that there are many. */
const ROWS = 20 * PAGE;

/** Loads everything from one snapshot. No other code may use the connection meanwhile. */
export async function load(client: pg.ClientBase): Promise<{ topology: Topology; watermark: Watermark }> {
  await client.query(PURGE_STRANGERS).catch((error: unknown) => {
    // 25006: the server is read-only, because it is a standby. The next statement detects that.
    if ((error as { code?: string }).code !== '25006') throw error;
  });
  return inOneSnapshot(client, () => readEverything(client));
}

/** Runs statements that must see the same snapshot. */
export async function inOneSnapshot<T>(client: pg.ClientBase, read: () => Promise<T>): Promise<T> {
  await client.query(BEGIN_SNAPSHOT);
  try {
    return await read();
  } finally {
    await client.query('rollback').catch(() => undefined);
  }
}

/** Fills a topology, inside a transaction that keeps its snapshot. */
export async function readEverything(client: pg.ClientBase): Promise<{ topology: Topology; watermark: Watermark }> {
  const { rows } = await client.query<WatermarkRow>(SELECT_WATERMARK);
  const row = rows[0];
  if (row === undefined) throw new UnusableDatabase('the table topology_epoch is empty; it must have exactly one row');
  if (row.synchronous_commit === 'off') {
    throw new UnusableDatabase(
      'synchronous_commit is off: after a crash the server takes back what it has acknowledged. Turn it on for this database',
    );
  }
  const watermark = toWatermark(row.snapshot, row.epoch, true);
  const topology = new Topology();
  topology.apply({
    resourceClasses: byId(await jsonRows<NameState>(client, SELECT_RESOURCE_CLASSES)),
    traits: byId(await jsonRows<NameState>(client, SELECT_TRAITS)),
    providers: [],
  });
  let from = 0;
  for (;;) {
    const page = await jsonRows<ProviderState>(client, SELECT_PROVIDERS, [from, PAGE]);
    await inStretches(topology.applying({ resourceClasses: [], traits: [], providers: byId(page) }));
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return { topology, watermark };
    from = last[0] + 1;
  }
}

/** The changes up to a watermark. The reader applies the batches in order, and may let the event loop run between them. */
export interface News {
  readonly batches: readonly TopologyChanges[];
  readonly watermark: Watermark;
}

/**
 * Returns the changes since a watermark. Returns 'reload' when they cannot be determined: after another server or a restored database
 * (epoch), after time went backwards, after changes were pruned, or after a TRUNCATE. One statement returns the changes and the new
 * watermark. It is the statement that asks whether there are changes or, when there are, a second one that begins at the old watermark
 * again and reads everything that changed.
 *
 * @param onNews is called when the server has returned that there are changes, before the statements that read them
 */
export async function readChanges(
  client: pg.ClientBase,
  watermark: Watermark,
  onNews: () => void = () => undefined,
): Promise<News | 'reload'> {
  if (watermark.quiet) {
    const row = await firstRow<NewsRow>(client, 'catch_up_news', ANY_NEWS, watermark);
    if (row === undefined) return 'reload';
    const [snapshot, epoch, prunedBelow, anyNews] = row;
    if (!anyNews) {
      const next = advance(watermark, snapshot, epoch, prunedBelow, true);
      return next === 'reload' ? next : { watermark: next, batches: [] };
    }
    onNews();
  }
  const found = await catchUp(client, watermark, ROWS);
  if (found === 'reload') return found;
  if (!found.tooMany) return { watermark: found.watermark, batches: [found.changes] };
  onNews();
  return inOneSnapshot(client, () => readChangesInSnapshot(client, watermark));
}

async function catchUp(
  client: pg.ClientBase,
  watermark: Watermark,
  rows: number | null,
): Promise<{ watermark: Watermark; changes: TopologyChanges; tooMany: boolean } | 'reload'> {
  const row = await firstRow<CatchUpRow>(client, 'catch_up', CATCH_UP, watermark, PAGE, rows);
  if (row === undefined) return 'reload';
  const [snapshot, epoch, prunedBelow, everything, resourceClasses, traits, projects, providers, tooMany] = row;
  const quiet = [resourceClasses, traits, projects, providers].every((found) => found === null) && !tooMany;
  const next = advance(watermark, snapshot, epoch, prunedBelow, quiet);
  if (everything || next === 'reload') return 'reload';
  const changes = {
    resourceClasses: parseChanges<NameState>(resourceClasses),
    traits: parseChanges<NameState>(traits),
    projects: projects === null ? [] : (JSON.parse(projects) as number[]),
    providers: parseChanges<ProviderState>(providers),
  };
  return { watermark: next, changes, tooMany };
}

/** Like {@link readChanges}, inside a transaction that keeps its snapshot. The first batch has new and changed names, the last one deleted names. */
export async function readChangesInSnapshot(
  client: pg.ClientBase,
  watermark: Watermark,
  onNews: () => void = () => undefined,
): Promise<News | 'reload'> {
  const found = await catchUp(client, watermark, null);
  if (found === 'reload' || !found.tooMany) return found === 'reload' ? found : { ...found, batches: [found.changes] };
  onNews();
  const { resourceClasses, traits, projects = [] } = found.changes;
  const isThere = ([, state]: readonly [number, NameState | null]): boolean => state !== null;
  const isGone = ([, state]: readonly [number, NameState | null]): boolean => state === null;
  const batches: TopologyChanges[] = [
    { resourceClasses: resourceClasses.filter(isThere), traits: traits.filter(isThere), projects, providers: [] },
  ];
  const { rows } = await client.query<[string]>({
    text: CHANGED_PROVIDERS,
    values: [watermark.snapshotText],
    rowMode: 'array',
  });
  const ids = JSON.parse(rows[0]?.[0] ?? '[]') as number[];
  for (let from = 0; from < ids.length; from += PAGE) {
    const page = await client.query<[string]>({
      text: SELECT_PROVIDERS_BY_ID,
      values: [ids.slice(from, from + PAGE)],
      rowMode: 'array',
    });
    const providers = parseChanges<ProviderState>(page.rows[0]?.[0] ?? null);
    batches.push({ resourceClasses: [], traits: [], providers });
  }
  batches.push({ resourceClasses: resourceClasses.filter(isGone), traits: traits.filter(isGone), providers: [] });
  return { watermark: found.watermark, batches };
}

/** Returns the watermark after a statement with these results, or 'reload' when the changes between the two cannot be determined. */
function advance(
  watermark: Watermark,
  snapshot: string,
  epoch: string | null,
  prunedBelow: string,
  quiet: boolean,
): Watermark | 'reload' {
  if (epoch !== null && epoch !== watermark.epoch) return 'reload';
  if (BigInt(prunedBelow) > watermark.snapshot.xmin) return 'reload';
  // Mostly nothing has happened. The text of the snapshot is then the same, and need not be parsed.
  if (epoch !== null && snapshot === watermark.snapshotText)
    return watermark.quiet === quiet ? watermark : { ...watermark, quiet };
  const next = toWatermark(snapshot, epoch, quiet);
  return includes(next.snapshot, watermark.snapshot) ? next : 'reload';
}

async function firstRow<Row extends unknown[]>(
  client: pg.ClientBase,
  name: string,
  text: string,
  watermark: Watermark,
  ...values: unknown[]
): Promise<Row | undefined> {
  const { rows } = await client.query<Row>({
    name,
    text,
    values: [watermark.snapshotText, ...values],
    rowMode: 'array',
  });
  return rows[0];
}

interface WatermarkRow {
  snapshot: string;
  epoch: string | null;
  synchronous_commit: string;
}

type NewsRow = [snapshot: string, epoch: string | null, prunedBelow: string, anyNews: boolean];

type CatchUpRow = [
  snapshot: string,
  epoch: string | null,
  prunedBelow: string,
  everything: boolean,
  resourceClasses: string | null,
  traits: string | null,
  projects: string | null,
  providers: string | null,
  tooMany: boolean,
];

function toWatermark(snapshotText: string, epoch: string | null, quiet: boolean): Watermark {
  if (epoch === null) {
    throw new UnusableDatabase(
      'the database server is a standby (in recovery): point the connection at the primary, for example with ' +
        'target_session_attrs=read-write',
    );
  }
  return { epoch, snapshotText, snapshot: parseSnapshot(snapshotText), quiet };
}

async function jsonRows<T>(client: pg.ClientBase, text: string, values: unknown[] = []): Promise<T[]> {
  const { rows } = await client.query<[string]>({ text, values, rowMode: 'array' });
  return rows.map(([json]) => JSON.parse(json) as T);
}

function byId<State extends readonly [number, ...unknown[]]>(states: State[]): (readonly [number, State])[] {
  return states.map((state) => [state[0], state]);
}

function parseChanges<State>(json: string | null): (readonly [number, State | null])[] {
  return json === null ? [] : (JSON.parse(json) as [number, State | null][]);
}

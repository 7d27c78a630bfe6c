import type pg from 'pg';
import {
  ANY_NEWS,
  CATCH_UP,
  CHANGED_PROVIDERS,
  PURGE_STRANGERS,
  SELECT_MARK,
  SELECT_PROVIDERS,
  SELECT_PROVIDERS_BY_ID,
  SELECT_RESOURCE_CLASSES,
  SELECT_TRAITS,
} from './load.sql.js';
import { Topology, type Changes, type NameState, type ProviderState } from './topology.js';
import { includes, parseSnapshot, type Snapshot } from './watermark.js';
import { UnusableDatabase } from '../db/failures.js';
import { BEGIN_SNAPSHOT } from '../db/session.js';

/** How far a topology has seen: the snapshot it was filled or caught up with, and the server that gave it. */
export interface Mark {
  readonly epoch: string;
  readonly snapshotText: string;
  readonly snapshot: Snapshot;
  /** Nothing had happened since the mark before: the next catch-up only asks whether anything has, in the first place. */
  readonly quiet: boolean;
}

/** As many providers as are parsed and indexed in some ten milliseconds: more at once would keep everybody else waiting. */
const PAGE = 1000;

/** The server looks at so many rows of the journal in some ten milliseconds. After more it says only that there are many. */
const ROWS = 20 * PAGE;

/** Loads everything, as of one snapshot. The connection must be one that nothing else uses meanwhile. */
export async function load(client: pg.ClientBase): Promise<{ topology: Topology; mark: Mark }> {
  await client.query(PURGE_STRANGERS).catch((error: unknown) => {
    // Read-only: a standby, which the next statement recognises.
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
export async function readEverything(client: pg.ClientBase): Promise<{ topology: Topology; mark: Mark }> {
  const { rows } = await client.query<MarkRow>(SELECT_MARK);
  const row = rows[0];
  if (row === undefined) throw new UnusableDatabase('the table topology_epoch is empty; it must have exactly one row');
  if (row.synchronous_commit === 'off') {
    throw new UnusableDatabase(
      'synchronous_commit is off: after a crash the server takes back what it has acknowledged. Turn it on for this database',
    );
  }
  const mark = toMark(row.snapshot, row.epoch, true);
  const topology = new Topology();
  topology.apply({
    resourceClasses: byId(await jsonRows<NameState>(client, SELECT_RESOURCE_CLASSES)),
    traits: byId(await jsonRows<NameState>(client, SELECT_TRAITS)),
    providers: [],
  });
  let from = 0;
  for (;;) {
    const page = await jsonRows<ProviderState>(client, SELECT_PROVIDERS, [from, PAGE]);
    topology.apply({ resourceClasses: [], traits: [], providers: byId(page) });
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return { topology, mark };
    from = last[0] + 1;
  }
}

/** Changes to be applied one after the other, as of a mark. Others may have their turn in between. */
export interface News {
  readonly batches: readonly Changes[];
  readonly mark: Mark;
}

/**
 * What happened since a mark; or 'reload' when that cannot be told: another server or a restored database (epoch), time that
 * went backwards, changes already pruned, a TRUNCATE. The changes and the new mark come from one statement: the question
 * whether anything happened, or, when it did, one that asks again from the old mark and reads everything that changed.
 *
 * @param onNews is called when the server has said that there are changes, before the statements that read them
 */
export async function since(
  client: pg.ClientBase,
  mark: Mark,
  onNews: () => void = () => undefined,
): Promise<News | 'reload'> {
  if (mark.quiet) {
    const row = await firstRow<NewsRow>(client, 'catch_up_news', ANY_NEWS, mark);
    if (row === undefined) return 'reload';
    const [snapshot, epoch, prunedBelow, anyNews] = row;
    if (!anyNews) {
      const next = advance(mark, snapshot, epoch, prunedBelow, true);
      return next === 'reload' ? next : { mark: next, batches: [] };
    }
    onNews();
  }
  const found = await catchUp(client, mark, ROWS);
  if (found === 'reload') return found;
  if (!found.tooMany) return { mark: found.mark, batches: [found.changes] };
  onNews();
  return inOneSnapshot(client, () => sinceInSnapshot(client, mark));
}

async function catchUp(
  client: pg.ClientBase,
  mark: Mark,
  rows: number | null,
): Promise<{ mark: Mark; changes: Changes; tooMany: boolean } | 'reload'> {
  const row = await firstRow<CatchUpRow>(client, 'catch_up', CATCH_UP, mark, PAGE, rows);
  if (row === undefined) return 'reload';
  const [snapshot, epoch, prunedBelow, everything, resourceClasses, traits, providers, tooMany] = row;
  const quiet = resourceClasses === null && traits === null && providers === null && !tooMany;
  const next = advance(mark, snapshot, epoch, prunedBelow, quiet);
  if (everything || next === 'reload') return 'reload';
  const changes = {
    resourceClasses: parseChanges<NameState>(resourceClasses),
    traits: parseChanges<NameState>(traits),
    providers: parseChanges<ProviderState>(providers),
  };
  return { mark: next, changes, tooMany };
}

/** {@link since}, inside a transaction that keeps its snapshot. Names that are new come first, and those that are gone last. */
export async function sinceInSnapshot(
  client: pg.ClientBase,
  mark: Mark,
  onNews: () => void = () => undefined,
): Promise<News | 'reload'> {
  const found = await catchUp(client, mark, null);
  if (found === 'reload' || !found.tooMany) return found === 'reload' ? found : { ...found, batches: [found.changes] };
  onNews();
  const { resourceClasses, traits } = found.changes;
  const isThere = ([, state]: readonly [number, NameState | null]): boolean => state !== null;
  const isGone = ([, state]: readonly [number, NameState | null]): boolean => state === null;
  const batches: Changes[] = [
    { resourceClasses: resourceClasses.filter(isThere), traits: traits.filter(isThere), providers: [] },
  ];
  const { rows } = await client.query<[string]>({
    text: CHANGED_PROVIDERS,
    values: [mark.snapshotText],
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
  return { mark: found.mark, batches };
}

/** The mark after a statement that gave these, unless the way there cannot be told. */
function advance(
  mark: Mark,
  snapshot: string,
  epoch: string | null,
  prunedBelow: string,
  quiet: boolean,
): Mark | 'reload' {
  if (epoch !== null && epoch !== mark.epoch) return 'reload';
  if (BigInt(prunedBelow) > mark.snapshot.xmin) return 'reload';
  // Idle is the common case, and an equal text saves parsing.
  if (epoch !== null && snapshot === mark.snapshotText) return mark.quiet === quiet ? mark : { ...mark, quiet };
  const next = toMark(snapshot, epoch, quiet);
  return includes(next.snapshot, mark.snapshot) ? next : 'reload';
}

async function firstRow<Row extends unknown[]>(
  client: pg.ClientBase,
  name: string,
  text: string,
  mark: Mark,
  ...values: unknown[]
): Promise<Row | undefined> {
  const { rows } = await client.query<Row>({ name, text, values: [mark.snapshotText, ...values], rowMode: 'array' });
  return rows[0];
}

interface MarkRow {
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
  providers: string | null,
  tooMany: boolean,
];

function toMark(snapshotText: string, epoch: string | null, quiet: boolean): Mark {
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

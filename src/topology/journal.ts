import type pg from 'pg';
import {
  CATCH_UP,
  PURGE_STRANGERS,
  SELECT_MARK,
  SELECT_PROVIDERS,
  SELECT_RESOURCE_CLASSES,
  SELECT_TRAITS,
} from './load.sql.js';
import { Topology, type Changes, type NameState, type ProviderState } from './topology.js';
import { includes, parseSnapshot, type Snapshot } from './watermark.js';

/** How far a topology has seen: the snapshot it was filled or caught up with, and the server that gave it. */
export interface Mark {
  readonly epoch: string;
  readonly snapshotText: string;
  readonly snapshot: Snapshot;
}

/** The database cannot be followed: a standby, or one that may take back what it has shown. */
export class UnusableDatabase extends Error {}

const PAGE = 5000;

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
  await client.query('begin isolation level repeatable read read only');
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
  const mark = toMark(row.snapshot, row.epoch);
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

/**
 * What happened since a mark, in one statement; or 'reload' when that cannot be told: another server or a restored database
 * (epoch), time that went backwards, changes already pruned, a TRUNCATE.
 */
export async function since(client: pg.ClientBase, mark: Mark): Promise<{ changes: Changes; mark: Mark } | 'reload'> {
  const { rows } = await client.query<CatchUpRow>({
    name: 'catch_up',
    text: CATCH_UP,
    values: [mark.snapshotText],
    rowMode: 'array',
  });
  const row = rows[0];
  if (row === undefined) return 'reload';
  const [snapshot, epoch, prunedBelow, everything, resourceClasses, traits, providers] = row;
  if (epoch !== null && epoch !== mark.epoch) return 'reload';
  // Idle is the common case, and an equal text saves parsing.
  const next = snapshot === mark.snapshotText && epoch !== null ? mark : toMark(snapshot, epoch);
  if (BigInt(prunedBelow) > mark.snapshot.xmin) return 'reload';
  if (next !== mark && !includes(next.snapshot, mark.snapshot)) return 'reload';
  if (everything) return 'reload';
  return {
    mark: next,
    changes: {
      resourceClasses: parseChanges<NameState>(resourceClasses),
      traits: parseChanges<NameState>(traits),
      providers: parseChanges<ProviderState>(providers),
    },
  };
}

interface MarkRow {
  snapshot: string;
  epoch: string | null;
  synchronous_commit: string;
}

type CatchUpRow = [
  snapshot: string,
  epoch: string | null,
  prunedBelow: string,
  everything: boolean,
  resourceClasses: string | null,
  traits: string | null,
  providers: string | null,
];

function toMark(snapshotText: string, epoch: string | null): Mark {
  if (epoch === null) {
    throw new UnusableDatabase(
      'the database server is a standby (in recovery): point the connection at the primary, for example with ' +
        'target_session_attrs=read-write',
    );
  }
  return { epoch, snapshotText, snapshot: parseSnapshot(snapshotText) };
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

import type pg from 'pg';
import type { Pool } from '../db/pool.js';
import { runStatement } from '../db/transaction.js';
import { cursorText } from './cursor.js';
import { mergeSteps, type Step } from './merge-steps.js';
import { CHANGE_KINDS, type Change, type Filter } from './model.js';
import {
  batchesStatement,
  CONSUMER_IDS,
  PROVIDER_IDS,
  sealedStatement,
  type Limits,
  type Direction,
} from './rows.sql.js';

/** A filter whose names have been looked up. */
export interface ResolvedFilter {
  readonly limits: Limits;
  readonly values: readonly unknown[];
  readonly isIndexed: boolean;
  /** Excludes changes of other objects with a reused id. */
  readonly isWanted: (row: ChangeRow) => boolean;
}

/** Looks up the names of a filter. A UUID that never existed has no changes. */
export async function resolveFilter(pool: Pool, filter: Filter): Promise<ResolvedFilter> {
  const { kinds, provider, consumer, request } = filter;
  const idsOf = async (text: string, uuid: string): Promise<unknown[]> =>
    (await runStatement<{ id: unknown }>(pool, { text, values: [uuid] }, 'read')).rows.map(({ id }) => id);
  const values = [
    ...(kinds === null ? [] : [kinds.map((kind) => CHANGE_KINDS.indexOf(kind))]),
    ...(provider === null ? [] : [await idsOf(PROVIDER_IDS, provider)]),
    ...(consumer === null ? [] : [await idsOf(CONSUMER_IDS, consumer)]),
    ...(request === null ? [] : [request]),
  ];
  return {
    limits: {
      kinds: kinds !== null,
      providers: provider !== null,
      consumers: consumer !== null,
      request: request !== null,
    },
    values,
    isIndexed: provider !== null || consumer !== null,
    isWanted: ({ kind, providerUuid, consumerUuid }) =>
      kind === 0 ||
      ((provider === null || providerUuid === provider) && (consumer === null || consumerUuid === consumer)),
  };
}

/** A row of the statements. */
export interface ChangeRow {
  readonly mark: number;
  readonly seq: number;
  readonly transaction: string;
  readonly kind: number;
  readonly name: string | null;
  readonly by: string;
  readonly at: string;
  readonly steps: readonly Step[];
  readonly providerId: number | null;
  readonly providerUuid: string | null;
  readonly providerName: string | null;
  readonly consumerId: string | null;
  readonly consumerUuid: string | null;
  readonly consumerProject: string | null;
  readonly consumerUser: string | null;
  readonly consumerType: string | null;
  readonly requestId: string | null;
  readonly globalRequestId: string | null;
  readonly userId: string | null;
  readonly projectId: string | null;
  readonly route: string | null;
  readonly version: string | null;
  readonly command: string | null;
}

export interface Batches {
  readonly first: number;
  readonly last: number;
  /** The position where reading begins. */
  readonly place: { readonly mark: number; readonly seq: number };
  readonly limit: number;
  readonly sealedBelow: number;
}

/** @returns null when a mark is not kept any more */
export async function readBatches(
  pool: Pool,
  order: Direction,
  { first, last, place, limit, sealedBelow }: Batches,
  { limits, values }: ResolvedFilter,
): Promise<readonly ChangeRow[] | null> {
  const one = first === last;
  const query = {
    name: `changes_${order}_${one ? 'one' : 'many'}_${nameOf(limits)}`,
    text: batchesStatement(limits, order, one),
    values: [first, last, place.mark, place.seq, limit, sealedBelow, ...values],
  };
  const { rows } = await runStatement<ChangeRow & pg.QueryResultRow>(pool, query, 'read');
  if (rows.length === 0) return null;
  return rows.filter(({ seq }) => (seq as number | null) !== null);
}

/** Changes of former histories, newest first. */
export async function readSealed(
  pool: Pool,
  { below, from, limit }: { readonly below: number; readonly from: number; readonly limit: number },
  { limits, values }: ResolvedFilter,
): Promise<readonly ChangeRow[]> {
  const query = { text: sealedStatement(limits), values: [below, from, limit, ...values] };
  return (await runStatement<ChangeRow & pg.QueryResultRow>(pool, query, 'read')).rows;
}

function nameOf({ kinds, providers, consumers, request }: Limits): string {
  return [kinds, providers, consumers, request].map(Number).join('');
}

/** Returns null when the statements of the transaction cancel each other out. */
export function toChange(row: ChangeRow, history: number): Change | null {
  const kind = CHANGE_KINDS[row.kind] ?? 'everything';
  const folded = kind === 'everything' ? ([null, null] as const) : mergeSteps(kind, row.steps);
  if (folded === null) return null;
  const [before, after] = folded;
  return {
    cursor: cursorText({ history, mark: row.mark, seq: row.seq }),
    at: row.at,
    transaction: row.transaction,
    kind,
    action: actionOf(kind, before, after),
    ...(row.providerId === null ? {} : { provider: { uuid: row.providerUuid, name: row.providerName } }),
    ...(row.consumerId === null
      ? {}
      : {
          consumer: {
            uuid: row.consumerUuid,
            type: row.consumerType,
            project_id: row.consumerProject,
            user_id: row.consumerUser,
          },
        }),
    ...(row.name === null ? {} : { name: row.name }),
    before,
    after,
    ...authorOf(row),
  };
}

function actionOf(kind: Change['kind'], before: Step[0], after: Step[1]): Change['action'] {
  if (kind === 'everything') return 'deleted';
  if (kind === 'traits' || kind === 'aggregates') return 'changed';
  if (before === null) return 'created';
  return after === null ? 'deleted' : 'changed';
}

function authorOf(row: ChangeRow): Pick<Change, 'request' | 'by'> {
  const { requestId, globalRequestId, userId, projectId, route, version, command, by } = row;
  if (requestId === null || route === null || version === null) {
    return { request: null, by: command === null ? { database_user: by } : { command } };
  }
  return {
    request: { id: requestId, global_id: globalRequestId, user_id: userId, project_id: projectId, route, version },
  };
}

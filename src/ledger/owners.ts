import type pg from 'pg';
import type { Transaction } from '../db/transaction.js';
import { lockFreeAndRead } from './lock.js';
import type { Claim, LockedState } from './model.js';
import { CREATE_OWNERS } from './sql.js';
import type { Owners } from './statements.js';

/** Creates the projects, users and types that are new; only the first claim of each pays for it. */
export async function ensureOwners(
  transaction: Transaction,
  claims: readonly Claim[],
  state: LockedState,
): Promise<Owners> {
  const statement = createOwnersStatement(claims, state);
  if (statement.values.every(({ length }) => length === 0)) return state;
  await transaction.query(statement);
  const { projects, users, consumerTypes } = await lockFreeAndRead(transaction, claims);
  return { consumers: state.consumers, projects, users, consumerTypes };
}

/** The statement that creates those that are not known: $1 projects, $2 users, $3 consumer types. */
export function createOwnersStatement(
  claims: readonly Claim[],
  known: Pick<LockedState, 'projects' | 'users' | 'consumerTypes'>,
): pg.QueryConfig & { values: string[][] } {
  const staying = claims.filter(({ allocations }) => allocations.length > 0);
  const missing = (names: (string | null)[], there: ReadonlyMap<string, number>): string[] =>
    [...new Set(names.filter((name) => name !== null && !there.has(name)) as string[])].sort();
  return {
    text: CREATE_OWNERS,
    values: [
      missing(
        staying.map(({ projectId }) => projectId),
        known.projects,
      ),
      missing(
        staying.map(({ userId }) => userId),
        known.users,
      ),
      missing(
        staying.map(({ consumerType }) => consumerType),
        known.consumerTypes,
      ),
    ],
  };
}

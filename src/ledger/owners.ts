import type { Transaction } from '../db/transaction.js';
import { lockFreeAndRead } from './lock.js';
import type { Claim, LockedState } from './model.js';
import { inParts, withPauses, type Divided } from '../slices.js';
import { createOwners } from './sql/create-owners.js';
import type { Owners } from './sql/write-claims.js';

/** Creates the projects, users and types that are new; only the first claim of each pays for it. */
export async function ensureOwners(
  transaction: Transaction,
  claims: readonly Claim[],
  state: LockedState,
): Promise<Owners> {
  const statement = await withPauses(createOwnersStatement(claims, state));
  if (statement.values.every(({ length }) => length === 0)) return state;
  await transaction.query(statement);
  const { projects, users, consumerTypes } = await lockFreeAndRead(transaction, claims);
  return { consumers: state.consumers, projects, users, consumerTypes };
}

/** The statement that creates those that are not known. */
export function* createOwnersStatement(
  claims: readonly Claim[],
  known: Pick<LockedState, 'projects' | 'users' | 'consumerTypes'>,
): Divided<ReturnType<typeof createOwners>> {
  const [projects, users, types] = [new Set<string>(), new Set<string>(), new Set<string>()];
  yield* inParts(claims, ({ allocations, projectId, userId, consumerType }) => {
    if (allocations.length === 0) return;
    if (!known.projects.has(projectId)) projects.add(projectId);
    if (!known.users.has(userId)) users.add(userId);
    if (consumerType !== null && !known.consumerTypes.has(consumerType)) types.add(consumerType);
  });
  return createOwners([...projects].sort(), [...users].sort(), [...types].sort());
}

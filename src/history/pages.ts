import type { Pool } from '../db/pool.js';
import { runStatement } from '../db/transaction.js';
import { cursorText, type Cursor } from './cursor.js';
import type { HistoryState } from './marks.js';
import { MARKS_FROM, MARKS_TO } from './marks.sql.js';
import type { Change, ChangesPage } from './model.js';
import { readBatches, readSealed, toChange, type ResolvedFilter, type ChangeRow } from './rows.js';

/** The most changes that one request examines: with an index for its filter, and without one. */
const EXAMINED = { byIndex: 200_000, otherwise: 20_000 };

/** The most marks that one request examines. */
const MARKS = 5000;

/** Reads a page of the stream, and the position of its end. Returns null when the history does not have the changes after the cursor any more. */
export async function readForwards(
  pool: Pool,
  state: HistoryState,
  from: Cursor,
  limit: number,
  filter: ResolvedFilter,
): Promise<(ChangesPage & { readonly place: Cursor }) | null> {
  const { history, newest } = state;
  const changes: Change[] = [];
  let place = from;
  let budget = filter.isIndexed ? EXAMINED.byIndex : EXAMINED.otherwise;
  while (place.mark <= newest && changes.length < limit && budget > 0) {
    const marks = await marksOf(pool, MARKS_FROM, place.mark);
    const [base] = marks;
    if (base?.id !== place.mark - 1) return null;
    const window = filter.isIndexed ? budget : Math.min(budget, Math.max(2000, 4 * limit));
    const within = marks.filter(({ id, seq }) => id <= newest && id >= place.mark && seq - base.seq <= window);
    const last = within.at(-1) ?? { id: place.mark, seq: base.seq + window };
    const wanted = limit - changes.length;
    const batches = { first: place.mark, last: last.id, place, limit: wanted, sealedBelow: state.sealedBelow };
    const rows = await readBatches(pool, 'oldest', batches, filter);
    if (rows === null) return null;
    changes.push(...shown(rows, history, filter));
    budget -= Math.max(last.seq - base.seq, 1);
    place = placeAfter(rows, wanted, history) ?? { history, mark: last.id + 1, seq: 0 };
  }
  return { changes, next: cursorText(place), more: place.mark <= newest, place };
}

/** A page of the changes before a position, newest first. */
export async function readBackwards(
  pool: Pool,
  state: HistoryState,
  before: Cursor,
  limit: number,
  filter: ResolvedFilter,
): Promise<ChangesPage> {
  const { history } = state;
  const changes: Change[] = [];
  const former = { history, mark: 0, seq: state.sealedBelow + 1 };
  let place = before;
  let budget = filter.isIndexed ? EXAMINED.byIndex : EXAMINED.otherwise;
  const isEnd = (): boolean => place.mark === 0 && place.seq <= 1;
  while (!isEnd() && changes.length < limit && budget > 0) {
    const wanted = limit - changes.length;
    if (place.mark === 0) {
      const from = filter.isIndexed ? 0 : Math.max(0, place.seq - budget);
      const rows = await readSealed(pool, { below: place.seq, from, limit: wanted }, filter);
      changes.push(...shown(rows, history, filter));
      budget -= place.seq - from;
      place = placeAfter(rows, wanted, history) ?? { history, mark: 0, seq: from };
      continue;
    }
    // A position at the beginning of a batch is the same as the end of the batch before it.
    const [mark, seq] = place.seq === 0 ? [place.mark - 1, Number.MAX_SAFE_INTEGER] : [place.mark, place.seq];
    const marks = await marksOf(pool, MARKS_TO, mark);
    const [top] = marks;
    const bases = marks.slice(1);
    if (top?.id !== mark || bases.length === 0) {
      place = former;
      continue;
    }
    const base = bases.findLast((one) => top.seq - one.seq <= budget) ?? bases[0];
    if (base === undefined) break;
    const batches = { first: base.id + 1, last: mark, place: { mark, seq }, limit: wanted };
    const rows = await readBatches(pool, 'newest', { ...batches, sealedBelow: state.sealedBelow }, filter);
    if (rows === null) {
      place = former;
      continue;
    }
    changes.push(...shown(rows, history, filter));
    budget -= Math.max(top.seq - base.seq, 1);
    place = placeAfter(rows, wanted, history) ?? { history, mark: base.id + 1, seq: 0 };
  }
  if (place.mark !== 0 && place.mark <= Math.max(state.oldest, state.firstMark) + 1 && place.seq === 0) place = former;
  return { changes, next: cursorText(place), more: !isEnd() };
}

function shown(rows: readonly ChangeRow[], history: number, { isWanted }: ResolvedFilter): Change[] {
  return rows.filter(isWanted).flatMap((row) => toChange(row, history) ?? []);
}

/** The end of a full page; null when the page is not full. */
function placeAfter(rows: readonly ChangeRow[], wanted: number, history: number): Cursor | null {
  const last = rows.at(-1);
  if (last === undefined || rows.length < wanted) return null;
  return { history, mark: last.mark, seq: last.seq };
}

async function marksOf(pool: Pool, text: string, mark: number): Promise<readonly { id: number; seq: number }[]> {
  const query = { name: text === MARKS_FROM ? 'marks_from' : 'marks_to', text, values: [mark, MARKS] };
  return (await runStatement<{ id: number; seq: number }>(pool, query, 'read')).rows;
}

import type { Pause } from '../candidates/effort.js';
import type { Provider } from '../topology/model.js';
import type { Effort, Offers } from './offers.js';
import type { Prover } from './proofs.js';
import { createStock, takesOf, type HypotheticalClaim, type Stock } from './stock.js';
import type { TreeSurvey } from './tree-survey.js';

/** A list of claims that can all be made, one after the other. */
export interface Packing {
  readonly claims: readonly HypotheticalClaim[];
  /** The number of requests of all claims together. */
  readonly size: number;
  /** False when the steps were used up: a larger packing may exist. */
  readonly complete: boolean;
}

/** How many offers are compared at a time. */
const OFFERS_COMPARED = 8;

/** How many of the last requests of the first packing are given back and placed again in other ways. */
const REQUESTS_TRIED_AGAIN = 32;

/**
 * Constructs a packing. It takes offers until nothing fits any more. Then it gives the last requests back and tries other offers in their
 * place, depth-first, until it reaches `target` or has used up the steps.
 */
export function* pack(
  surveys: readonly TreeSurvey[],
  offers: Offers,
  prover: Prover,
  target: number,
  effort: Effort,
): Generator<Pause, Packing, void> {
  const stock = createStock(providersOf(surveys));
  const claims = yield* takeRepeatedly(surveys, stock, offers, target, effort);
  const size = sizeOf(claims);
  if (size >= target || effort.left <= 0) return { claims, size, complete: size >= target };
  const kept = [...claims];
  let again = 0;
  while (again < REQUESTS_TRIED_AGAIN) {
    const last = kept.pop();
    if (last === undefined) break;
    const back = Math.min(last.times, REQUESTS_TRIED_AGAIN - again);
    stock.giveBack({ ...last, times: back });
    again += back;
    if (back < last.times) kept.push({ ...last, times: last.times - back });
  }
  const base = sizeOf(kept);
  const better = yield* tryOthers(surveys, stock, offers, prover, { more: size - base, target: target - base }, effort);
  const best = better === null ? claims : [...kept, ...better];
  return { claims: best, size: sizeOf(best), complete: effort.left > 0 };
}

function sizeOf(claims: readonly HypotheticalClaim[]): number {
  return claims.reduce((sum, { times }) => sum + times, 0);
}

function providersOf(surveys: readonly TreeSurvey[]): Set<Provider> {
  return new Set(
    surveys.flatMap(({ options, tree, sharers }) => [
      ...options.flat(),
      ...tree.members,
      ...sharers.map(({ provider }) => provider),
    ]),
  );
}

/**
 * Takes the first offer each time, which is enough for most trees: 5,000 nested hosts that are all different took 1.36 s instead of
 * 1.58 s. When the packing stays below the target, constructs a second one that takes the best of several offers each time.
 */
function* takeRepeatedly(
  surveys: readonly TreeSurvey[],
  stock: Stock,
  offers: Offers,
  target: number,
  effort: Effort,
): Generator<Pause, HypotheticalClaim[], void> {
  const plain = yield* takeUntilFull(surveys, stock, offers, target, 1, effort);
  if (sizeOf(plain) >= target || effort.left <= 0) return plain;
  for (const claim of plain) stock.giveBack(claim);
  const compared = yield* takeUntilFull(surveys, stock, offers, target, OFFERS_COMPARED, effort);
  if (sizeOf(compared) >= sizeOf(plain)) return compared;
  for (const claim of compared) stock.giveBack(claim);
  for (const claim of plain) stock.take(claim);
  return plain;
}

/** The trees take turns. A tree in which nothing fits is left out from then on, because nothing will fit there later. */
function* takeUntilFull(
  surveys: readonly TreeSurvey[],
  stock: Stock,
  offers: Offers,
  target: number,
  compared: number,
  effort: Effort,
): Generator<Pause, HypotheticalClaim[], void> {
  const claims: HypotheticalClaim[] = [];
  let open = surveys;
  let size = 0;
  while (open.length > 0) {
    const still: TreeSurvey[] = [];
    for (const survey of open) {
      if (effort.left <= 0 || size >= target) return claims;
      const best = yield* bestOffer(survey, stock, offers, compared, effort);
      if (best === null) continue;
      // Takes only a quarter of the requests that fit, so that different offers are mixed.
      const times = Math.min(Math.ceil(stock.fits(best) / 4), target - size);
      const claim = { ...best, times };
      stock.take(claim);
      claims.push(claim);
      size += times;
      still.push(survey);
    }
    open = still;
  }
  return claims;
}

/** Returns the best of the first offers: the one that fits most often. */
function* bestOffer(
  survey: TreeSurvey,
  stock: Stock,
  offers: Offers,
  mostCompared: number,
  effort: Effort,
): Generator<Pause, HypotheticalClaim | null, void> {
  let best: HypotheticalClaim | null = null;
  let most = -1;
  let compared = 0;
  for (const offer of offers(survey, stock, effort)) {
    if (offer === 'pause') {
      yield offer;
      continue;
    }
    const leaves = stock.leaves(offer);
    if (leaves > most) [best, most] = [offer, leaves];
    if (++compared >= mostCompared) break;
  }
  return best;
}

/** A state of the depth-first search, with the offers that it has still to try. */
interface PackingState {
  readonly offers: Generator<HypotheticalClaim | Pause, void, void>;
  /** The offer that led to this state; null at the start. */
  readonly taken: HypotheticalClaim | null;
}

/**
 * Looks for more than `goal.more` claims from this stock, and stops at `goal.target`. Returns null when it finds no such claims.
 *
 * Equal stocks are the result of equally many claims, so the search skips a stock that it has seen before.
 */
function* tryOthers(
  surveys: readonly TreeSurvey[],
  stock: Stock,
  offers: Offers,
  prover: Prover,
  goal: { readonly more: number; readonly target: number },
  effort: Effort,
): Generator<Pause, HypotheticalClaim[] | null, void> {
  const options = optionsTogether(surveys);
  const providers = options.reduce((sum, { length }) => sum + length, 0);
  const seen = new Set<string>();
  let best: HypotheticalClaim[] | null = null;
  let most = goal.more;
  const path: PackingState[] = [{ offers: offersAt(surveys, stock, offers, effort), taken: null }];
  for (;;) {
    const level = path.at(-1);
    if (level === undefined || effort.left <= 0) return best;
    const next = level.offers.next();
    if (next.done === true) {
      path.pop();
      if (level.taken !== null) stock.giveBack(level.taken);
      continue;
    }
    const claim = next.value;
    if (claim === 'pause') {
      yield claim;
      continue;
    }
    stock.take(claim);
    const size = path.length;
    if (size > most) {
      most = size;
      best = [...path.flatMap(({ taken }) => taken ?? []), claim];
      if (most >= goal.target) return best;
    }
    const key = stock.key();
    effort.left -= providers + 4;
    const room = (provider: Provider, classId: number): number => stock.free(provider, classId);
    if (seen.has(key) || size + prover.prove(options, room).atMost <= most) {
      stock.giveBack(claim);
      continue;
    }
    seen.add(key);
    path.push({ offers: offersAt(surveys, stock, offers, effort), taken: claim });
  }
}

function* offersAt(
  surveys: readonly TreeSurvey[],
  stock: Stock,
  offers: Offers,
  effort: Effort,
): Generator<HypotheticalClaim | Pause, void, void> {
  const seen = new Set<string>();
  for (const survey of surveys) {
    for (const offer of offers(survey, stock, effort)) {
      if (offer !== 'pause') {
        const takes = takesOf(offer);
        if (seen.has(takes)) continue;
        seen.add(takes);
      }
      yield offer;
    }
  }
}

/** Returns the options of all trees by index of the slot, each provider once. */
export function optionsTogether(surveys: readonly TreeSurvey[]): readonly (readonly Provider[])[] {
  const [only, ...others] = surveys;
  if (only === undefined) return [];
  if (others.length === 0) return only.options;
  return only.options.map((_, slot) => {
    const all = new Set<Provider>();
    // Most trees have the same lists of pools.
    const lists = new Set(surveys.map(({ options }) => options[slot] ?? []));
    for (const list of lists) for (const option of list) all.add(option);
    return [...all];
  });
}

/** How much work and memory a search may take before it stops with what it has. */
export interface Bounds {
  /** Providers tried for a place in a combination. */
  readonly maxSteps: number;
  /** Seconds of work; the time in which others have their turn does not count. */
  readonly maxSeconds: number;
  /** Candidates kept. */
  readonly maxKept: number;
  /** Providers in all kept candidates together, once for each slot that they serve: eight bytes each. */
  readonly maxPlaces: number;
}

/** When a search takes care; tests make it early, because their worlds are small. */
export interface Tuning {
  /** The steps that an anchor gets to find its next candidate before others have had as many. */
  readonly firstShare: number;
  /** So many tries without a candidate are a sign of dead ends: from then on they are remembered. */
  readonly triesBeforeCare: number;
}

/** The bound that ended a search: steps and seconds of work, or the size of what is kept. */
export type BoundName = 'steps' | 'seconds' | 'size';

/** Tells a search when to yield. The clock is outside, so that the search itself has none. */
export interface Pace {
  /**
   * Counts work, and returns whether the slice is over. It is called for each little piece.
   *
   * @param work in units of very roughly 20 ns: a comparison, a look-up in a map
   */
  isDue(work: number): boolean;
  /** Seconds of work so far, without the pauses. */
  seconds(): number;
}

/** What a search yields between candidates, so that other requests can run. */
export type Pause = 'pause';

/** What the search at one anchor yields when it has had its share of the steps and found nothing for it. */
export type Stuck = 'stuck';

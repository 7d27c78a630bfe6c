/** The limits of work and memory of a search. At a limit the search stops and returns the candidates that it has. */
export interface Bounds {
  /** The most providers that are tried for a place in a combination. */
  readonly maxSteps: number;
  /** The most seconds of work. The time in which other requests run does not count. */
  readonly maxSeconds: number;
  /** The most candidates that are kept. */
  readonly maxKept: number;
  /** The most providers in all kept candidates together. A provider counts once for each slot that it serves, and takes eight bytes. */
  readonly maxPlaces: number;
}

/** When a search changes its method. Tests use lower values, because their clouds are small. */
export interface Tuning {
  /** The steps that each anchor gets at first to find its next candidate. */
  readonly firstShare: number;
  /** After so many tries without a candidate, the search remembers dead ends. */
  readonly triesBeforeCare: number;
}

/** The bound that ended a search: the steps, the seconds of work, or the size of the kept candidates. */
export type BoundName = 'steps' | 'seconds' | 'size';

/** Tells a search when to yield. The caller has the clock, so that the search itself uses none. */
export interface Pace {
  /**
   * Counts work, and returns whether the slice is over. The search calls it for each small piece of work.
   *
   * @param work in units of very roughly 20 ns, which is the time of a comparison or a look-up in a map
   */
  isDue(work: number): boolean;
  /** Seconds of work so far, without the pauses. */
  seconds(): number;
}

/** The value that a search yields between candidates, so that other requests can run. */
export type Pause = 'pause';

/** The value that the search at one anchor yields when it has used its share of steps without finding a candidate. */
export type Stuck = 'stuck';

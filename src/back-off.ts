/** In milliseconds: the pause before the second attempt and the longest pause. `factor`: how much longer each pause is than the one before. */
export interface BackOff {
  readonly first: number;
  readonly factor?: number;
  readonly longest: number;
}

/** How long to wait before the next attempt, in milliseconds. @param failures in a row, from 1 */
export function backOff(failures: number, { first, factor = 2, longest }: BackOff): number {
  return Math.min(first * factor ** (failures - 1), longest);
}

/** The pause before the second attempt and the longest pause, in milliseconds. Each pause is `factor` times as long as the one before. */
export interface BackOff {
  readonly first: number;
  readonly factor?: number;
  readonly longest: number;
}

/** How long to wait before the next attempt, in milliseconds. @param failures the number of failures in a row, from 1 */
export function backOff(failures: number, { first, factor = 2, longest }: BackOff): number {
  return Math.min(first * factor ** (failures - 1), longest);
}

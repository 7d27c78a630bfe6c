/**
 * Returns the providers that become roots to break cycles of parents: the one with the lowest id of each cycle.
 *
 * @param parents the parents of the providers from which no root can be reached
 */
export function lowestOfCycles(parents: ReadonlyMap<number, number>): number[] {
  const lowest: number[] = [];
  const seen = new Set<number>();
  for (const start of parents.keys()) {
    const path: number[] = [];
    let at: number | undefined = start;
    while (at !== undefined && !seen.has(at)) {
      seen.add(at);
      path.push(at);
      at = parents.get(at);
    }
    // When `at` is on the present path, the path ends in a cycle.
    const entry = at === undefined ? -1 : path.indexOf(at);
    if (entry >= 0) lowest.push(path.slice(entry).reduce((a, b) => Math.min(a, b)));
  }
  return lowest;
}

/**
 * The providers that become roots to break cycles of parents: of each cycle the lowest id.
 *
 * @param parents of providers from which following parents never ends
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
    // The walk has come back to its own path: a cycle.
    const entry = at === undefined ? -1 : path.indexOf(at);
    if (entry >= 0) lowest.push(path.slice(entry).reduce((a, b) => Math.min(a, b)));
  }
  return lowest;
}

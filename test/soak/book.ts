/** What a consumer holds, in one spelling: provider, class and amount in order. `{}` is nothing. */
export type Holding = string;

export const NOTHING: Holding = '{}';

export function holding(allocations: Record<string, { resources: Record<string, number> }>): Holding {
  const sorted = Object.entries(allocations)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([provider, { resources }]) => [
      provider,
      Object.fromEntries(Object.entries(resources).sort(([a], [b]) => a.localeCompare(b))),
    ]);
  return JSON.stringify(Object.fromEntries(sorted));
}

/** A change of several consumers at once: all of it happened or nothing. */
export type Change = ReadonlyMap<string, { readonly before: Holding; readonly after: Holding }>;

/** What clients were told about consumers, with which the database is compared in the end. */
export interface Book {
  /** What each consumer has, where the last response said so. */
  readonly known: Map<string, Holding>;
  /** Changes whose response was lost. Their consumers are left alone afterwards. */
  readonly unknown: Change[];
}

/** @returns what the database has and no client was told */
export function disagreements(book: Book, found: ReadonlyMap<string, Holding>): string[] {
  const has = (consumer: string): Holding => found.get(consumer) ?? NOTHING;
  const wrong: string[] = [];
  for (const [consumer, expected] of book.known) {
    if (has(consumer) !== expected) wrong.push(`consumer ${consumer} has ${has(consumer)}, was told ${expected}`);
  }
  for (const change of book.unknown) {
    const matches = (side: 'before' | 'after'): boolean =>
      [...change].every(([consumer, sides]) => has(consumer) === sides[side]);
    if (!matches('before') && !matches('after')) {
      const what = [...change].map(
        ([consumer, sides]) => `${consumer}: ${JSON.stringify(sides)}, has ${has(consumer)}`,
      );
      wrong.push(`a change whose response was lost is half there: ${what.join('; ')}`);
    }
  }
  const spokenOf = new Set([...book.known.keys(), ...book.unknown.flatMap((change) => [...change.keys()])]);
  for (const consumer of found.keys()) {
    if (!spokenOf.has(consumer)) wrong.push(`consumer ${consumer} has ${has(consumer)}, and no client asked for it`);
  }
  return wrong;
}

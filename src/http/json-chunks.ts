/**
 * Divides a JSON value into chunks for validation in slices. Each part of the value is in a chunk, at the same path. All
 * chunks together are not much larger than the value.
 */

/** A chunk has about so many values, or a few times as many. Each member and each item counts. */
const CHUNK = 2000;

/** No schema has more members of fixed names. An object with more members is a map, whose members are validated independently. */
const MOST_NAMED = 8;

/** Values below this many levels are not divided. No body of the API is nested that deep, so validation ends at a higher level. */
const MOST_LEVELS = 10;

/** Whether a value has more than one chunk. */
export function isLarge(value: unknown): boolean {
  return weightOf(value) > CHUNK;
}

type Members = Readonly<Record<string, unknown>>;

/** Yields the chunks of a value. Each chunk of an object with few members has all its members, because some may be required. */
export function* chunksOf(value: unknown, levels = MOST_LEVELS): Generator {
  if (levels === 0 || !isLarge(value)) yield value;
  else if (Array.isArray(value)) yield* chunksOfArray(value, levels - 1);
  else {
    const members = value as Members;
    yield* (namesOf(members).length > MOST_NAMED ? chunksOfMap : chunksOfRecord)(members, levels - 1);
  }
}

function* chunksOfArray(items: readonly unknown[], levels: number): Generator<unknown[]> {
  const seen = new Set<unknown>();
  for (const run of runsOf(items, (item) => item)) {
    if (Array.isArray(run)) yield run;
    else for (const part of chunksOf(run.heavy, levels)) yield [part];
    // `uniqueItems` sees the items of one chunk only, so an item that an earlier chunk has gets a chunk in which it is repeated.
    // The items of lists that are this long are texts, which a Set compares by value.
    const repeated = Array.isArray(run) ? run.find((item) => seen.size === seen.add(item).size) : undefined;
    if (repeated !== undefined) yield [repeated, repeated];
  }
}

function* chunksOfMap(members: Members, levels: number): Generator<object> {
  for (const run of runsOf(namesOf(members), (name) => members[name])) {
    if (Array.isArray(run)) yield Object.fromEntries(run.map((name) => [name, members[name]]));
    else for (const part of chunksOf(members[run.heavy], levels)) yield Object.fromEntries([[run.heavy, part]]);
  }
}

/** Each chunk has the next part of every member. A member whose parts have all been in a chunk is replaced by its skeleton, which is valid. */
function* chunksOfRecord(members: Members, levels: number): Generator<object> {
  const names = namesOf(members);
  const parts = names.map((name) => chunksOf(members[name], levels));
  let rests: readonly unknown[] | null = null;
  for (;;) {
    const chunk = parts.map((part) => part.next());
    if (chunk.every(({ done }) => done === true)) return;
    rests ??= chunk.map(({ value }) => skeletonOf(value));
    const rest = rests;
    yield Object.fromEntries(names.map((name, at) => [name, chunk[at]?.done === true ? rest[at] : chunk[at]?.value]));
  }
}

/** Groups neighbours that fit into one chunk together. A value that is too large for a chunk is alone. */
function* runsOf<T>(items: readonly T[], valueOf: (item: T) => unknown): Generator<T[] | { readonly heavy: T }> {
  let run: T[] = [];
  let weight = 0;
  for (const item of items) {
    const more = weightOf(valueOf(item));
    if (weight + more > CHUNK && run.length > 0) {
      yield run;
      [run, weight] = [[], 0];
    }
    if (more > CHUNK) {
      yield { heavy: item };
    } else {
      run.push(item);
      weight += more;
    }
  }
  if (run.length > 0) yield run;
}

/** A value with the first item of each list, and the first member of each map. */
function skeletonOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.slice(0, 1).map(skeletonOf);
  const members = Object.entries(value);
  const kept = members.length > MOST_NAMED ? members.slice(0, 1) : members;
  return Object.fromEntries(kept.map(([name, member]) => [name, skeletonOf(member)]));
}

/** Counts the values in a value, and the value itself. Stops counting when the count exceeds `most`. */
function weightOf(value: unknown, most = CHUNK): number {
  if (typeof value !== 'object' || value === null) return 1;
  const names = Array.isArray(value) ? null : namesOf(value as Members);
  const length = names?.length ?? (value as unknown[]).length;
  let weight = 1 + length;
  for (let at = 0; at < length && weight <= most; at++) {
    const part = names === null ? (value as unknown[])[at] : (value as Members)[names[at] ?? ''];
    weight += weightOf(part, most - weight) - 1;
  }
  return weight;
}

/** The names of the members of large objects. Object.keys takes some ten milliseconds for 100,000 members, so its result is kept. */
const keptNames = new WeakMap<object, readonly string[]>();

function namesOf(members: Members): readonly string[] {
  const kept = keptNames.get(members);
  if (kept !== undefined) return kept;
  const names = Object.keys(members);
  if (names.length > CHUNK) keptNames.set(members, names);
  return names;
}

import { notUtf8 } from '../errors.js';

/** A parsed query string: the values of each parameter in order, parameters in order of first appearance. */
export type Query = ReadonlyMap<string, readonly string[]>;

/** @throws 400 when the text is not UTF-8 */
export function parseQuery(search: string): Query {
  const query = new Map<string, string[]>();
  if (search === '') return query;
  try {
    // URLSearchParams silently replaces bytes that are not UTF-8, and decodeURIComponent throws. A % without two digits stands for itself.
    decodeURIComponent(search.replace(/%(?![0-9a-fA-F]{2})/g, '%25'));
  } catch {
    throw notUtf8('query string');
  }
  for (const [name, value] of new URLSearchParams(search)) {
    const values = query.get(name);
    if (values === undefined) query.set(name, [value]);
    else values.push(value);
  }
  return query;
}

/** Returns the last value of each parameter. Only that value counts, unless the route says otherwise. */
export function lastValues(query: Query): Record<string, string> {
  return Object.fromEntries([...query].map(([name, values]) => [name, values.at(-1) ?? '']));
}

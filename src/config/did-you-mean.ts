import { distance } from 'fastest-levenshtein';

/**
 * The candidate that is most similar to a name; undefined when all differ in more than a third of its letters. Swapped
 * letters count as one difference: `prot` is `port` rather than `from`.
 */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  const farthest = Math.max(1, Math.floor(name.length / 3));
  const ranked = [...candidates]
    .map((one) => ({
      one,
      far: lettersOf(one) === lettersOf(name) ? 1 : distance(name.toLowerCase(), one.toLowerCase()),
    }))
    .sort((a, b) => a.far - b.far);
  return ranked[0] !== undefined && ranked[0].far <= farthest ? ranked[0].one : undefined;
}

function lettersOf(name: string): string {
  return Array.from(name.toLowerCase()).sort().join('');
}

/** ` Did you mean NAME?`, or nothing when no candidate is similar. It follows a full stop. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const near = nearest(name, candidates);
  return near === undefined ? '' : ` Did you mean ${near}?`;
}

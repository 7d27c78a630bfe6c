import type { Scalar } from 'yaml';

/**
 * Finds the position in a YAML text for an offset in the value of a scalar. Quotes, folding and indentation make text and value different,
 * but both have the same words, so this function counts words.
 */
export function placeInScalar(scalar: Scalar, text: string, offset: number): number {
  const [start, end] = scalar.range ?? [0, 0];
  const value = String(scalar.value);
  const source = text.slice(start, end);
  const body = start + bodyStart(scalar, source);
  const before = value.slice(0, offset);
  const wordsBefore = [...before.matchAll(/\S+/g)];
  const last = wordsBefore.at(-1);
  // The offset is inside a word, or at the beginning of the next word.
  const inside = last !== undefined && last.index + last[0].length === before.length ? last[0].length : 0;
  const wanted = inside > 0 ? wordsBefore.length - 1 : wordsBefore.length;
  const words = text.slice(body, end).matchAll(/\S+/g);
  let index = 0;
  let behind = body;
  for (const word of words) {
    if (index++ === wanted) return body + word.index + Math.min(inside, word[0].length);
    behind = body + word.index + word[0].length;
  }
  return behind;
}

/** Returns the position after the opening quote, or after the header line of a block. */
function bodyStart(scalar: Scalar, source: string): number {
  if (scalar.type === 'QUOTE_DOUBLE' || scalar.type === 'QUOTE_SINGLE') return 1;
  if (scalar.type === 'BLOCK_FOLDED' || scalar.type === 'BLOCK_LITERAL') return source.indexOf('\n') + 1;
  return 0;
}

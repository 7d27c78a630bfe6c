/** Removes one repeated character from the end of a text. `/x+$/` would begin again at each x, and take seconds for 100,000 in the middle. */
export function withoutTrailing(text: string, character: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === character) end--;
  return text.slice(0, end);
}

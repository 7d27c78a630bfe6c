/** The text without the characters at its end that are this one. `/x+$/` begins again at each x: 100,000 in the middle take seconds. */
export function withoutTrailing(text: string, character: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === character) end--;
  return text.slice(0, end);
}

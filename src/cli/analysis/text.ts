/** The longest line of output, in characters. */
export const WIDTH = 100;

/** A text of at most this width. A longer text loses its middle, because names differ at both ends. */
export function cut(text: string, width: number): string {
  if (text.length <= width) return text;
  const end = Math.floor((width - 1) / 2);
  return `${text.slice(0, width - 1 - end)}…${end === 0 ? '' : text.slice(-end)}`;
}

/** `2 to 3`, or `2` when both are the same. */
export function rangeText({ at_least, at_most }: { readonly at_least: number; readonly at_most: number }): string {
  return at_least === at_most ? String(at_least) : `${at_least} to ${at_most}`;
}

/** The label of an amount of a group: `VCPU`, or `_GPU.VGPU` for the group with the suffix `_GPU`. */
export function amountName(condition: string): string {
  return condition.replace(/^resources\.?/, '');
}

/**
 * Renders rows with a name, a number and more text. Names are cut so that a line is no longer than {@link WIDTH}. Numbers are never cut.
 *
 * @param gap the least number of blanks between the names and the numbers
 */
export function numberTable(
  head: readonly [name: string, number: string, more?: string],
  rows: readonly (readonly [name: string, number: string, more?: readonly string[]])[],
  gap: number,
): string[] {
  const numbers = Math.max(head[1].length, ...rows.map(([, number]) => number.length));
  const most = head[2] === undefined ? WIDTH - 2 - gap - numbers : MOST_BEFORE_MORE;
  const names = Math.min(most, Math.max(head[0].length, ...rows.map(([name]) => name.length)));
  const rest = WIDTH - 2 - names - gap - numbers - 2;
  const line = (name: string, number: string, more: string): string =>
    `  ${cut(name, names).padEnd(names + gap)}${number.padStart(numbers)}${more === '' ? '' : `  ${more}`}`;
  return [
    line(head[0], head[1], head[2] ?? ''),
    ...rows.map(([name, number, more = []]) => line(name, number, listText(more, rest))),
  ];
}

/** The width of names on lines with more text after the number. */
const MOST_BEFORE_MORE = 48;

/** Items with commas between them, and the number of items that are left out. */
function listText(items: readonly string[], width: number): string {
  for (let shown = items.length; shown > 0; shown--) {
    const left = items.length - shown;
    const text = items.slice(0, shown).join(', ') + (left === 0 ? '' : ` and ${left} more`);
    if (text.length <= width) return text;
    if (shown === 1) return cut(text, width);
  }
  return '';
}

import type { ExplainDocument } from '../../explain/document.js';
import type { ShownReason } from '../../explain/shown-reason.js';
import { cut, WIDTH } from './text.js';

const MOST_NAME = 30;
const MOST_PROVIDER = 24;

/** The nearest trees with their reasons, wrapped between reasons. */
export function nearestLines({ nearest }: ExplainDocument): string[] {
  if (nearest.length === 0) return [];
  const width = Math.min(MOST_NAME, Math.max(...nearest.map(({ root }) => root.name.length)));
  const lines = nearest.flatMap(({ root, fits, reasons }) => {
    const texts = fits ? ['fits'] : reasons.map((reason) => reasonText(reason, root.name));
    return reasonLines(texts, WIDTH - width - 4).map((line, i) => {
      const name = i === 0 ? cut(root.name, width) : '';
      return `  ${name.padEnd(width)}  ${line}`;
    });
  });
  return ['Nearest:', ...lines];
}

function reasonText({ text, provider }: ShownReason, root: string): string {
  const short = withShortUuids(text);
  if (provider === undefined || provider.name === root) return short;
  // The part after a semicolon is about the tree.
  const [first = '', ...rest] = short.split('; ');
  return [`${first} at ${cut(provider.name, MOST_PROVIDER)}`, ...rest].join('; ');
}

/** Shortens UUIDs, because the table of conditions has the complete ones. */
function withShortUuids(text: string): string {
  return text.replace(/\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '$1-...');
}

function reasonLines(texts: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const [i, text] of texts.entries()) {
    const item = i === texts.length - 1 ? text : `${text};`;
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + item.length <= width) lines[lines.length - 1] = `${last} ${item}`;
    else lines.push(...brokenWords(item, width));
  }
  return lines;
}

function brokenWords(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(cut(word, width));
  }
  return lines;
}

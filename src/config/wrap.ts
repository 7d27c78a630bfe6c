const WIDTH = 100;

/** A paragraph as lines of at most 100 columns, each with the indentation in front. A longer word has a line of its own. */
export function wrapped(text: string, indentation: number | string = ''): string {
  const before = typeof indentation === 'string' ? indentation : ' '.repeat(indentation);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && before.length + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].map((one) => `${before}${one}\n`).join('');
}

import { say, type Command } from './command.js';
import { countLegacyRows } from './legacy-rows.js';

export const command: Command = {
  help:
    'Prints what is found in the form of upstream, for scripts that wait for it. The data is always complete: every provider\n' +
    'has a root, and every allocation a consumer, by constraints of the database.\n\n' +
    'Exit code: 0 nothing is left to do, 2 rows were found that no service wrote, 127 --max-count is no positive number.',
  async run({ config }, { values }) {
    const count = values.get('max-count');
    if (count !== undefined && !/^\+?0*[1-9]\d*$/.test(count)) {
      say('Must supply a positive value for max_count');
      return 127;
    }
    if (count === undefined) say('Running batches of 50 until complete');
    const { withoutRoot, withoutConsumer } = await countLegacyRows(config);
    const found = [
      ['set_root_provider_ids', withoutRoot],
      ['create_incomplete_consumers', withoutConsumer],
    ] as const;
    for (const [name, rows] of found) if (rows > 0) say(`${rows} rows matched query ${name}, 0 migrated`);
    say(
      table(
        ['Migration', 'Total Found', 'Completed'],
        found.map(([name, rows]) => [name, String(rows), '0']),
      ),
    );
    if (found.every(([, rows]) => rows === 0)) return 0;
    say('Some migrations failed unexpectedly. Check log for details.');
    return 2;
  },
};

/** Renders a table like PrettyTable of Python. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const rule = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+`;
  const line = (row: readonly string[]): string =>
    `|${row.map((cell, column) => ` ${centred(cell, widths[column] ?? 0)} `).join('|')}|`;
  return [rule, line(head), rule, ...rows.map(line), rule].join('\n');
}

function centred(text: string, width: number): string {
  const space = width - text.length;
  const odd = space % 2 === 1 && text.length % 2 === 0 ? 1 : 0;
  return text.padStart(text.length + Math.floor(space / 2) + odd).padEnd(width);
}

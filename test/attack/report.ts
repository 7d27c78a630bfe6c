import type { Outcome } from './campaign.js';

/** A table for people: what was tried, what happened, and how a client that behaves well was served meanwhile. */
export function table(outcomes: readonly Outcome[]): string {
  const rows = [
    ['attempt', 'tried', 'p50 ms', 'p99 ms', 'max ms', 'neighbour', 'what happened'],
    ...outcomes.map(({ name, tried, happened, served: { p50, p99, max, requests, failures } }) => {
      const failed = Object.entries(failures).map(([status, count]) => `${count} x ${status}`);
      const neighbour = `${requests} requests${failed.length === 0 ? '' : `, failed: ${failed.join(', ')}`}`;
      return [name, String(tried), String(p50), String(p99), String(max), neighbour, wordsOf(happened)];
    }),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function wordsOf(happened: ReadonlyMap<string, number>): string {
  const sorted = [...happened].sort(([, a], [, b]) => b - a);
  const shown = sorted.slice(0, 6).map(([what, count]) => `${count} x ${what}`);
  return shown.concat(sorted.length > 6 ? ['...'] : []).join(', ');
}

import type { ConsumerDocument, OrphansDocument } from '../../resources/orphans/render.js';
import { table } from '../lists/text.js';
import { cut } from '../analysis/text.js';

/** The most rows of a table. --json prints all. */
const MOST_ROWS = 100;

/** The text of `stockroom audit orphans`, without the deletions. @param olderThan in seconds */
export function orphansText(report: OrphansDocument, olderThan: number): string {
  const { judged, not_judged: not, counts, orphans, elsewhere, doubled } = report;
  const sections = [
    `Judged ${counted(judged, 'consumer')} (not judged: ${not.too_young} younger than ${durationText(olderThan)}, ` +
      `${not.other_type} of other types, ${not.other_classes} of other classes).`,
    counts.orphans === 0
      ? 'No orphans.'
      : `${counted(counts.orphans, 'orphan')} ${counts.orphans === 1 ? 'holds' : 'hold'} ${amountsText(report.held_by_orphans)}:`,
    ...rows(orphans, counts.orphans, 'project', ({ project_id }) => project_id),
    `${counts.elsewhere} elsewhere, ${counts.doubled} in two places, ` +
      `${counts.without_allocations} live ${counts.without_allocations === 1 ? 'one' : 'ones'} without allocations.`,
    ...withTitle(
      'Elsewhere, not where the list has them:',
      rows(elsewhere, counts.elsewhere, 'home', ({ home }) => home.name),
    ),
    ...withTitle(
      'In two places:',
      rows(doubled, counts.doubled, 'project', ({ project_id }) => project_id),
    ),
  ];
  return sections.join('\n\n');
}

function withTitle(title: string, section: readonly string[]): readonly string[] {
  return section.length === 0 ? [] : [title, ...section];
}

/** The table of a list, unless it is empty. */
function rows<T extends ConsumerDocument>(
  consumers: readonly T[],
  count: number,
  column: string,
  cell: (one: T) => string,
): readonly string[] {
  if (consumers.length === 0) return [];
  const shown = consumers.slice(0, MOST_ROWS).map((one) => {
    const written = one.last_written.slice(0, 16).replace('T', ' ');
    return [one.consumer, cut(cell(one), 36), written, holdsText(one)];
  });
  const lines = table(['consumer', column, 'last written', 'holds'], shown).split('\n');
  if (count > shown.length) lines.push(`and ${count - shown.length} more`);
  return [lines.map((line) => `  ${line}`).join('\n')];
}

/** `h1: 12 VCPU, 49152 MEMORY_MB; pool: 20 DISK_GB` */
function holdsText({ allocations, providers }: ConsumerDocument): string {
  return Object.entries(allocations)
    .map(([uuid, { resources }]) => `${cut(providers[uuid]?.name ?? uuid, 40)}: ${amountsText(resources)}`)
    .join('; ');
}

function amountsText(amounts: Readonly<Record<string, number>>): string {
  return Object.entries(amounts)
    .map(([name, amount]) => `${amount} ${name}`)
    .join(', ');
}

/** `1 orphan`, `2 orphans` */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function durationText(seconds: number): string {
  for (const [unit, length] of [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
  ] as const) {
    if (seconds >= length && seconds % length === 0) return `${seconds / length} ${unit}`;
  }
  return `${seconds} s`;
}

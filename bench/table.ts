import type { Figures, Measured } from './measure.js';

const HEAD = ['scenario', 'server', 'min', 'median', 'max', 'to reference', 'of bare'];

/** The figures as a table: requests per second, and what the service's median is of the others' in the same run. */
export function renderTable(all: readonly Measured[]): string {
  const rows = all.flatMap(({ scenario, service, reference, bare }) => [
    [scenario.name, 'service', ...cells(service), times(service, reference, scenario.aim), share(service, bare)],
    ...(reference === null ? [] : [['', 'reference', ...cells(reference), '', '']]),
    ...(bare === null ? [] : [['', 'bare node:http', ...cells(bare), '', '']]),
  ]);
  const widths = HEAD.map((_, column) => Math.max(...[HEAD, ...rows].map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('  ');
  return [line(HEAD), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
}

function cells({ min, median, max }: Figures): string[] {
  return [min, median, max].map((rate) => rate.toFixed(rate < 100 ? 1 : 0));
}

function times(service: Figures, reference: Figures | null, aim: number): string {
  return reference === null ? '' : `${(service.median / reference.median).toFixed(1)}x (aim ${aim}x)`;
}

function share(service: Figures, bare: Figures | null): string {
  return bare === null ? '' : `${((service.median / bare.median) * 100).toFixed(0)} %`;
}

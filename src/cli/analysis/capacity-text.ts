import type { CapacityDocument } from '../../capacity/document.js';
import { amountName, numberTable, rangeText } from './text.js';

/** The text of `stockroom capacity`. */
export function capacityText(document: CapacityDocument, by: 'aggregate' | 'tree' | null): string {
  const { limits, by_aggregate, by_tree, shared = [], complete } = document;
  const tables = [
    [limits.length, limitRows(limits)],
    [shared.length, sharedRows(shared)],
    [by === 'tree' ? 0 : by_aggregate.length, aggregateRows(by_aggregate)],
    [by === 'aggregate' ? 0 : by_tree.length, treeRows(by_tree)],
  ] as const;
  const lines = [headline(document)];
  for (const [rows, table] of tables) if (rows > 0) lines.push('', ...table);
  if (!complete) lines.push('', 'The work ended at its bound: these numbers are true, but might be closer.');
  return lines.join('\n');
}

/** `28 more fit, on 4 of 4 trees.   (32 if all room were in one place)` */
function headline({ count, trees, if_pooled }: CapacityDocument): string {
  const number = count.at_most === 0 ? 'None' : rangeText(count);
  const verb = count.at_most === 1 ? 'fits' : 'fit';
  const text = `${number} more ${verb}, on ${trees.fitting} of ${trees.relevant} trees.`;
  return if_pooled > count.at_most ? `${text}   (${if_pooled} if all room were in one place)` : text;
}

function limitRows(limits: CapacityDocument['limits']): string[] {
  const rows = limits.map(({ condition, trees }) => [amountName(condition), String(trees)] as const);
  return numberTable(['limited by', 'trees'], rows, 5);
}

function sharedRows(shared: NonNullable<CapacityDocument['shared']>): string[] {
  const rows = shared.map(({ provider, condition }) => [provider.name, '', [amountName(condition)]] as const);
  return numberTable(['full pool', '', 'of'], rows, 2);
}

function aggregateRows(aggregates: CapacityDocument['by_aggregate']): string[] {
  const rows = aggregates.map((one) => [one.aggregate, rangeText(one)] as const);
  return numberTable(['aggregate', 'fit'], rows, 8);
}

function treeRows(trees: CapacityDocument['by_tree']): string[] {
  const rows = trees.map((one) => [one.root.name, rangeText(one), one.limits.map(amountName)] as const);
  return numberTable(['tree', 'fit', 'limited by'], rows, 4);
}

import { createYieldPoint } from '../slices.js';

/** pg serialises an array of this many items in well below a millisecond. */
const SMALL = 1000;

export type Item = string | number | null | undefined;

export type Items = readonly Item[];

/**
 * A value for a parameter that is an array. A small array stays an array, which pg serialises. A large one becomes
 * PostgreSQL's text for it, made with pauses for the event loop (pg takes 100 ms for 200,000 texts).
 */
export function arrayText(items: Items): Items | Promise<string> {
  return items.length <= SMALL ? items : written(items);
}

/** Several columns of one statement. */
export async function arrayTexts(columns: readonly Items[]): Promise<(Items | string)[]> {
  const texts: (Items | string)[] = [];
  for (const column of columns) texts.push(column.length <= SMALL ? column : await written(column));
  return texts;
}

async function written(items: Items): Promise<string> {
  const pause = createYieldPoint();
  const parts: string[] = [];
  for (let start = 0; start < items.length; start += SMALL) {
    parts.push(
      items
        .slice(start, start + SMALL)
        .map(itemText)
        .join(','),
    );
    await pause();
  }
  return `{${parts.join(',')}}`;
}

function itemText(item: Item): string {
  if (item === null || item === undefined) return 'NULL';
  return typeof item === 'number' ? String(item) : `"${item.replace(/["\\]/g, '\\$&')}"`;
}

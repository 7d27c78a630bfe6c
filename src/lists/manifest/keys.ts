/** The keys of one list in its bucket, without the root of the bucket. */
export interface ListKeys {
  readonly manifest: string;
  readonly checksum: string;
  /** The key of a part, by its name. */
  data(name: string): string;
}

export interface ListPlace {
  /** The prefix of the job's destination. Slashes at its ends do not matter. */
  readonly prefix: string;
  /** The name of this service in lists. */
  readonly source: string;
  /** The id of the job. */
  readonly id: string;
  /** When the list is due; the path has its minute. */
  readonly due: Date;
}

/** Returns the keys of a list: `[prefix/]SOURCE/ID/2026-11-25T02-00Z/manifest.json` and `[prefix/]SOURCE/ID/data/NAME`. */
export function keysOf(place: ListPlace): ListKeys {
  return keysBelow(baseOf(place), place.due);
}

/** Returns `[prefix/]SOURCE/ID`. All keys of a job begin with it. */
export function baseOf({ prefix, source, id }: Omit<ListPlace, 'due'>): string {
  return [withoutOuterSlashes(prefix), source, id].filter((part) => part !== '').join('/');
}

/** The keys of a list. @param base the beginning of the keys, of {@link baseOf} */
export function keysBelow(base: string, due: Date): ListKeys {
  const minute = `${due.toISOString().slice(0, 13)}-${due.toISOString().slice(14, 16)}Z`;
  return {
    manifest: `${base}/${minute}/manifest.json`,
    checksum: `${base}/${minute}/manifest.checksum`,
    data: (name) => `${base}/data/${name}`,
  };
}

/** Removes the slashes at both ends of a prefix. */
export function withoutOuterSlashes(text: string): string {
  let [start, end] = [0, text.length];
  while (text[start] === '/') start++;
  while (end > start && text[end - 1] === '/') end--;
  return text.slice(start, end);
}

/** A key as a reader of the whole bucket sees it. */
export function withRoot(root: string, key: string): string {
  return root === '' ? key : `${root}/${key}`;
}

/** The name of a part, by its index from 0. */
export function partName(uuid: string, index: number, format: 'csv' | 'parquet'): string {
  return `${uuid}${index === 0 ? '' : `-${index}`}.${format === 'csv' ? 'csv.gz' : 'parquet'}`;
}

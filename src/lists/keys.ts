/** The keys of one list in its bucket, without the root of the bucket. */
export interface ListKeys {
  readonly manifest: string;
  readonly checksum: string;
  /** The key of a part, by its name. */
  data(name: string): string;
}

export interface ListPlace {
  /** Of the job's destination; slashes at its ends do not matter. */
  readonly prefix: string;
  /** The name of this service in lists. */
  readonly source: string;
  /** The id of the job. */
  readonly id: string;
  /** When the list is due; the path has its minute. */
  readonly due: Date;
}

/** Where a list goes: `[prefix/]SOURCE/ID/2026-11-25T02-00Z/manifest.json` and `[prefix/]SOURCE/ID/data/NAME`. */
export function keysOf({ prefix, source, id, due }: ListPlace): ListKeys {
  const base = [prefix.replace(/^\/+|\/+$/g, ''), source, id].filter((part) => part !== '').join('/');
  const minute = `${due.toISOString().slice(0, 13)}-${due.toISOString().slice(14, 16)}Z`;
  return {
    manifest: `${base}/${minute}/manifest.json`,
    checksum: `${base}/${minute}/manifest.checksum`,
    data: (name) => `${base}/data/${name}`,
  };
}

/** A key as a reader of the whole bucket sees it. */
export function withRoot(root: string, key: string): string {
  return root === '' ? key : `${root}/${key}`;
}

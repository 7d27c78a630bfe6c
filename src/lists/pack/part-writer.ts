import type { ListRow } from '../read/columns.js';

/** Packs rows into one part. */
export interface PartWriter {
  /** Resolves when the writer can take more rows. */
  add(rows: readonly ListRow[]): Promise<void>;
  /** Resolves when the file has all bytes of the part. */
  finish(): Promise<void>;
}

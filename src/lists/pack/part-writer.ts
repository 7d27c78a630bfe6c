import type { ListRow } from '../read/columns.js';

/** Packs rows into one part. */
export interface PartWriter {
  /** Resolves when more can be taken. */
  add(rows: readonly ListRow[]): Promise<void>;
  /** Afterwards the file has all bytes of the part. */
  finish(): Promise<void>;
}

import path from 'node:path';
import { partName } from '../manifest/keys.js';
import { createPartFile, type PartFile } from './part-file.js';
import type { PartWriter } from './part-writer.js';
import type { Column, ListRow } from '../read/columns.js';
import type { Part } from '../model.js';
import { csvWriter } from './write-csv.js';
import { parquetWriter } from './write-parquet.js';

/** The size of the largest part. Tests use smaller ones. */
export interface PartLimits {
  readonly rows: number;
  readonly bytes: number;
}

export interface PackOptions {
  readonly columns: readonly Column[];
  readonly format: 'csv' | 'parquet';
  /** The UUID of this list, or of this attempt. The names of parts begin with it. */
  readonly uuid: string;
  readonly folder: string;
  readonly limits: PartLimits;
}

/** Writes rows into parts, one part after the other. No part is empty. */
export interface Packer {
  add(rows: readonly ListRow[]): Promise<void>;
  /** Completes the last part and returns all of them. */
  finish(): Promise<readonly Part[]>;
}

interface OpenPart {
  readonly name: string;
  readonly path: string;
  readonly file: PartFile;
  readonly writer: PartWriter;
  rows: number;
  /** The most bytes that one call has added. */
  step: number;
}

export function createPacker({ columns, format, uuid, folder, limits }: PackOptions): Packer {
  const parts: Part[] = [];
  let part: OpenPart | null = null;

  async function begin(): Promise<OpenPart> {
    const name = partName(uuid, parts.length, format);
    const at = path.join(folder, name);
    const file = await createPartFile(at);
    const writer = format === 'csv' ? csvWriter(columns, file) : parquetWriter(columns, file);
    return { name, path: at, file, writer, rows: 0, step: 0 };
  }

  async function end({ name, path: at, file, writer, rows }: OpenPart): Promise<void> {
    part = null;
    await writer.finish();
    const digests = await file.finish();
    parts.push({ name, path: at, size: file.size, rows, ...digests });
  }

  return {
    async add(rows) {
      for (let from = 0; from < rows.length;) {
        part ??= await begin();
        const some = rows.slice(from, from + limits.rows - part.rows);
        const before = part.file.size;
        await part.writer.add(some);
        from += some.length;
        part.rows += some.length;
        part.step = Math.max(part.step, part.file.size - before);
        // The part ends here, because another step of this size might not fit.
        if (part.rows >= limits.rows || part.file.size + part.step >= limits.bytes) await end(part);
      }
    },
    async finish() {
      if (part !== null) await end(part);
      return parts;
    },
  };
}

import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Column, ListRow } from '../read/columns.js';
import type { PartFile } from './part-file.js';
import type { PartWriter } from './part-writer.js';

/** Returns the text of rows. Each value is in quotes, null is empty, and each line ends with LF. */
function csvText(columns: readonly Column[], rows: readonly ListRow[]): string {
  let text = '';
  for (const row of rows) {
    let separator = '';
    for (const [i, { type }] of columns.entries()) {
      const value = row[i];
      text += separator;
      if (value != null) text += `"${shown(value, type)}"`;
      separator = ',';
    }
    text += '\n';
  }
  return text;
}

function shown(value: string, type: Column['type']): string {
  switch (type) {
    case 'text':
      return value.includes('"') ? value.replaceAll('"', '""') : value;
    case 'time':
      return new Date(Number(value)).toISOString();
    // PostgreSQL writes 1e+15, and JSON has 1000000000000000.
    case 'double':
      return String(Number(value));
    case 'boolean':
    case 'int32':
    case 'int64':
      return value;
  }
}

/** Writes a part in CSV, as one gzip stream. Node.js compresses on its thread pool. */
export function csvWriter(columns: readonly Column[], file: PartFile): PartWriter {
  const gzip = createGzip();
  const done = pipeline(gzip, async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) await file.write(chunk);
  });
  // The call of `add` or `finish` that waits for `done` throws the error.
  done.catch(() => undefined);
  return {
    async add(rows) {
      if (!gzip.write(csvText(columns, rows))) await Promise.race([once(gzip, 'drain'), done]);
    },
    async finish() {
      gzip.end();
      await done;
    },
  };
}

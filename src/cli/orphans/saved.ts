import fs from 'node:fs/promises';
import { OperatorError } from '../../operator-error.js';
import type { ConsumersBody } from '../../resources/allocations/schema.js';
import type { ConsumerDocument } from '../../resources/orphans/render.js';

/**
 * The file that can undo a deletion. Each line is a body of POST /allocations for one consumer. It is not a body of PUT /allocations,
 * because that body does not have the id of the consumer.
 */

/** A file with the allocations that are about to be deleted. */
export interface SaveFile {
  /** Writes the allocations of consumers, and syncs the file. */
  save(consumers: readonly ConsumerDocument[]): Promise<void>;
  /** Closes the file, and removes it when it is empty. */
  close(): Promise<void>;
}

/**
 * Creates the file. It never overwrites an earlier one.
 *
 * @throws OperatorError when it exists or cannot be written
 */
export async function createSaveFile(file: string): Promise<SaveFile> {
  const handle = await fs.open(file, 'wx', 0o600).catch((error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new OperatorError(
      code === 'EEXIST'
        ? `--save ${file}: the file exists, and may be what undoes an earlier deletion. Choose another name.`
        : `--save ${file} cannot be written: ${message}.`,
    );
  });
  let isEmpty = true;
  return {
    async save(consumers) {
      if (consumers.length === 0) return;
      isEmpty = false;
      await handle.writeFile(consumers.map((one) => `${JSON.stringify(bodyOf(one))}\n`).join(''));
      await handle.sync();
    },
    async close() {
      await handle.close();
      if (isEmpty) await fs.rm(file);
    },
  };
}

function bodyOf({ consumer, allocations, project_id, user_id, type }: ConsumerDocument): ConsumersBody {
  const owner = { project_id, user_id, consumer_generation: null };
  return { [consumer]: { allocations, ...owner, ...(type === null ? {} : { consumer_type: type }) } };
}

/** The microversion for a saved body. From 1.38 on a consumer must have a type, and before it cannot have one. */
export function versionOf(body: ConsumersBody): string {
  return Object.values(body).some(({ consumer_type }) => consumer_type !== undefined) ? '1.39' : '1.37';
}

/** @throws OperatorError that names the line */
export async function readSaved(file: string): Promise<ConsumersBody[]> {
  const text = await fs.readFile(file, 'utf8').catch((error: unknown) => {
    throw new OperatorError(`--undo ${file} cannot be read: ${(error as Error).message}.`);
  });
  return text.split('\n').flatMap((line, at) => {
    if (line.trim() === '') return [];
    try {
      return [JSON.parse(line) as ConsumersBody];
    } catch {
      throw new OperatorError(`--undo ${file}, line ${at + 1}: expected JSON, as --save writes it.`);
    }
  });
}

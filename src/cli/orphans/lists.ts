import fs from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { OperatorError } from '../../operator-error.js';
import { isUuidLike } from '../../http/validate.js';

/** A list of consumers, as the command line names it. */
export interface ConsumerList {
  readonly entries: readonly { readonly consumer: string; readonly provider: string | null }[];
  /** The time of the list: the last change of the file, or the start of the command. */
  readonly takenAt: Date;
}

/** A list that cannot be read or parsed. */
class BadList extends OperatorError {}

/**
 * Reads a file with a UUID on each line, and the home after a comma. Ignores empty lines, and quotes as in CSV.
 *
 * @param flag the name of the flag, for the message
 * @param file the name of the file, or `-` for standard input
 * @throws OperatorError that names the line
 */
export async function readList(flag: string, file: string, now: Date): Promise<ConsumerList> {
  const { text, takenAt } = await readText(flag, file, now);
  const entries = text.split('\n').flatMap((line, at) => {
    const [consumer, provider] = columnsOf(line);
    if (consumer === '' && provider === '') return [];
    if (!isUuidLike(consumer)) {
      const got = JSON.stringify(line.slice(0, 100));
      throw new BadList(
        `--${flag} ${file}, line ${at + 1}: expected a UUID, or a UUID, a comma and the UUID or name of a provider, got ${got}.`,
      );
    }
    return [{ consumer, provider: provider === '' ? null : provider }];
  });
  return { entries, takenAt };
}

/** The text before and after the first comma, each without blanks and quotes around it. */
function columnsOf(line: string): [string, string] {
  const comma = line.includes(',') ? line.indexOf(',') : line.length;
  const plain = (text: string): string => text.trim().replace(/^"(.*)"$/, '$1');
  return [plain(line.slice(0, comma)), plain(line.slice(comma + 1))];
}

async function readText(flag: string, file: string, now: Date): Promise<{ text: string; takenAt: Date }> {
  try {
    if (file === '-') return { text: await readAll(process.stdin), takenAt: now };
    const { mtime } = await fs.stat(file);
    return { text: await fs.readFile(file, 'utf8'), takenAt: mtime };
  } catch (error) {
    throw new BadList(`--${flag} ${file} cannot be read: ${(error as Error).message}.`);
  }
}

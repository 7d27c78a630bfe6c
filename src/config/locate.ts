import fs from 'node:fs';
import path from 'node:path';
import { ConfigError } from './error.js';

/** Files and folders of configuration, in the order of reading. Later ones win. */
export interface LocatedFiles {
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

/** The files and folders that the command line names, in its order. */
export type Given = readonly { readonly kind: 'file' | 'folder'; readonly path: string }[];

/**
 * Returns the files that the command line names. When it names none, returns the files in the folder of OS_PLACEMENT_CONFIG_DIR. Without
 * this variable, returns the first placement.conf and the first folder placement.conf.d in the usual places, if these are searched.
 *
 * @throws ConfigError for a folder that cannot be read
 */
export function locateFiles(
  given: Given,
  { home, folder, search }: { home: string; folder: string | undefined; search: boolean },
): LocatedFiles {
  if (given.length > 0) {
    return {
      files: given.flatMap((one) => (one.kind === 'file' ? [one.path] : filesIn(one.path))),
      folders: given.filter((one) => one.kind === 'folder').map((one) => one.path),
    };
  }
  const chosen = folder?.trim() ?? '';
  if (chosen !== '') {
    const more = path.join(chosen, 'placement.conf.d');
    return { files: [path.join(chosen, 'placement.conf'), ...(isFolder(more) ? filesIn(more) : [])], folders: [] };
  }
  if (!search) return { files: [], folders: [] };
  const places = [path.join(home, '.placement'), home, '/etc/placement', '/etc'];
  const file = places.map((place) => path.join(place, 'placement.conf')).find((one) => fs.existsSync(one));
  const more = places.map((place) => path.join(place, 'placement.conf.d')).find(isFolder);
  return { files: [...(file === undefined ? [] : [file]), ...(more === undefined ? [] : filesIn(more))], folders: [] };
}

function filesIn(folder: string): string[] {
  try {
    const names = fs.readdirSync(folder).filter((name) => name.endsWith('.conf') && !name.startsWith('.'));
    return names.sort().map((name) => path.join(folder, name));
  } catch (error) {
    throw new ConfigError(`The configuration folder ${folder} cannot be read: ${(error as Error).message}`);
  }
}

function isFolder(name: string): boolean {
  return fs.statSync(name, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** @throws ConfigError for a file that cannot be read or is not a text */
export function textOf(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(fs.readFileSync(file));
  } catch (error) {
    throw new ConfigError(`The configuration file ${file} cannot be read: ${(error as Error).message}`);
  }
}

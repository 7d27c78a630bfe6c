import fs from 'node:fs';
import path from 'node:path';
import { PolicyFileError } from './problem.js';

/** The files of the policy ([oslo_policy] policy_file, policy_dirs). */
export interface PolicyFilesOptions {
  /** Empty for no file. */
  readonly policyFile: string;
  readonly policyDirs: readonly string[];
  /** The folders in which relative names are searched, in this order. */
  readonly searchPath: readonly string[];
}

/**
 * Returns the folders in which a relative name is searched: the given folders, then the folders of the configuration files, the last one
 * first. oslo.config also searches in ~/.placement, ~, /etc/placement and /etc. This service does not, because the policy would then depend
 * on the right of its user to enter the folder of an old installation (docs/adr/0007).
 */
export function policySearchPath(configFiles: readonly string[], configDirs: readonly string[] = []): string[] {
  return [
    ...configDirs.map((folder) => path.resolve(folder)),
    ...configFiles.map((file) => path.dirname(path.resolve(file))).reverse(),
  ];
}

/** A file, with a text that differs after each change of the file. */
export interface LocatedFile {
  readonly path: string;
  readonly state: string;
}

/**
 * Returns the existing files, in the order in which they override each other: the policy file, then the files of the folders.
 *
 * @throws PolicyFileError when a file or folder exists and cannot be read, or when the service cannot check whether it exists
 */
export function locatePolicyFiles({ policyFile, policyDirs, searchPath }: PolicyFilesOptions): LocatedFile[] {
  const find = (name: string): string | undefined =>
    name === '' ? undefined : searchPath.map((folder) => path.resolve(folder, name)).find(isThere);
  // An absolute name needs no search, so it is found also with an empty search path.
  const locate = (name: string) => (path.isAbsolute(name) ? (isThere(name) ? name : undefined) : find(name));
  const main = locate(policyFile);
  const folders = policyDirs.map(locate).filter((folder) => folder !== undefined);
  const paths = [...(main === undefined ? [] : [main]), ...folders.flatMap(filesIn)];
  return paths.map((one) => ({ path: one, state: stateOf(one) }));
}

/** The text with which commands show the files. */
export function policyFilesText(files: readonly string[]): string {
  return files.length === 0 ? 'No policy file: the defaults are in force' : `Policy files: ${files.join(', ')}`;
}

/** Whether a file or folder exists. Throws when this user may not enter a folder, because rules in it would be left out silently otherwise. */
function isThere(name: string): boolean {
  try {
    return fs.statSync(name, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return false;
    throw new PolicyFileError(`cannot be looked for: ${(error as Error).message}`, name, { cause: error });
  }
}

/** Returns the files of a folder that are not hidden, sorted by name. It includes links to files, because Kubernetes mounts a ConfigMap as links. */
function filesIn(folder: string): string[] {
  let names: string[];
  try {
    names = fs.readdirSync(folder);
  } catch (error) {
    throw new PolicyFileError(`cannot be read: ${(error as Error).message}`, folder, { cause: error });
  }
  return names
    .filter((name) => !name.startsWith('.'))
    .sort()
    .map((name) => path.join(folder, name))
    .filter((file) => fs.statSync(file, { throwIfNoEntry: false })?.isFile() === true);
}

/** Returns a text that differs after any change of the file, not only for a newer time, because an older file may replace it. */
function stateOf(file: string): string {
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? '' : `${stat.mtimeMs}/${stat.ctimeMs}/${stat.size}/${stat.ino}`;
}

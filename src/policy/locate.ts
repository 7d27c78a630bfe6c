import fs from 'node:fs';
import path from 'node:path';
import { PolicyFileError } from './problem.js';

/** The files of the policy ([oslo_policy] policy_file, policy_dirs). */
export interface PolicyFilesOptions {
  /** Empty: no file. */
  readonly policyFile: string;
  readonly policyDirs: readonly string[];
  /** Where relative names are searched, in this order. */
  readonly searchPath: readonly string[];
}

/**
 * Where a relative name is searched: the folders given, then the folders of the configuration files, the last first. oslo.config
 * goes on in ~/.placement, ~, /etc/placement and /etc: there, what is in force would depend on who may enter the folder of an
 * old installation (docs/adr/0007).
 */
export function policySearchPath(configFiles: readonly string[], configDirs: readonly string[] = []): string[] {
  return [
    ...configDirs.map((folder) => path.resolve(folder)),
    ...configFiles.map((file) => path.dirname(path.resolve(file))).reverse(),
  ];
}

/** A file and what tells one state of it from the next. */
export interface LocatedFile {
  readonly path: string;
  readonly state: string;
}

/**
 * The files that are there, in the order in which they are laid over each other: the policy file, then those of the folders.
 *
 * @throws PolicyFileError when a file or folder is there and cannot be read, or when that cannot be found out
 */
export function locatePolicyFiles({ policyFile, policyDirs, searchPath }: PolicyFilesOptions): LocatedFile[] {
  const find = (name: string): string | undefined =>
    name === '' ? undefined : searchPath.map((folder) => path.resolve(folder, name)).find(isThere);
  // An absolute name is the same from everywhere, even when there is nowhere to search.
  const locate = (name: string) => (path.isAbsolute(name) ? (isThere(name) ? name : undefined) : find(name));
  const main = locate(policyFile);
  const folders = policyDirs.map(locate).filter((folder) => folder !== undefined);
  const paths = [...(main === undefined ? [] : [main]), ...folders.flatMap(filesIn)];
  return paths.map((one) => ({ path: one, state: stateOf(one) }));
}

/** The text about the files in commands. */
export function policyFilesText(files: readonly string[]): string {
  return files.length === 0 ? 'No policy file: the defaults are in force' : `Policy files: ${files.join(', ')}`;
}

/** A folder that this user may not enter is not the same as no file: rules in it would be left out silently. */
function isThere(name: string): boolean {
  try {
    return fs.statSync(name, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return false;
    throw new PolicyFileError(`cannot be looked for: ${(error as Error).message}`, name, { cause: error });
  }
}

/** Not hidden, sorted by name. Links to files count: that is how Kubernetes mounts a ConfigMap. */
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

/** Any change of it counts, not only a newer time: a file may be replaced by an older one. */
function stateOf(file: string): string {
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? '' : `${stat.mtimeMs}/${stat.ctimeMs}/${stat.size}/${stat.ino}`;
}

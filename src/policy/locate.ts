import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { PolicyFileError } from './problem.js';

/** Which files make up the policy ([oslo_policy] policy_file, policy_dirs). */
export interface PolicyFilesOptions {
  /** Empty: no file. */
  readonly policyFile: string;
  readonly policyDirs: readonly string[];
  /** Where relative names are searched, in this order. */
  readonly searchPath: readonly string[];
}

/**
 * As oslo.config searches: folders given, folders of the configuration files (the last first), then the usual places; nowhere
 * when there is no configuration file, because then this is no deployment that those places are meant for.
 */
export function policySearchPath(configFiles: readonly string[], configDirs: readonly string[] = []): string[] {
  if (configFiles.length + configDirs.length === 0) return [];
  const home = os.homedir();
  return [
    ...configDirs.map((folder) => path.resolve(folder)),
    ...configFiles.map((file) => path.dirname(path.resolve(file))).reverse(),
    path.join(home, '.placement'),
    home,
    '/etc/placement',
    '/etc',
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
 * @throws PolicyFileError when a folder cannot be read
 */
export function locatePolicyFiles({ policyFile, policyDirs, searchPath }: PolicyFilesOptions): LocatedFile[] {
  const find = (name: string): string | undefined =>
    name === ''
      ? undefined
      : searchPath.map((folder) => path.resolve(folder, name)).find((found) => fs.existsSync(found));
  // An absolute name is the same from everywhere, even when there is nowhere to search.
  const locate = (name: string) => (path.isAbsolute(name) ? (fs.existsSync(name) ? name : undefined) : find(name));
  const main = locate(policyFile);
  const folders = policyDirs.map(locate).filter((folder) => folder !== undefined);
  const paths = [...(main === undefined ? [] : [main]), ...folders.flatMap(filesIn)];
  return paths.map((one) => ({ path: one, state: stateOf(one) }));
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

import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { replaceText } from './files.js';
import { EmbeddedError } from './error.js';
import { run, succeeds, type Account } from './run.js';
import { USER } from './server.js';

/** The password of the superuser, in a file beside the cluster that only the service reads. */
export const PASSWORD_FILE = 'password';

/** Initialises the cluster beside its place and renames it when it is complete: an interrupted start leaves no half-made cluster. */
export function initialise(initdb: string, folder: string, cluster: string, account: Account | null): void {
  const unfinished = `${cluster}.new`;
  removeUnfinished(unfinished, account);
  const password = `${randomBytes(18).toString('base64url')}\n`;
  const passwordFile = path.join(folder, PASSWORD_FILE);
  replaceText(passwordFile, password, 0o600);
  const readable = account === null ? passwordFile : `${passwordFile}.initdb`;
  if (account !== null) {
    fs.mkdirSync(unfinished, { mode: 0o700 });
    fs.lchownSync(unfinished, account.uid, account.gid);
    lend(readable, password, account);
  }
  const options = ['--auth=scram-sha-256', `--username=${USER}`, `--pwfile=${readable}`];
  try {
    run(initdb, ['-D', unfinished, ...options, '--encoding=UTF8', '--locale=C'], account, folder);
  } catch (error) {
    throw new EmbeddedError(`The database could not be created in ${cluster}: ${(error as Error).message}`, {
      cause: error,
    });
  } finally {
    if (account !== null) fs.rmSync(readable);
  }
  fs.renameSync(unfinished, cluster);
}

/** A new file that the account can read. */
function lend(file: string, text: string, { uid, gid }: Account): void {
  fs.rmSync(file, { force: true });
  const handle = fs.openSync(file, 'wx', 0o600);
  try {
    fs.writeFileSync(handle, text);
    fs.fchownSync(handle, uid, gid);
  } finally {
    fs.closeSync(handle);
  }
}

/**
 * The account removes its own files, and root removes only the empty folder: with root's privileges, a removal by name could
 * follow a link that the account creates meanwhile.
 */
function removeUnfinished(unfinished: string, account: Account | null): void {
  const stat = fs.lstatSync(unfinished, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (account === null) fs.rmSync(unfinished, { recursive: true });
  else if (!stat.isDirectory()) fs.rmSync(unfinished);
  else {
    succeeds('rm', ['-rf', unfinished], account);
    fs.rmdirSync(unfinished);
  }
}

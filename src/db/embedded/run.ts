import { execFileSync } from 'node:child_process';

/** As whom the server runs when the service is root. Whatever this account can write, root must not trust. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
  /** All groups that somebody with this account may act as, `gid` included. */
  readonly groups: readonly number[];
}

/**
 * The environment of every program that is started for the embedded database. The service's own environment holds Keystone's
 * password and more, and the owner of a process can read its environment.
 */
export const ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin',
  LC_ALL: 'C',
};

/**
 * Runs a program to its end and returns what it prints.
 *
 * @param account as whom; null: as the service itself
 * @throws Error with what it printed to standard error, when it does not exit with 0
 */
export function run(program: string, args: readonly string[], account: Account | null, cwd = '/'): string {
  return execFileSync(program, args, {
    ...(account === null ? {} : { uid: account.uid, gid: account.gid }),
    cwd,
    env: ENVIRONMENT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Whether a program exits with 0. */
export function succeeds(program: string, args: readonly string[], account: Account | null): boolean {
  try {
    run(program, args, account);
    return true;
  } catch {
    return false;
  }
}

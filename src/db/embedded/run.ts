import { execFileSync } from 'node:child_process';
import { CHILD_ENVIRONMENT } from '../../ops/child-environment.js';

/** The account of the server when the service runs as root. Root must not trust what this account can write. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
  /** All groups that a process of this account may act as, `gid` included. */
  readonly groups: readonly number[];
}

/**
 * Runs a program to its end and returns its standard output.
 *
 * @param account as whom; null: as the service itself
 * @throws Error with what it printed to standard error, when it does not exit with 0
 */
export function run(program: string, args: readonly string[], account: Account | null, cwd = '/'): string {
  return execFileSync(program, args, {
    ...(account === null ? {} : { uid: account.uid, gid: account.gid }),
    cwd,
    env: CHILD_ENVIRONMENT,
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

import type { Logger } from 'pino';
import type { LoadedPolicy } from './load.js';
import type { LocatedFile } from './locate.js';
import { problemText } from './problem.js';

export interface WatchOptions {
  readonly locate: () => readonly LocatedFile[];
  readonly load: (files: readonly string[]) => LoadedPolicy;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Returns the time of a monotonic clock, in milliseconds. */
  readonly now?: () => number;
}

/** The shortest time between two checks of the files. */
const LOOK_EVERY_MS = 1000;

/**
 * Keeps a policy up to date with its files. Each call of the returned function checks the files, at most once a second. When the files
 * cannot be used, the rules stay as they were, and the error is logged once.
 *
 * @throws PolicyFileError when the files cannot be used at the beginning
 */
export function watchPolicy({ locate, load, log, now = () => performance.now() }: WatchOptions): () => LoadedPolicy {
  let files = locate();
  let policy = load(files.map((file) => file.path));
  let lookedAt = now();
  let failedWith = '';
  report('the policy is in force');

  return () => {
    const time = now();
    if (time - lookedAt < LOOK_EVERY_MS) return policy;
    lookedAt = time;
    try {
      const found = locate();
      if (sameFiles(found, files)) return policy;
      // `files` is set before `load`, so that files that cannot be used are not loaded again at each check.
      files = found;
      policy = load(files.map((file) => file.path));
      failedWith = '';
      report('the policy files have changed; the new policy is in force');
    } catch (error) {
      const reason = (error as Error).message;
      if (reason !== failedWith) log.error({ reason }, 'the policy files cannot be used; the rules stay as they were');
      failedWith = reason;
    }
    return policy;
  };

  function report(what: string): void {
    log.info({ files: files.map((file) => file.path) }, what);
    for (const problem of policy.problems) log.warn({ problem: problemText(problem) }, 'the policy has a problem');
  }
}

function sameFiles(some: readonly LocatedFile[], others: readonly LocatedFile[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ path, state }, index) => path === others[index]?.path && state === others[index].state)
  );
}

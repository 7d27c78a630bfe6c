import { execFileSync } from 'node:child_process';
import { EmbeddedError } from './problem.js';

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root, so for root it runs as the user `postgres`, who is created if need be. */
export function serverAccount(): Account | null {
  if (process.getuid?.() !== 0) return null;
  const id = (flag: '-u' | '-g'): number =>
    Number(execFileSync('id', [flag, 'postgres'], { stdio: ['ignore', 'pipe', 'ignore'] }));
  try {
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    try {
      execFileSync('useradd', ['--system', '--user-group', '--no-create-home', 'postgres'], { stdio: 'pipe' });
      return { uid: id('-u'), gid: id('-g') };
    } catch (error) {
      throw new EmbeddedError(
        'PostgreSQL does not run as root, and the system user "postgres" could not be created for it. Start the service as ' +
          'another user, or give it a PostgreSQL of your own with OS_PLACEMENT_DATABASE__CONNECTION.',
        { cause: error },
      );
    }
  }
}

export function checkFolder(folder: string, account: Account | null): void {
  if (account === null) return;
  try {
    execFileSync('test', ['-w', folder], { ...account, cwd: '/', stdio: 'ignore' });
  } catch (error) {
    throw new EmbeddedError(
      `The data folder ${folder} cannot be entered by the user "postgres", as whom the database runs because you are root. ` +
        'Choose another with --data-dir, for example /var/lib/stockroom.',
      { cause: error },
    );
  }
}

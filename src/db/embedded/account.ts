import { EmbeddedError } from './error.js';
import { run, type Account } from './run.js';

const NAME = 'postgres';

/** PostgreSQL does not run as root. A service of root runs it as the user `postgres`, and creates that user if it is missing. */
export function serverAccount(): Account | null {
  if (process.getuid?.() !== 0) return null;
  try {
    return lookUp();
  } catch {
    try {
      run('useradd', ['--system', '--user-group', '--no-create-home', NAME], null);
      return lookUp();
    } catch (error) {
      throw new EmbeddedError(
        'PostgreSQL does not run as root, and the system user "postgres" could not be created for it. Start the service as ' +
          'another user, or give it a PostgreSQL of your own with OS_PLACEMENT_DATABASE__CONNECTION.',
        { cause: error },
      );
    }
  }
}

function lookUp(): Account {
  const id = (flag: '-u' | '-g' | '-G'): number[] => run('id', [flag, NAME], null).trim().split(' ').map(Number);
  const [[uid = NaN], [gid = NaN], groups] = [id('-u'), id('-g'), id('-G')];
  return { uid, gid, groups };
}

import { readFile, stat } from 'node:fs/promises';
import type { Logger } from 'pino';
import { NO_SERVICE, type Identity } from '../../auth/identity.js';

/** The keys of `[stockroom] lists_s3_keys_file`. Each line is `ACCESS SECRET USER PROJECT ROLE,ROLE`. */
export interface KeysFile {
  /** Returns null for an access key that is not in the file. */
  find(accessKey: string): Promise<FileKey | null>;
}

export interface FileKey {
  readonly secret: string;
  readonly identity: Identity;
}

/** Reads the file again when it has changed. When the file cannot be read, the keys stay as they are, and the log gets a line. */
export function openKeysFile(path: string, log: Pick<Logger, 'info' | 'error'>): KeysFile {
  let keys: ReadonlyMap<string, FileKey> = new Map();
  let version = '';
  let problem = '';

  async function refresh(): Promise<void> {
    try {
      const { mtimeMs, size, ino } = await stat(path);
      const found = `${mtimeMs} ${size} ${ino}`;
      if (found === version) return;
      keys = parseKeys(await readFile(path, 'utf8'));
      version = found;
      problem = '';
      log.info({ file: path, keys: keys.size }, 'read the keys of the S3 dialect');
    } catch (error) {
      const { message } = error as Error;
      if (message !== problem) log.error({ file: path, reason: message }, 'the keys of the S3 dialect cannot be read');
      problem = message;
    }
  }

  return {
    async find(accessKey) {
      await refresh();
      return keys.get(accessKey) ?? null;
    },
  };
}

/** @throws Error that has the number of the line, and not its text */
function parseKeys(text: string): ReadonlyMap<string, FileKey> {
  const keys = new Map<string, FileKey>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.trim().startsWith('#')) continue;
    const [accessKey, secret, userId, projectId, roles, ...rest] = line.trim().split(/\s+/);
    if (accessKey === undefined || secret === undefined || userId === undefined || projectId === undefined) {
      throw new Error(`line ${index + 1} is not ACCESS SECRET USER PROJECT ROLE,ROLE`);
    }
    if (roles === undefined || rest.length > 0) {
      throw new Error(`line ${index + 1} is not ACCESS SECRET USER PROJECT ROLE,ROLE`);
    }
    if (keys.has(accessKey)) throw new Error(`line ${index + 1} has an access key that an earlier line has`);
    keys.set(accessKey, { secret, identity: identityOf(userId, projectId, roles.split(',').filter(Boolean)) });
  }
  return keys;
}

function identityOf(userId: string, projectId: string, roles: readonly string[]): Identity {
  return {
    userId,
    userDomainId: null,
    projectId,
    projectDomainId: null,
    domainId: null,
    systemScope: null,
    roles,
    isAdminProject: true,
    ...NO_SERVICE,
  };
}

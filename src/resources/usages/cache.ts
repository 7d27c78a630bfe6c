import { LRUCache } from 'lru-cache';
import type { Pool } from '../../db/pool.js';
import type { TopologyReader } from '../../topology/catch-up.js';
import type { View } from '../../topology/model.js';
import { readUsages, type Usage } from './store.js';

/**
 * Reads what the consumers of a project use, and of one user of it unless `user` is null.
 *
 * @throws ApiError 503 without a database
 */
export type ReadCachedUsages = (project: string, user: string | null) => Promise<readonly Usage[]>;

interface Remembered {
  readonly projectId: number;
  /** The version of the project in the view before the statement was sent; null before the project's key was known. */
  readonly version: object | null;
  /** A promise while the statement is under way. */
  readonly usages: readonly Usage[] | Promise<readonly Usage[]>;
  /** For the size: of a statement under way it is not known. */
  readonly rows: number;
}

/** The usages of some 50,000 projects, each of three classes. */
const MAX_ROWS = 200_000;
/** A key of so many characters takes about as much memory as a row. */
const CHARACTERS_A_ROW = 64;

/**
 * Reads usages, and remembers them until the journal notes the project (migration 20261127000014). A request first waits for
 * a view that has seen everything committed before it. While the project's version in that view is the one of the entry, no change
 * has come since the version was made, and the entry's statement was sent after that. For the same reason a request joins a
 * statement that is under way: with 16 requests at a time a project that changes all the time costs one statement a change.
 */
export function createUsagesReader(pool: Pool, topology: Pick<TopologyReader, 'current'>): ReadCachedUsages {
  // Another view is another load: the database may have been restored, and its keys may be others.
  const perView = new WeakMap<View, LRUCache<string, Remembered>>();

  function rememberedOf(view: View): LRUCache<string, Remembered> {
    let remembered = perView.get(view);
    if (remembered === undefined) {
      // A client may ask for very many users of a project, by names as long as it likes.
      remembered = new LRUCache({
        maxSize: MAX_ROWS,
        sizeCalculation: ({ rows }, key) => 1 + rows + Math.ceil(key.length / CHARACTERS_A_ROW),
      });
      perView.set(view, remembered);
    }
    return remembered;
  }

  return async (project, user) => {
    // PostgreSQL knows no such text, and nothing is called so.
    if (project.includes('\0') || user?.includes('\0') === true) return [];
    const view = await topology.current();
    const remembered = rememberedOf(view);
    const key = JSON.stringify([project, user]);
    const known = remembered.get(key);
    if (known === undefined) {
      const { projectId, usages } = await readUsages(pool, project, user);
      // A version would have to be older than the statement: the next request makes one.
      if (projectId !== null && !remembered.has(key))
        remembered.set(key, { projectId, version: null, usages, rows: usages.length });
      return usages;
    }
    const version = view.projectVersion(known.projectId);
    if (known.version === version) return known.usages;
    const usages = readUsages(pool, project, user).then((found) => found.usages);
    const pending = { ...known, version, usages, rows: 0 };
    remembered.set(key, pending);
    try {
      const found = await usages;
      if (remembered.peek(key) === pending) remembered.set(key, { ...pending, usages: found, rows: found.length });
      return found;
    } catch (error) {
      if (remembered.peek(key) === pending) remembered.delete(key);
      throw error;
    }
  };
}

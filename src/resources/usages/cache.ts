import { LRUCache } from 'lru-cache';
import type { Pool } from '../../db/pool.js';
import type { TopologyReader } from '../../topology/catch-up.js';
import type { View } from '../../topology/model.js';
import { readUsages, type Usage } from './store.js';

/**
 * Reads the usage of the consumers of a project. Reads only the consumers of one user unless `user` is null.
 *
 * @throws ApiError 503 without a database
 */
export type ReadCachedUsages = (project: string, user: string | null) => Promise<readonly Usage[]>;

interface Remembered {
  readonly projectId: number;
  /** The version of the project in the view before the statement was sent; null when the key of the project was not known then. */
  readonly version: object | null;
  /** A promise while the statement runs. */
  readonly usages: readonly Usage[] | Promise<readonly Usage[]>;
  /** The number of rows, for the size of the entry. 0 while the statement runs. */
  readonly rows: number;
}

/** Enough for the usages of some 50,000 projects with three classes each. */
const MAX_ROWS = 200_000;
/** A key of so many characters takes about as much memory as a row. */
const CHARACTERS_A_ROW = 64;

/**
 * Reads usages, and keeps them until the journal records a change of the project (migration 20261127000014). A request first waits for a
 * view that has seen everything committed before it. While the project has the version of the entry in that view, it has not changed since
 * the version was made. The statement of the entry was sent after that, so the entry is valid. For the same reason a request joins a
 * statement that is in progress: with 16 requests at a time, a project that changes all the time costs one statement for each change.
 */
export function createUsagesReader(pool: Pool, topology: Pick<TopologyReader, 'current'>): ReadCachedUsages {
  // A new view means that everything was loaded again. The database may have been restored, and may have other keys.
  const perView = new WeakMap<View, LRUCache<string, Remembered>>();

  function rememberedOf(view: View): LRUCache<string, Remembered> {
    let remembered = perView.get(view);
    if (remembered === undefined) {
      // The length of the key counts, because a client may ask for very many users with long names.
      remembered = new LRUCache({
        maxSize: MAX_ROWS,
        sizeCalculation: ({ rows }, key) => 1 + rows + Math.ceil(key.length / CHARACTERS_A_ROW),
      });
      perView.set(view, remembered);
    }
    return remembered;
  }

  return async (project, user) => {
    // PostgreSQL stores no text with NUL, so no project or user has such an id.
    if (project.includes('\0') || user?.includes('\0') === true) return [];
    const view = await topology.current();
    const remembered = rememberedOf(view);
    const key = JSON.stringify([project, user]);
    const known = remembered.get(key);
    if (known === undefined) {
      const { projectId, usages } = await readUsages(pool, project, user);
      // The version would have to be made before the statement was sent. So it is null here, and the next request gets one.
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

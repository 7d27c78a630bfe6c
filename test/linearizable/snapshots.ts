import { firstIndex } from './generations.js';

/** The generations of the same keys, seen at moments: of any two of them one is not older in any key. */
export interface Snapshots {
  /**
   * One that ended with the event of the number `at`.
   *
   * @returns one that is newer in one key and older in another, so that not both were seen at one moment each; null: there is none
   */
  add(generations: readonly number[], at: number): readonly number[] | null;
  /** No snapshot that began before the event with the number `at` is added from now on. */
  forget(at: number): void;
}

export function createSnapshots(): Snapshots {
  // Ascending by sum. Neighbours can be compared, hence all can: so a new one is compared with its neighbours only.
  let chain: { readonly sum: number; readonly generations: readonly number[]; readonly at: number }[] = [];

  return {
    add(generations, at) {
      const sum = generations.reduce((a, b) => a + b, 0);
      const index = firstIndex(chain, (one) => one.sum >= sum);
      const [older, newer] = [chain[index - 1], chain[index]];
      if (newer !== undefined && !isUpTo(generations, newer.generations)) return newer.generations;
      if (older !== undefined && !isUpTo(older.generations, generations)) return older.generations;
      if (newer?.sum !== sum) chain.splice(index, 0, { sum, generations, at });
      return null;
    },
    forget(at) {
      // What begins after one has ended is not older in any key: that is checked for each key.
      chain = chain.filter((one) => one.at >= at);
    },
  };
}

const isUpTo = (generations: readonly number[], others: readonly number[]): boolean =>
  generations.every((generation, key) => generation <= others[key]!);

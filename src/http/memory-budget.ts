/**
 * A bound on the bytes that a process holds for all its clients together. When there is no room left, the largest holder
 * that can do without makes room: a small request gets through while large ones compete.
 */
export interface MemoryBudget {
  /** Bytes that are held now. */
  used(): number;
  /**
   * @param giveUp frees the memory; the holding ends by itself. Is called at most once, perhaps during {@link Holding.add}
   * @param mayGiveUp whether it can do without now; always, unless given
   */
  enter(giveUp: () => void, mayGiveUp?: () => boolean): Holding;
}

export interface Holding {
  /**
   * Accounts for more bytes, fewer when negative. Returns false when there is no room for them: this holding has given up, or
   * all there are cannot.
   */
  add(bytes: number): boolean;
  /** From now on this holding cannot give up its memory. */
  keep(): void;
  /** The bytes are not in memory any more. Does nothing the second time. */
  leave(): void;
}

interface Holder {
  bytes: number;
  readonly giveUp: () => void;
  readonly mayGiveUp: () => boolean;
}

/**
 * @param limit in bytes
 * @param onFull is called whenever there is no room
 */
export function createMemoryBudget(limit: number, onFull: () => void = () => undefined): MemoryBudget {
  const holders = new Set<Holder>();
  const kept = new Set<Holder>();
  let used = 0;

  /** The scan over all holders is worth the bytes that the largest frees. */
  function largest(): Holder | null {
    let found: Holder | null = null;
    for (const one of holders) if ((found === null || one.bytes > found.bytes) && one.mayGiveUp()) found = one;
    return found;
  }

  function leave(holder: Holder): void {
    if (holders.delete(holder) || kept.delete(holder)) used -= holder.bytes;
  }

  return {
    used: () => used,
    enter(giveUp, mayGiveUp = () => true) {
      const holder: Holder = { bytes: 0, giveUp, mayGiveUp };
      holders.add(holder);
      return {
        add(bytes) {
          if (!holders.has(holder) && !kept.has(holder)) return false;
          holder.bytes += bytes;
          used += bytes;
          while (bytes > 0 && used > limit) {
            onFull();
            const one = largest();
            if (one === null) return false;
            leave(one);
            one.giveUp();
          }
          return holders.has(holder) || kept.has(holder);
        },
        keep() {
          if (holders.delete(holder)) kept.add(holder);
        },
        leave() {
          leave(holder);
        },
      };
    },
  };
}

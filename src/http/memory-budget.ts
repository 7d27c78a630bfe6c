/**
 * Limits the bytes that a process holds for all its clients together. When there is no room left, the largest holder that may give up
 * frees its memory, so small requests succeed while large ones compete.
 */
export interface MemoryBudget {
  /** Bytes that are held now. */
  used(): number;
  /**
   * @param giveUp frees the memory. The budget ends the holding and then calls this function, at most once, perhaps during {@link Holding.add}
   * @param mayGiveUp returns whether this holding may give up now; by default always
   */
  enter(giveUp: () => void, mayGiveUp?: () => boolean): Holding;
}

export interface Holding {
  /**
   * Accounts for more bytes, or for fewer when `bytes` is negative. Returns false when there is no room: either this holding has given up,
   * or no holding may give up.
   */
  add(bytes: number): boolean;
  /** From now on this holding cannot give up its memory. */
  keep(): void;
  /** Ends the holding: its bytes are not in memory any more. A second call does nothing. */
  leave(): void;
}

interface Holder {
  bytes: number;
  readonly giveUp: () => void;
  readonly mayGiveUp: () => boolean;
}

/**
 * @param limit in bytes
 * @param onFull the budget calls it each time there is no room
 */
export function createMemoryBudget(limit: number, onFull: () => void = () => undefined): MemoryBudget {
  const holders = new Set<Holder>();
  const kept = new Set<Holder>();
  let used = 0;

  /** Finds the largest holder that may give up. A scan over all holders is worth the bytes that the largest one frees. */
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

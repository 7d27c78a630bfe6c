/**
 * A snapshot of PostgreSQL, which states for every transaction whether its changes were visible. Unlike a sequence number or a time
 * stamp it cannot skip a transaction that started early and committed late.
 */

export interface PgSnapshot {
  /** All transactions below this one had finished. */
  readonly xmin: bigint;
  /** This transaction and all above it had not begun. */
  readonly xmax: bigint;
  /** The transactions between `xmin` and `xmax` that were still running. */
  readonly running: ReadonlySet<bigint>;
}

/** Parses the text form of pg_snapshot, `xmin:xmax:xid,xid,...`. */
export function parseSnapshot(text: string): PgSnapshot {
  const match = /^(\d+):(\d+):([\d,]*)$/.exec(text);
  if (match === null) throw new Error(`not a pg_snapshot: ${JSON.stringify(text)}`);
  const [, xmin = '', xmax = '', running = ''] = match;
  return {
    xmin: BigInt(xmin),
    xmax: BigInt(xmax),
    running: new Set(running === '' ? [] : running.split(',').map(BigInt)),
  };
}

/** Whether the changes of a (committed) transaction were visible; the same rule as pg_visible_in_snapshot. */
export function isVisible(xid: bigint, snapshot: PgSnapshot): boolean {
  return xid < snapshot.xmax && !snapshot.running.has(xid);
}

/**
 * Whether `newer` saw everything that `older` saw. False means that time went backwards: another server responds now, which was restored
 * from a backup, or was a standby that had not received everything.
 */
export function includes(newer: PgSnapshot, older: PgSnapshot): boolean {
  if (newer.xmin < older.xmin || newer.xmax < older.xmax) return false;
  for (const xid of newer.running) {
    if (isVisible(xid, older)) return false;
  }
  return true;
}

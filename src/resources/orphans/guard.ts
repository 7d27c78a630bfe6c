import { implausibleOrphans } from '../../errors.js';

/** So many orphans are plausible in any case. */
const FEW = 10;
/** A larger part of all judged consumers is not plausible. */
const PART = 0.05;

/** The most entries that the compute API returns unless a client asks for more. */
const ONE_PAGE = 1000;

export interface Found {
  /** The number of entries in the list of live consumers. */
  readonly live: number;
  readonly judged: number;
  readonly orphans: number;
  readonly expectAtMost: number | null;
}

/**
 * Rejects a result with too many orphans, because the list of live consumers may have been cut off
 * (docs/contract/audit-and-orphans.md#the-guard).
 *
 * @throws 409
 */
export function checkPlausible({ live, judged, orphans, expectAtMost }: Found): void {
  if (live === 0) throw implausibleOrphans('The list `live` is empty.');
  if (orphans <= FEW || orphans <= PART * judged) return;
  if (expectAtMost !== null && orphans <= expectAtMost) return;
  const page =
    live === ONE_PAGE
      ? ' The list has exactly 1,000 entries, which is what the compute API returns at most unless it is asked for more.'
      : '';
  throw implausibleOrphans(
    `${orphans} of ${judged} judged consumers would be orphans, with ${live} in the list \`live\`.${page} ` +
      `If that is right, say "expect_at_most": ${orphans}.`,
  );
}

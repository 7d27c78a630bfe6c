import type { AnomalyKind } from './checker.js';
import { createGenerations, firstIndex, type Generations } from './generations.js';
import type { Claim, SeenCounter } from './history.js';

/** What is known of one counter: its generations, and the sums of what was added and given back. */
export interface Counter {
  readonly generations: Generations;
  begin(claim: Claim): void;
  /** @param at the number of the event */
  done(claim: Claim, at: number): void;
  /** The claim has had no effect and never will. */
  failed(claim: Claim): void;
  /** @param begun the number of the event with which the read began */
  read(seen: SeenCounter, begun: number): void;
  /** No operation that began before the event with the number `at` is told of from now on. */
  forget(at: number): void;
}

interface Sums {
  claimed: number;
  returned: number;
}

/** @param anomaly is told what is wrong with the present event */
export function createCounter(anomaly: (kind: AnomalyKind, why: string) => void): Counter {
  const generations = createGenerations();
  const begun: Sums = { claimed: 0, returned: 0 };
  // What was acknowledged up to the event with the number `at`, ascending.
  let acknowledged: (Sums & { readonly at: number })[] = [{ at: -1, claimed: 0, returned: 0 }];

  const add = (sums: Sums, amount: number): void => {
    if (amount > 0) sums.claimed += amount;
    else sums.returned -= amount;
  };

  return {
    generations,
    begin({ amount }) {
      add(begun, amount);
    },
    done({ amount }, at) {
      const sums = { ...acknowledged.at(-1)!, at };
      add(sums, amount);
      acknowledged.push(sums);
    },
    failed({ amount }) {
      if (amount > 0) begun.claimed -= amount;
      else begun.returned += amount;
    },
    read({ used, capacity }, from) {
      if (used === undefined || capacity === undefined) return;
      if (used > capacity) anomaly('over-allocation', `${used} of ${capacity}`);
      const { claimed, returned } = acknowledged[firstIndex(acknowledged, ({ at }) => at >= from) - 1]!;
      const [least, most] = [claimed - begun.returned, begun.claimed - returned];
      if (used < least) anomaly('lost claim', `${used} in use, at least ${least} were acknowledged`);
      if (used > most) anomaly('usage from no claim', `${used} in use, at most ${most} were asked for`);
    },
    forget(at) {
      generations.forget(at);
      acknowledged = acknowledged.slice(firstIndex(acknowledged, (one) => one.at >= at) - 1);
    },
  };
}

/** The steps for trees that need a search: options that are examined, and providers that are tried. */
export interface Budget {
  spend(steps: number): void;
  left(): number;
  isSpent(): boolean;
  /** A search reached the end of its share. */
  giveUp(): void;
  /** Whether something is undecided because the steps were used up. */
  isIncomplete(): boolean;
}

export function createBudget(maxSteps: number): Budget {
  let left = maxSteps;
  let gaveUp = false;
  return {
    spend(steps) {
      left -= steps;
    },
    left: () => Math.max(left, 0),
    isSpent() {
      if (left <= 0) gaveUp = true;
      return left <= 0;
    },
    giveUp() {
      gaveUp = true;
    },
    isIncomplete: () => gaveUp,
  };
}

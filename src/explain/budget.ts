/** How much work trees with combinations may take: options that are looked at, and providers that are tried for a place. */
export interface Budget {
  spend(steps: number): void;
  left(): number;
  isSpent(): boolean;
  /** A search did not come to its end within its share. */
  giveUp(): void;
  /** Whether something was left undecided for want of steps. */
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

import type { Candidate } from '../candidates/candidate.js';
import type { ResourceAmount } from '../candidates/request.js';
import type { Provider } from '../topology/model.js';
import { freeOf } from './copies-of-options.js';

/** The amounts that one request takes from each provider, and the number of such requests. */
export interface HypotheticalClaim {
  readonly parts: readonly ClaimPart[];
  /** The id of the root of the tree that is the anchor of the candidate. */
  readonly rootId: number;
  readonly times: number;
}

interface ClaimPart {
  readonly providerId: number;
  readonly resources: readonly ResourceAmount[];
}

/** The providers after some claims. */
export interface Stock {
  /** Returns the provider with the amounts of the claims added to its usage. */
  now(provider: Provider): Provider;
  free(provider: Provider, classId: number): number;
  take(claim: HypotheticalClaim): void;
  giveBack(claim: HypotheticalClaim): void;
  /** How many more times a claim fits. */
  fits(claim: HypotheticalClaim): number;
  /** Returns how many more times a claim fits after it was taken once. */
  leaves(claim: HypotheticalClaim): number;
  /** Returns a text that is equal for equal stocks. */
  key(): string;
}

export function createStock(providers: Iterable<Provider>): Stock {
  const current = new Map<number, Provider>();
  for (const provider of providers) current.set(provider.id, provider);

  function change({ parts, times }: HypotheticalClaim, sign: 1 | -1): void {
    for (const { providerId, resources } of parts) {
      const provider = current.get(providerId);
      if (provider !== undefined) current.set(providerId, using(provider, resources, sign * times));
    }
  }

  function fits({ parts }: HypotheticalClaim): number {
    let least = Infinity;
    for (const { providerId, resources } of parts) {
      const provider = current.get(providerId);
      if (provider === undefined) return 0;
      for (const { resourceClass, amount } of resources) {
        least = Math.min(least, Math.floor(freeOf(provider, resourceClass.id) / amount));
      }
    }
    return least;
  }

  const now = (provider: Provider): Provider => current.get(provider.id) ?? provider;
  return {
    now,
    free: (provider, classId) => freeOf(now(provider), classId),
    take: (claim) => {
      change(claim, 1);
    },
    giveBack: (claim) => {
      change(claim, -1);
    },
    fits,
    leaves: (claim) => fits(claim) - 1,
    key: () => Array.from(current.values(), ({ inventories }) => inventories.map(({ used }) => used).join()).join(';'),
  };
}

function using(provider: Provider, resources: readonly ResourceAmount[], times: number): Provider {
  const inventories = provider.inventories.map((inventory) => {
    const wanted = resources.find(({ resourceClass }) => resourceClass.id === inventory.resourceClass.id);
    return wanted === undefined ? inventory : { ...inventory, used: inventory.used + wanted.amount * times };
  });
  return { ...provider, inventories };
}

export function claimOf({ allocations }: Candidate, rootId: number): HypotheticalClaim {
  const parts = allocations.map(({ provider, resources }) => ({ providerId: provider.id, resources }));
  return { parts, rootId, times: 1 };
}

/** Returns a text that is equal for claims that take the same amounts from the same providers. */
export function takesOf({ parts }: HypotheticalClaim): string {
  return parts
    .map(({ providerId, resources }) =>
      [providerId, ...resources.map(({ resourceClass, amount }) => `${resourceClass.id}:${amount}`)].join(),
    )
    .sort()
    .join(';');
}

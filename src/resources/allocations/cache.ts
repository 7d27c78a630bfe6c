import { LRUCache } from 'lru-cache';
import type { Pool } from '../../db/pool.js';
import type { Provider } from '../../topology/model.js';
import { withPauses } from '../../slices.js';
import { readProviderAllocations } from './store.js';
import { renderProviderAllocations } from './render.js';

/** The allocations of a provider, rendered for the response. */
export interface RenderedAllocations {
  readonly body: string;
  /** Seconds since the epoch of the newest allocation; null when there is none. */
  readonly modified: number | null;
}

/** Reads the allocations from a provider. Returns null when the provider was deleted. @throws 503 without a database */
export type ReadRenderedAllocations = (
  provider: Provider,
  showGenerations: boolean,
) => Promise<RenderedAllocations | null>;

/** The most characters of all kept bodies, which is enough for the allocations of some 300,000 consumers. */
const MAX_SIZE = 32 * 1024 * 1024;
const SIZE_OF_AN_ENTRY = 200;

/**
 * Reads the allocations from a provider of the present view, and keeps them for as long as the provider is the same object. The journal
 * records the provider when any data of the response changes (migration 20261121000004). So while the provider is the same object in the
 * view, there was no such change, and allocations that were read after the object was made are at least as new. Every compute node asks
 * for its own allocations once a minute. Returns null when the provider was deleted meanwhile.
 */
export function createAllocationsReader(pool: Pool): ReadRenderedAllocations {
  const remembered = new LRUCache<string, RenderedAllocations & { readonly provider: Provider }>({
    maxSize: MAX_SIZE,
    sizeCalculation: ({ body }) => body.length + SIZE_OF_AN_ENTRY,
  });
  return async (provider, showGenerations) => {
    const key = `${provider.id} ${showGenerations}`;
    const known = remembered.get(key);
    if (known?.provider === provider) return known;
    const found = await readProviderAllocations(pool, provider.uuid);
    if (found === null) return null;
    const body = await withPauses(renderProviderAllocations(found, showGenerations));
    const entry = { provider, body, modified: found.modified };
    remembered.set(key, entry);
    return entry;
  };
}

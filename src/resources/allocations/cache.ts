import { LRUCache } from 'lru-cache';
import type { Pool } from '../../db/pool.js';
import type { Provider } from '../../topology/model.js';
import { withPauses } from '../../slices.js';
import { readProviderAllocations } from './store.js';
import { renderProviderAllocations } from './render.js';

/** The allocations of a provider, as the response has them. */
export interface RenderedAllocations {
  readonly body: string;
  /** Seconds since the epoch of the newest allocation; null when there is none. */
  readonly modified: number | null;
}

/** Reads what is allocated from a provider; null when the provider has been deleted. @throws 503 without a database */
export type ReadRenderedAllocations = (
  provider: Provider,
  showGenerations: boolean,
) => Promise<RenderedAllocations | null>;

/** Characters of bodies that are remembered: the allocations of some 300,000 consumers. */
const MAX_SIZE = 32 * 1024 * 1024;
const SIZE_OF_AN_ENTRY = 200;

/**
 * Reads what is allocated from a provider of the present view, and remembers it while the provider lives. The journal notes
 * the provider whenever something changes that the response shows (migration 20261121000004), so a view in which it is still
 * the same object has seen no such change; what was read after that object was made is at least as new. Every compute node
 * asks for its own once a minute. null: the provider is gone by now.
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

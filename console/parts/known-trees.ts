import { useEffect, useState } from 'preact/hooks';
import type { Named, ProviderTree } from '../documents.js';
import { isAllowed, session } from '../session.js';
import { askOnce } from '../use-response.js';

/** Where a provider is. */
export interface Home {
  readonly root: Named;
  /** Whether the provider shares what it has: consumers of many trees have something of it. */
  readonly shares: boolean;
}

const SHARING_TRAIT = 'MISC_SHARES_VIA_AGGREGATE';

/** A consumer with more providers than these is shown without the trees of the others. */
const MOST_TREES = 20;

/** The trees of providers, by uuid, as far as they are known: one request for each tree, one after another. */
export function useHomes(uuids: readonly string[]): ReadonlyMap<string, Home> {
  const [homes, setHomes] = useState<ReadonlyMap<string, Home>>(new Map());
  useEffect(() => {
    const leaving = new AbortController();
    const { signal } = leaving;
    void (async () => {
      const known = new Map<string, Home>();
      let asked = 0;
      for (const uuid of uuids) {
        if (signal.aborted || asked === MOST_TREES || !isAllowed(session.get(), 'stockroom:overview')) break;
        if (known.has(uuid)) continue;
        asked += 1;
        // A provider that has been deleted has no tree.
        const tree = await askOnce<ProviderTree>(`/stockroom/providers/${encodeURIComponent(uuid)}`).catch(() => null);
        const root = tree?.providers.find((one) => one.parent_provider_uuid === null);
        if (tree === null || root === undefined) continue;
        for (const { uuid: member, traits } of tree.providers)
          known.set(member, { root, shares: traits.includes(SHARING_TRAIT) });
      }
      if (!signal.aborted) setHomes(known);
    })();
    return () => {
      leaving.abort();
    };
  }, [uuids.join()]);
  return homes;
}

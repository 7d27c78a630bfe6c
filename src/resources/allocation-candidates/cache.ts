import { LRUCache } from 'lru-cache';
import type { View } from '../../topology/model.js';

/**
 * Keeps the bodies of responses, which are valid until the view changes. A client that polls, or clients that ask for the same flavor, get
 * the bytes of the first response. Searching and rendering 1,000 candidates takes 1.4 ms, and sending them again 0.4 ms.
 */
export interface CandidatesCache {
  /** The body for a request of this key, if the view has not changed since it was kept. */
  get(view: View, key: string): Body | undefined;
  /** @param body a body that was made from the present view */
  keep(view: View, key: string, body: Body): void;
  /** The size of all kept bodies and keys, in bytes. */
  bytes(): number;
}

type Body = readonly Buffer[];

/** The most bytes of bodies and keys in each process. A body that is sent with its length has at most 1 MiB. */
const MAX_BYTES = 16 * 1024 * 1024;
/** The memory of an entry in addition to its key and its body. */
const ENTRY_BYTES = 300;

export function createCandidatesCache(maxBytes = MAX_BYTES): CandidatesCache {
  const bodies = new LRUCache<string, Body>({
    maxSize: maxBytes,
    // A Buffer may show only a part of its memory, so the whole memory counts.
    sizeCalculation: (body, key) =>
      ENTRY_BYTES + key.length + body.reduce((sum, { buffer }) => sum + buffer.byteLength, 0),
  });
  let version: object | null = null;

  return {
    get(view, key) {
      return view.version === version ? bodies.get(key) : undefined;
    },
    keep(view, key, body) {
      if (view.version !== version) {
        bodies.clear();
        version = view.version;
      }
      bodies.set(key, body);
    },
    bytes: () => bodies.calculatedSize,
  };
}

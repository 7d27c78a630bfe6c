import type { Provider, Tree, View } from '../topology/model.js';
import type { Pace, Pause } from './effort.js';
import type { Sharing } from './sharing.js';

/**
 * An index of the providers that meet some condition of the request. Every candidate has at least one of them, so their trees include all
 * anchors. The walk reads the index itself, so nothing is copied, and a search that has enough candidates stops early.
 */
export interface AnchorIndex {
  readonly parts: readonly ReadonlyMap<number, Provider>[];
  /** Whether a provider can be in two parts. */
  readonly overlapping: boolean;
  /** Whether the condition is on the root itself, so that the walk uses only the roots among the providers. */
  readonly rootsOnly: boolean;
}

export interface Walk {
  /** Returns the next tree; null at the end. */
  next(): Tree | Pause | null;
  /** Copies the rest of the index, so that the walk does not read the view any more. Returns the number of copied pointers. */
  readonly freeze: () => number;
}

const DONE: Iterator<Provider, void, void> = [].values();

/** The work in the units of effort.ts. The look-up of a tree is slow, because the map is larger than the caches of a processor. */
export const WORK_FOR_A_PROVIDER = 10;

/** Trees by id of the root, as they were when the search began. */
export interface Trees {
  get(rootId: number): Tree | undefined;
}

/** Walks the trees of the providers of a source, and the trees with which they share, each once. */
export function walkTrees(view: View, trees: Trees, source: AnchorIndex, sharing: Sharing, pace: Pace): Walk {
  const visited = new Set<number>();
  const repeats = source.overlapping || sharing.providers.size > 0;
  /** Aggregates whose members have been visited, so that a hundred pools that share with the same 100,000 hosts need one visit. */
  const expanded = new Set<string>();
  let membersOf = (aggregate: string): Iterator<Provider, void, void> =>
    view.providersInAggregate(aggregate)?.values() ?? DONE;
  let parts: readonly { values(): Iterator<Provider, void, void> }[] = source.parts;
  let nextPart = 0;
  let providers = DONE;
  /** The aggregates of the last sharing provider. The walk has still to visit those from `nextAggregate` on, and `neighbours`. */
  let aggregates: readonly string[] = [];
  let nextAggregate = 0;
  let neighbours = DONE;

  /** Returns null when the tree was visited before, or does not exist any more. */
  function visit(rootId: number): Tree | null {
    if (visited.has(rootId)) return null;
    visited.add(rootId);
    return trees.get(rootId) ?? null;
  }

  /** Returns the tree of a provider; null when the walk does not visit it. */
  function anchorOf(provider: Provider): Tree | null {
    if (source.rootsOnly) {
      if (provider.parentId !== null) return null;
    } else if (sharing.providers.has(provider.id)) {
      aggregates = provider.aggregates;
      nextAggregate = 0;
      return visit(provider.rootId);
    }
    if (repeats) return visit(provider.rootId);
    const tree = trees.get(provider.rootId) ?? null;
    // Each lone host occurs once, so 100,000 of them need not be in the set of visited trees.
    return tree === null || tree.members.length === 1 ? tree : visit(provider.rootId);
  }

  function next(): Tree | Pause | null {
    for (;;) {
      const neighbour = neighbours.next();
      if (neighbour.done !== true) {
        const tree = visit(neighbour.value.rootId);
        if (tree !== null) return tree;
        if (pace.isDue(WORK_FOR_A_PROVIDER)) return 'pause';
        continue;
      }
      const aggregate = aggregates[nextAggregate++];
      if (aggregate !== undefined) {
        if (expanded.has(aggregate)) continue;
        expanded.add(aggregate);
        neighbours = membersOf(aggregate);
        continue;
      }
      const provider = providers.next();
      if (provider.done !== true) {
        const tree = anchorOf(provider.value);
        if (tree !== null) return tree;
        if (pace.isDue(WORK_FOR_A_PROVIDER)) return 'pause';
        continue;
      }
      const part = parts[nextPart++];
      if (part === undefined) return null;
      providers = part.values();
    }
  }

  function freeze(): number {
    let copied = 0;
    const copy = (iterator: Iterator<Provider, void, void>): Provider[] => {
      const all = [...{ [Symbol.iterator]: () => iterator }];
      copied += all.length;
      return all;
    };
    providers = copy(providers).values();
    parts = parts.slice(nextPart).map((part) => copy(part.values()));
    nextPart = 0;
    neighbours = copy(neighbours).values();
    const members = new Map<string, Provider[]>();
    if (!source.rootsOnly) {
      for (const provider of sharing.providers.values()) {
        for (const uuid of provider.aggregates) {
          if (!expanded.has(uuid) && !members.has(uuid)) members.set(uuid, copy(membersOf(uuid)));
        }
      }
    }
    membersOf = (aggregate) => members.get(aggregate)?.values() ?? DONE;
    return copied;
  }

  return { next, freeze };
}

/** Walks only the tree of a provider. */
export function oneTree(view: View, uuid: string): Walk {
  const provider = view.providerByUuid(uuid);
  let tree = provider === undefined ? null : view.treeOf(provider);
  return {
    next() {
      const only = tree;
      tree = null;
      return only;
    },
    freeze: () => 0,
  };
}

import type { Pace, Pause } from '../candidates/effort.js';

/** A directed network with capacities. Nodes are numbered from 0. */
export interface Network {
  addNode(): number;
  /** Returns the number of the edge. */
  addEdge(from: number, to: number, capacity: number): number;
  /** The maximum flow from one node to another. Every path needs an edge with a finite capacity. */
  maxFlow(source: number, sink: number, pace: Pace): Generator<Pause, number, void>;
  /** After maxFlow: the nodes that are reachable from the source through edges with residual capacity. The edges out of them are a minimum cut. */
  reachable(source: number): ReadonlySet<number>;
}

/**
 * Dinic's algorithm. While the sink is reachable, it computes the distance of each node from the source, and sends flow along edges that
 * lead one step further. It needs at most as many rounds as there are nodes. The paths here are short, so it needs a few.
 */
export function createNetwork(): Network {
  /** For each node, the numbers of the edges that begin there. Edge e and its reverse e ^ 1 are added together. */
  const edgesOf: number[][] = [];
  const heads: number[] = [];
  /** The residual capacity of each edge. */
  const rest: number[] = [];

  function distances(source: number): Int32Array {
    const distance = new Int32Array(edgesOf.length).fill(-1);
    distance[source] = 0;
    const queue = [source];
    for (let at = 0; at < queue.length; at++) {
      const node = queue[at] ?? 0;
      for (const edge of edgesOf[node] ?? []) {
        const head = heads[edge] ?? 0;
        if ((rest[edge] ?? 0) <= 0 || distance[head] !== -1) continue;
        distance[head] = (distance[node] ?? 0) + 1;
        queue.push(head);
      }
    }
    return distance;
  }

  /** Sends as much flow as possible along shortest paths. It does not use recursion, because a path may contain all nodes. */
  function* blockingFlow(
    source: number,
    sink: number,
    distance: Int32Array,
    pace: Pace,
  ): Generator<Pause, number, void> {
    const nextEdge = new Int32Array(edgesOf.length);
    const path: number[] = [];
    let node = source;
    let sent = 0;
    for (;;) {
      if (pace.isDue(2)) yield 'pause';
      if (node === sink) {
        let least = Infinity;
        for (const edge of path) least = Math.min(least, rest[edge] ?? 0);
        let full = path.length;
        for (const [i, edge] of path.entries()) {
          rest[edge] = (rest[edge] ?? 0) - least;
          rest[edge ^ 1] = (rest[edge ^ 1] ?? 0) + least;
          if (rest[edge] === 0 && i < full) full = i;
        }
        sent += least;
        node = heads[(path[full] ?? 0) ^ 1] ?? source;
        path.length = full;
        continue;
      }
      const edges = edgesOf[node] ?? [];
      const at = nextEdge[node] ?? 0;
      const edge = edges[at];
      if (edge === undefined) {
        const back = path.pop();
        if (back === undefined) return sent;
        node = heads[back ^ 1] ?? source;
        nextEdge[node] = (nextEdge[node] ?? 0) + 1;
        continue;
      }
      const head = heads[edge] ?? 0;
      if ((rest[edge] ?? 0) > 0 && distance[head] === (distance[node] ?? 0) + 1) {
        path.push(edge);
        node = head;
      } else {
        nextEdge[node] = at + 1;
      }
    }
  }

  return {
    addNode: () => edgesOf.push([]) - 1,
    addEdge(from, to, capacity) {
      const edge = heads.push(to, from) - 2;
      rest.push(capacity, 0);
      edgesOf[from]?.push(edge);
      edgesOf[to]?.push(edge + 1);
      return edge;
    },
    *maxFlow(source, sink, pace) {
      let total = 0;
      for (;;) {
        if (pace.isDue(heads.length)) yield 'pause';
        const distance = distances(source);
        if (distance[sink] === -1) return total;
        total += yield* blockingFlow(source, sink, distance, pace);
      }
    },
    reachable(source) {
      const distance = distances(source);
      return new Set(edgesOf.flatMap((_, node) => (distance[node] === -1 ? [] : [node])));
    },
  };
}

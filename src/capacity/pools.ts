import type { Pace, Pause } from '../candidates/effort.js';
import type { Slot } from '../candidates/plan.js';
import type { Provider } from '../topology/model.js';
import { copiesOf } from './copies-of-options.js';
import { createNetwork } from './flow.js';
import type { TreeSurvey } from './tree-survey.js';

/** A provider that has no copies left for a slot. */
export interface FullPool {
  readonly provider: Provider;
  readonly slot: Slot;
}

export interface PoolFlow {
  /** The most requests that these two slots and the bounds of the trees allow. */
  readonly flow: number;
  /** The providers in a minimum cut. */
  readonly full: readonly FullPool[];
}

/**
 * Computes how many requests fit in trees that take from the same pools: the maximum flow from the providers of one slot through the
 * trees to the providers of another slot. The result is exact when the slots are independent and providers of the same tree serve every
 * other slot. Else it is an upper bound.
 *
 * @param second null when only one slot is served by pools
 * @param boundOf the most requests that a tree can take, without regard to the pools
 */
export function* poolFlow(
  surveys: readonly TreeSurvey[],
  first: Slot,
  second: Slot | null,
  boundOf: (survey: TreeSurvey) => number,
  pace: Pace,
): Generator<Pause, PoolFlow, void> {
  const network = createNetwork();
  const source = network.addNode();
  const sink = network.addNode();
  const gate = network.addNode();
  const inlets = new Map<Provider, number>();
  const outlets = new Map<Provider, number>();

  function inletOf(provider: Provider): number {
    let node = inlets.get(provider);
    if (node === undefined) {
      node = network.addNode();
      network.addEdge(source, node, copiesOf(provider, first.resources));
      inlets.set(provider, node);
    }
    return node;
  }

  function outletOf(provider: Provider, slot: Slot): number {
    let node = outlets.get(provider);
    if (node === undefined) {
      node = network.addNode();
      network.addEdge(node, sink, copiesOf(provider, slot.resources));
      outlets.set(provider, node);
    }
    return node;
  }

  if (second === null) network.addEdge(gate, sink, Infinity);
  for (const { bound, firsts, seconds } of merged(surveys, first, second, boundOf)) {
    if (pace.isDue(20 * (firsts.length + seconds.length + 1))) yield 'pause';
    const entry = network.addNode();
    const exit = network.addNode();
    network.addEdge(entry, exit, bound);
    for (const provider of firsts) network.addEdge(inletOf(provider), entry, Infinity);
    if (second === null) network.addEdge(exit, gate, Infinity);
    else for (const provider of seconds) network.addEdge(exit, outletOf(provider, second), Infinity);
  }
  const flow = yield* network.maxFlow(source, sink, pace);
  const reached = network.reachable(source);
  const full: FullPool[] = [];
  for (const [provider, node] of inlets) if (!reached.has(node)) full.push({ provider, slot: first });
  if (second !== null) {
    for (const [provider, node] of outlets) if (reached.has(node)) full.push({ provider, slot: second });
  }
  return { flow, full };
}

/** Trees that take from the same lists of providers. The network has one pair of nodes for them. */
interface Takers {
  bound: number;
  readonly firsts: readonly Provider[];
  readonly seconds: readonly Provider[];
}

/** Merges trees with the same lists. Surveys of trees without own options share the same list object. */
function merged(
  surveys: readonly TreeSurvey[],
  first: Slot,
  second: Slot | null,
  boundOf: (survey: TreeSurvey) => number,
): Takers[] {
  const all: Takers[] = [];
  const known = new Map<readonly Provider[], Map<readonly Provider[], Takers>>();
  for (const survey of surveys) {
    const firsts = survey.options[first.index] ?? NONE;
    const seconds = second === null ? NONE : (survey.options[second.index] ?? NONE);
    let some = known.get(firsts);
    if (some === undefined) known.set(firsts, (some = new Map<readonly Provider[], Takers>()));
    const takers = some.get(seconds);
    if (takers !== undefined) {
      takers.bound += boundOf(survey);
      continue;
    }
    const fresh = { bound: boundOf(survey), firsts, seconds };
    some.set(seconds, fresh);
    all.push(fresh);
  }
  return all;
}

const NONE: readonly Provider[] = [];

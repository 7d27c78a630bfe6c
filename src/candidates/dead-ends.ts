import { LRUCache } from 'lru-cache';
import type { Provider } from '../topology/model.js';
import { placesOf, type TreePosition } from './ancestry.js';
import { amountOf, contestedClasses, freeRoom } from './contested-classes.js';
import type { Anchor, Level } from './levels.js';
import type { Plan } from './plan.js';
import { traitMasks } from './constraints.js';
import type { Subtree } from './subtrees.js';

/**
 * States from which the search found no candidate. What can follow depends on what is left, and not on the path to it:
 * twenty ways to fill equal children, or to place equal groups, leave the same state, and the search tries one of them. Only
 * dead ends are merged like this; the search lists every candidate.
 *
 * Equal providers have equal descriptions: the description of a provider leaves out which one it is, and the descriptions of
 * siblings are sorted. A state also holds for other anchors of the request: of a thousand equal hosts, the search explores
 * one to the end.
 */
export interface DeadEnds {
  readonly known: () => boolean;
  /** To be called only when it is needed: it looks at every option. */
  at(levels: readonly Level[], anchor: Anchor): DeadEndsAtAnchor;
}

export interface DeadEndsAtAnchor {
  /** Describes what is left after the levels before `depth` are decided; null where a description costs more than it saves. */
  stateAt(depth: number): string | null;
  isDead(state: string): boolean;
  remember(state: string): void;
  /** What a description costs, in the units of effort.ts. */
  readonly work: number;
}

/** The most characters of all descriptions together. */
const MOST_CHARACTERS = 8 * 1024 * 1024;
const LONGEST_STATE = 16 * 1024;
/** Options of all levels together. */
const MOST_OPTIONS = 20_000;

const NOT_DESCRIBED: DeadEndsAtAnchor = {
  stateAt: () => null,
  isDead: () => false,
  remember: () => undefined,
  work: 0,
};

export function createDeadEnds(plan: Plan, subtrees: readonly Subtree[]): DeadEnds {
  let states: LRUCache<string, true> | null = null;
  const numbers = new Map<string, number>();
  const numberOf = (text: string): number => {
    let number = numbers.get(text);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(text, number);
    }
    return number;
  };
  const describer = describe(plan, subtrees, numberOf);
  return {
    known: () => states !== null && states.size > 0,
    at(levels, anchor) {
      let options = 0;
      for (const level of levels) options += level.options.length;
      if (options > MOST_OPTIONS) return NOT_DESCRIBED;
      const { stateAt, work } = describer(levels, anchor);
      return {
        stateAt,
        work,
        isDead: (state) => states?.get(state) === true,
        remember(state) {
          if (state.length > LONGEST_STATE) return;
          states ??= new LRUCache<string, true>({
            maxSize: MOST_CHARACTERS,
            sizeCalculation: (_, text) => text.length + 64,
          });
          states.set(state, true);
        },
      };
    },
  };
}

/** A provider that is an option somewhere. */
interface Node {
  readonly provider: Provider;
  /** What does not change in the search at an anchor, as a number. */
  readonly likeness: number;
  /** The depth of the last level that has it as an option. */
  readonly lastDepth: number;
  /** By position of the contested class. */
  readonly rooms: readonly number[];
  readonly taken: number[];
  isOccupied: boolean;
  marks: string;
  /** The nearest node above it; null without same_subtree, where it does not matter who is whose parent. */
  readonly above: Node | null;
  below: string[];
}

type Describer = (levels: readonly Level[], anchor: Anchor) => { stateAt: (depth: number) => string; work: number };

function describe(plan: Plan, subtrees: readonly Subtree[], numberOf: (text: string) => number): Describer {
  const classes = [...contestedClasses(plan)];
  const maskOf = traitMasks(plan.unsuffixed);
  const { groupPolicy, nested } = plan.request;

  return (levels, anchor) => {
    const nodes = nodesOf(levels, anchor);
    const order = numberOf(`order ${levels.map(({ slot }) => slot.index).join()}`);
    const demands = levels.map(({ slot }) => classes.map((id) => amountOf(slot.resources, id)));
    /** By depth and position of the class: what the levels from there on ask for. */
    const future: number[][] = [];
    for (let depth = levels.length; depth >= 0; depth--) {
      future[depth] = classes.map((_, c) => (future[depth + 1]?.[c] ?? 0) + (demands[depth]?.[c] ?? 0));
    }
    const listed = subtrees.map((subtree) => levels.map(({ slot }) => subtree.has(slot)));
    const ends = listed.map((isListed) => isListed.lastIndexOf(true));
    const all = [...nodes.values()].reverse();

    function stateAt(depth: number): string {
      let mask = 0n;
      for (const node of all) {
        node.taken.fill(0);
        node.isOccupied = false;
        node.marks = '';
        node.below = [];
      }
      for (let above = 0; above < depth; above++) {
        const level = levels[above];
        const node = level?.chosen == null ? undefined : nodes.get(level.chosen);
        if (level === undefined || node === undefined) continue;
        for (const [c, amount] of (demands[above] ?? []).entries()) node.taken[c] = (node.taken[c] ?? 0) + amount;
        if (level.slot.suffixed || !nested) node.isOccupied = true;
        if (maskOf !== null && !level.slot.suffixed) mask |= maskOf(node.provider.traits);
        for (const [s, isListed] of listed.entries()) {
          // A complete subtree adds nothing, and a mark that is set twice means the same.
          if (isListed[above] === true && (ends[s] ?? -1) >= depth && !node.marks.includes(`s${s};`))
            node.marks += `s${s};`;
        }
      }
      const top: string[] = [];
      for (const node of all) {
        const own = ownState(node, depth);
        if (node.below.length === 0 && own === '') continue;
        const text = node.below.length === 0 ? own : `${own}(${node.below.sort().join()})`;
        (node.above?.below ?? top).push(text);
      }
      return `${order}@${depth}/${mask}/${top.sort().join()}`;
    }

    /** Empty for a provider that no open level can use. */
    function ownState(node: Node, depth: number): string {
      const isOption = node.lastDepth >= depth;
      if (!isOption && node.marks === '' && (nested || !node.isOccupied)) return '';
      let text = `${node.likeness}`;
      if (isOption) {
        for (const [c, room] of node.rooms.entries())
          text += `:${Math.min(room - (node.taken[c] ?? 0), future[depth]?.[c] ?? 0)}`;
      }
      if (node.isOccupied && (groupPolicy === 'isolate' || !nested)) text += 'o';
      return text + node.marks;
    }

    return { stateAt, work: 20 * all.length + 5 * levels.length };
  };

  /** The nodes, a parent before its descendants. */
  function nodesOf(levels: readonly Level[], anchor: Anchor): Map<Provider, Node> {
    const depths = new Map<Provider, number[]>();
    for (const [depth, { options }] of levels.entries()) {
      for (const option of options) {
        const some = depths.get(option);
        if (some === undefined) depths.set(option, [depth]);
        else some.push(depth);
      }
    }
    const places = subtrees.length === 0 ? null : placesOf(anchor.tree);
    const placeOf = ({ id }: Provider): TreePosition | null => places?.get(id) ?? null;
    const sorted = [...depths].sort(([a], [b]) => (placeOf(a)?.first ?? 0) - (placeOf(b)?.first ?? 0));
    const nodes = new Map<Provider, Node>();
    const atPlace = new Map<TreePosition, Node>();
    for (const [provider, serves] of sorted) {
      // A provider of another tree is unique. Where a tree gives one provider, each provider is unique.
      const name = !nested || provider.rootId !== anchor.tree.rootId ? `#${provider.id}` : '';
      const mask = maskOf === null ? '' : maskOf(provider.traits).toString(36);
      const place = placeOf(provider);
      let up = place?.parent ?? null;
      while (up !== null && !atPlace.has(up)) up = up.parent;
      const node: Node = {
        provider,
        likeness: numberOf(`${serves.join()}/${mask}/${name}`),
        lastDepth: serves.at(-1) ?? -1,
        rooms: classes.map((id) => freeRoom(provider, id)),
        taken: classes.map(() => 0),
        isOccupied: false,
        marks: '',
        above: up === null ? null : (atPlace.get(up) ?? null),
        below: [],
      };
      nodes.set(provider, node);
      if (place !== null) atPlace.set(place, node);
    }
    return nodes;
  }
}

import { LRUCache } from 'lru-cache';
import type { Provider } from '../topology/model.js';
import { placesOf, type TreePosition } from './ancestry.js';
import { amountOf, contestedClasses, freeRoom } from './contested-classes.js';
import type { Anchor, Level } from './levels.js';
import type { Plan } from './plan.js';
import { traitMasks } from './constraints.js';
import type { Subtree } from './subtrees.js';

/**
 * States from which the search found no candidate. The rest of a search depends only on the state, and not on the path to it: twenty ways to
 * fill equal children, or to place equal groups, lead to the same state, and the search tries one of them. It skips only dead ends in this
 * way. It lists every candidate.
 *
 * Equal providers have equal descriptions: a description does not have the id of the provider, and the descriptions of siblings are sorted.
 * A state is also valid for other anchors of the request: of a thousand equal hosts, the search explores one completely.
 */
export interface DeadEnds {
  readonly known: () => boolean;
  /** Call it only when it is needed, because it examines every option. */
  at(levels: readonly Level[], anchor: Anchor): DeadEndsAtAnchor;
}

export interface DeadEndsAtAnchor {
  /** Describes the state after the levels before `depth` are decided. Null when a description takes more work than it saves. */
  stateAt(depth: number): string | null;
  isDead(state: string): boolean;
  remember(state: string): void;
  /** The work for a description, in the units of effort.ts. */
  readonly work: number;
}

/** The most characters of all descriptions together. */
const MOST_CHARACTERS = 8 * 1024 * 1024;
const LONGEST_STATE = 16 * 1024;
/** The most options of all levels together for which states are described. */
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

/** A provider that is an option of some level. */
interface Node {
  readonly provider: Provider;
  /** A number for the properties of the provider that do not change during the search at an anchor. */
  readonly likeness: number;
  /** The depth of the last level that has it as an option. */
  readonly lastDepth: number;
  /** The free amounts, by position of the contested class. */
  readonly rooms: readonly number[];
  readonly taken: number[];
  isOccupied: boolean;
  marks: string;
  /** The nearest node above it. Null without same_subtree, because parents do not matter then. */
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
    /** By depth and position of the class, the amounts that the levels from there on ask for. */
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
          // A subtree whose levels are all decided needs no mark, and a mark is set only once.
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

    /** Describes one provider. Returns an empty text when the provider does not affect the open levels. */
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

  /** Returns the nodes. Parents come before their descendants. */
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
      // The id is part of the description of a provider of another tree. It is part of all descriptions when a candidate has one provider of a tree.
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

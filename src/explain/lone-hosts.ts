import { inventoryOf, type Provider } from '../topology/model.js';
import { bit, NONE, type Evaluator, type Mask } from './evaluate.js';
import { MISFIT, misfitCode } from './misfit.js';

/**
 * Lone hosts with equal results for every condition. A host without children and without sharing providers must serve all slots by itself,
 * so the search has nothing to combine. Ten thousand hosts are usually a few dozen such kinds.
 */
export interface LoneKind {
  /** Conditions that the hosts fail, without the constraints between groups. */
  readonly fails: Mask;
  /** Constraints between groups that fail, because a host is only one provider. */
  readonly constraints: Mask;
  /** Whether the hosts have no inventory of a requested class. */
  readonly lacks: boolean;
  /** The bits of {@link MISFIT}, in the order of the conditions on resources. */
  readonly codes: readonly number[];
  readonly hosts: Provider[];
}

export interface LoneKinds {
  /** Adds a host, and returns its kind. */
  add(host: Provider): LoneKind;
  kinds(): readonly LoneKind[];
}

/** A code has six bits, so a double holds eight of them exactly. */
const CODES_IN_A_KEY = 8;
const KEY_BASE = 64;
/** A cloud that fits into memory has fewer different masks of traits, and fewer of aggregates. */
const MASKS = 2 ** 26;

interface Node {
  readonly next: Map<number, Node>;
  kind: LoneKind | null;
}

export function createLoneKinds({
  request,
  conditions,
  traitsOfHost,
  aggregatesOfHost,
  treeOfHost,
}: Evaluator): LoneKinds {
  const resources = conditions.flatMap((one, position) =>
    one.kind === 'resources' ? [{ position, classId: one.resourceClass.id, amount: one.amount }] : [],
  );
  const constraints = conditions.findIndex(({ kind }) => kind === 'group_policy');
  const hasTrees = request.groups.some(({ inTree }) => inTree !== null);
  const found: LoneKind[] = [];
  const root: Node = { next: new Map(), kind: null };
  const [traits, aggregates, trees] = [numbering(), numbering(), numbering()];
  const codes: number[] = resources.map(() => 0);

  function add(host: Provider): LoneKind {
    const ofTraits = traitsOfHost(host.traits);
    const ofAggregates = aggregatesOfHost(host.aggregates);
    const ofTree = treeOfHost(host);
    let node = stepTo(root, traits(ofTraits) * MASKS + aggregates(ofAggregates));
    if (hasTrees) node = stepTo(node, trees(ofTree));
    let key = 0;
    for (let i = 0; i < resources.length; i++) {
      const { classId, amount } = resources[i] as (typeof resources)[number];
      const code = misfitCode(inventoryOf(host, classId), amount);
      codes[i] = code;
      key = key * KEY_BASE + code;
      if (i % CODES_IN_A_KEY === CODES_IN_A_KEY - 1) {
        node = stepTo(node, key);
        key = 0;
      }
    }
    node = stepTo(node, key);
    node.kind ??= newKind(ofTraits | ofAggregates | ofTree);
    node.kind.hosts.push(host);
    return node.kind;
  }

  function newKind(others: Mask): LoneKind {
    let fails = others;
    for (const [i, { position }] of resources.entries()) if (codes[i] !== 0) fails |= bit(position);
    const kind: LoneKind = {
      fails,
      constraints: constraints === -1 ? NONE : bit(constraints),
      lacks: codes.some((code) => (code & MISFIT.lacking) !== 0),
      codes: [...codes],
      hosts: [],
    };
    found.push(kind);
    return kind;
  }

  return { add, kinds: () => found };
}

function stepTo(node: Node, key: number): Node {
  let next = node.next.get(key);
  if (next === undefined) {
    next = { next: new Map(), kind: null };
    node.next.set(key, next);
  }
  return next;
}

/** Numbers masks in the order of their first use. It remembers the last one, because neighbours are mostly alike. */
function numbering(): (mask: Mask) => number {
  const numbers = new Map<Mask, number>();
  let [lastMask, lastNumber] = [-1n, -1];
  return (mask) => {
    if (mask === lastMask) return lastNumber;
    let number = numbers.get(mask);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(mask, number);
    }
    [lastMask, lastNumber] = [mask, number];
    return number;
  };
}

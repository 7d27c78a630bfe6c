import { rootOf } from '../candidates/anchors.js';
import type { Pace, Pause } from '../candidates/effort.js';
import type { Slot } from '../candidates/plan.js';
import { sharingIn } from '../candidates/sharing.js';
import { inventoryOf, type Provider, type Tree, type View } from '../topology/model.js';
import type { Variant } from './variant.js';
import { NONE, type Evaluator } from './evaluate.js';
import { createLoneKinds, type LoneKind } from './lone-hosts.js';
import { evaluateTree, type EvaluatedTree } from './tree.js';

/** All trees of the cloud with their evaluation: lone hosts by kind, the other trees one by one. */
export interface Cloud {
  readonly total: number;
  readonly lone: readonly LoneKind[];
  readonly trees: readonly EvaluatedTree[];
  /** The trees of `roots`, by id of the root. */
  readonly wanted: ReadonlyMap<number, Wanted>;
  /** Returns the tree of a provider. The provider is in one of `trees`, or is a sharing provider. */
  readonly treeOf: (provider: Provider) => Tree;
}

export type Wanted = { readonly host: Provider; readonly kind: LoneKind } | { readonly tree: EvaluatedTree };

/** In the units of candidates/effort.ts. */
const WORK_FOR_A_HOST = 15;
const WORK_FOR_AN_INVENTORY = 4;
const WORK_FOR_AN_OPTION = 30;

/**
 * Evaluates all trees as they are now. It reads the view only before its first yield; trees are constants.
 *
 * @param roots ids of roots whose trees the explanation lists in any case
 */
export function* evaluateCloud(
  view: View,
  evaluator: Evaluator,
  roots: ReadonlySet<number>,
  pace: Pace,
): Generator<Pause, Cloud, void> {
  const all = [...view.trees.values()];
  const sharing = sharingIn(view, [sharerSlot(evaluator)]);
  const treesOfSharers = new Map(
    [...sharing.providers.values()].map((provider) => [provider.rootId, view.treeOf(provider)]),
  );
  const isLoneAllowed = !isContested(evaluator);
  const workForAHost = WORK_FOR_A_HOST + WORK_FOR_AN_INVENTORY * evaluator.conditions.length;
  const lone = createLoneKinds(evaluator);
  const trees: EvaluatedTree[] = [];
  const wanted = new Map<number, Wanted>();
  for (const tree of all) {
    const root = rootOf(tree);
    const sharers = sharing.reaching(tree);
    if (isLoneAllowed && tree.members.length === 1 && sharers.length === 0) {
      const kind = lone.add(root);
      if (roots.has(root.id)) wanted.set(root.id, { kind, host: root });
      if (pace.isDue(workForAHost)) yield 'pause';
      continue;
    }
    const options = (tree.members.length + sharers.length) * evaluator.slots.length;
    const evaluated = evaluateTree(
      evaluator,
      tree,
      root,
      sharers.map(({ provider }) => provider),
    );
    trees.push(evaluated);
    if (roots.has(root.id)) wanted.set(root.id, { tree: evaluated });
    if (pace.isDue(WORK_FOR_AN_OPTION * options)) yield 'pause';
  }
  return { total: all.length, lone: lone.kinds(), trees, wanted, treeOf: treeAmong(trees, treesOfSharers) };
}

/** Returns one slot for all sharing providers: a provider serves it when it has inventories of all classes of some slot, without regard to usage. */
function sharerSlot({ slots, conditions }: Evaluator): Slot {
  const classes = slots.map(({ resources }) =>
    resources.flatMap((position) => {
      const condition = conditions[position];
      return condition?.kind === 'resources' ? [condition.resourceClass.id] : [];
    }),
  );
  const serves = (provider: Provider): boolean =>
    classes.some((ids) => ids.every((id) => inventoryOf(provider, id) !== undefined));
  return {
    index: 0,
    group: 0,
    kind: 0,
    suffixed: false,
    resources: [],
    servesAtHome: serves,
    servesAbroad: serves,
  };
}

/** Whether several groups ask for the same class. Their amounts add up then, so single conditions do not decide whether a lone host fits. */
export function isContested({ conditions }: Evaluator): boolean {
  const classes = conditions.flatMap((one) => (one.kind === 'resources' ? [one.resourceClass.id] : []));
  return new Set(classes).size < classes.length;
}

function treeAmong(
  trees: readonly EvaluatedTree[],
  ofSharers: ReadonlyMap<number, Tree>,
): (provider: Provider) => Tree {
  let byRoot: Map<number, Tree> | null = null;
  return ({ rootId, uuid }) => {
    byRoot ??= new Map(trees.map(({ tree }) => [tree.rootId, tree]));
    const tree = ofSharers.get(rootId) ?? byRoot.get(rootId);
    if (tree === undefined) throw new Error(`provider ${uuid} is in no tree`);
    return tree;
  };
}

/** Whether the hosts of a kind fit. The variant must not have another amount, because that depends on the single host. */
export function loneFits({ fails, constraints, lacks }: LoneKind, variant: Variant): boolean {
  return (variant.withoutClasses || !lacks) && ((fails | constraints) & variant.active) === NONE;
}

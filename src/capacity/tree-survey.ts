import { rootCheck, rootOf } from '../candidates/anchors.js';
import { remember } from '../candidates/conditions.js';
import type { Pace, Pause } from '../candidates/effort.js';
import type { Plan, Slot } from '../candidates/plan.js';
import type { Sharing, Sharer } from '../candidates/sharing.js';
import type { Provider, Tree, View } from '../topology/model.js';

/** A tree in which every slot of the request has an option. */
export interface TreeSurvey {
  readonly tree: Tree;
  readonly root: Provider;
  /** Sharing providers of other trees that can serve a slot here. */
  readonly sharers: readonly Sharer[];
  /**
   * The providers with room for each slot in this tree, by index of the slot. Trees without own options that the same sharing providers
   * serve have the same list object.
   */
  readonly options: readonly (readonly Provider[])[];
  /** Whether a sharing provider is among the options, so that other trees may take from it as well. */
  readonly pooled: boolean;
}

/** In the units of effort.ts. */
const WORK_FOR_A_SLOT = 8;

const NO_SHARERS: readonly Sharer[] = [];

/** Lists the options of every tree. Leaves out trees that cannot be the anchor of a candidate. */
export function* surveyTrees(
  view: View,
  trees: readonly Tree[],
  plan: Plan,
  sharing: Sharing,
  pace: Pace,
): Generator<Pause, TreeSurvey[], void> {
  const { slots } = plan;
  const isAllowed = rootCheck(plan);
  const only = plan.unsuffixed?.inTree ?? null;
  const onlyRootId = only === null ? null : (view.providerByUuid(only)?.rootId ?? -1);
  const optionsAt = optionLists(slots, sharing);
  const position = plan.request.groups.findIndex(({ suffix }) => suffix === '');
  const hasTraits = plan.conditions[position]?.requiredTraits ?? null;
  const surveys: TreeSurvey[] = [];
  for (const tree of trees) {
    if (pace.isDue(WORK_FOR_A_SLOT * slots.length * tree.members.length)) yield 'pause';
    if (onlyRootId !== null && tree.rootId !== onlyRootId) continue;
    const root = rootOf(tree);
    if (!isAllowed(root)) continue;
    const survey = optionsAt(tree, root);
    if (survey === null) continue;
    // When there is only one provider, it must have all required traits itself.
    const isAlone = tree.members.length === 1 && survey.sharers.length === 0;
    if (isAlone && hasTraits !== null && !hasTraits(root.traits)) continue;
    surveys.push(survey);
  }
  return surveys;
}

/** Returns a function that makes the survey of a tree. It returns null when a slot has no option there. */
function optionLists(slots: readonly Slot[], sharing: Sharing): (tree: Tree, root: Provider) => TreeSurvey | null {
  /** By list of aggregates. The sharing providers of a lone host depend only on its aggregates, and thousands of hosts have the same list. */
  const ofLoneHosts = new Map<readonly string[], readonly Sharer[]>();
  const abroad = new Map<string, readonly Provider[]>();
  const served = remember((sharers: readonly Sharer[]) =>
    slots.map((slot) => {
      const options = sharers.filter((sharer) => sharer.serves(slot)).map(({ provider }) => provider);
      const key = options.map(({ id }) => id).join();
      const known = abroad.get(key);
      if (known === undefined) abroad.set(key, options);
      return known ?? options;
    }),
  );

  function sharersAt(tree: Tree, root: Provider): readonly Sharer[] {
    if (sharing.providers.size === 0) return NO_SHARERS;
    if (tree.members.length > 1 || sharing.providers.has(root.id)) return sharing.reaching(tree);
    let sharers = ofLoneHosts.get(root.aggregates);
    if (sharers === undefined) {
      sharers = sharing.reaching(tree);
      ofLoneHosts.set(root.aggregates, sharers);
    }
    return sharers;
  }

  return (tree, root) => {
    const sharers = sharersAt(tree, root);
    const fromAbroad = sharers.length === 0 ? null : served(sharers);
    const alone = tree.members.length === 1 ? tree.members : null;
    const options: (readonly Provider[])[] = [];
    let pooled = sharers.length > 0;
    for (const slot of slots) {
      const home =
        alone !== null
          ? slot.servesAtHome(root, root)
            ? alone
            : NONE
          : tree.members.filter((member) => slot.servesAtHome(member, root));
      const more = fromAbroad?.[slot.index] ?? NONE;
      if (home.length + more.length === 0) return null;
      options.push(more.length === 0 ? home : home.length === 0 ? more : [...home, ...more]);
      pooled ||= sharing.providers.size > 0 && home.some(({ id }) => sharing.providers.has(id));
    }
    return { tree, root, sharers, options, pooled };
  };
}

const NONE: readonly Provider[] = [];

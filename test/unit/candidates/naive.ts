import type { CandidatesRequest, Group } from '../../../src/candidates/request.js';
import type { Provider, Trait, View } from '../../../src/topology/model.js';

/**
 * Allocation candidates straight from the written rules: every choice of every group at every anchor, the full product of
 * them, and only then the rules about combinations. Slow and simple on purpose, and nothing of src/candidates runs here.
 */
export interface NaiveResponse {
  /** One text a candidate, see {@link candidateText}. */
  readonly candidates: ReadonlySet<string>;
  /** Names of the providers to summarise for a set of candidates. */
  summaries(candidates: Iterable<string>): Set<string>;
}

/** What identifies a candidate: the amounts of each provider, and the providers of each group. */
export function candidateText(
  amounts: ReadonlyMap<string, ReadonlyMap<string, number>>,
  mappings: ReadonlyMap<string, readonly string[]>,
): string {
  const sorted = <Value>(map: ReadonlyMap<string, Value>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([
    sorted(amounts).map(([provider, classes]) => [provider, sorted(classes)]),
    sorted(mappings).map(([suffix, providers]) => [suffix, [...providers].sort()]),
  ]);
}

/** One way to satisfy one group: the provider of each class, or of none for a resourceless group. */
interface Choice {
  readonly group: Group;
  readonly parts: readonly { provider: Provider; className: string | null; amount: number }[];
}

export function naiveCandidates(view: View, request: CandidatesRequest): NaiveResponse {
  const all = [...view.providers.values()];
  const candidates = new Set<string>();
  for (const root of all.filter((provider) => provider.parentId === null)) {
    for (const { amounts, combination } of naiveAt(view, request, root)) {
      const mappings = new Map(
        combination.map(({ group, parts }) => [group.suffix, [...new Set(parts.map((part) => part.provider.name))]]),
      );
      candidates.add(candidateText(amounts, mappings));
    }
  }
  return { candidates, summaries: (kept) => summaryNames(view, all, request, kept) };
}

/** Whether a root has a candidate of its own. An amount of 0 asks for an inventory, which may be full. */
export function naiveFits(view: View, request: CandidatesRequest, root: Provider): boolean {
  return naiveAt(view, request, root).next().done !== true;
}

function* naiveAt(view: View, request: CandidatesRequest, root: Provider) {
  const all = [...view.providers.values()];
  if (!rootIsRight(request, root)) return;
  const choices = request.groups.map((group) =>
    group.suffix === '' ? unsuffixedChoices(view, all, group, root) : suffixedChoices(view, all, group, root),
  );
  for (const combination of product(choices)) {
    if (!isolateHolds(request, combination)) continue;
    if (!subtreesHold(view, request, combination)) continue;
    if (!nestedHolds(request, combination)) continue;
    const amounts = sums(combination);
    if (amountsFit(view, amounts)) yield { amounts, combination };
  }
}

function rootIsRight({ rootRequired }: CandidatesRequest, root: Provider): boolean {
  if (rootRequired === null) return true;
  return rootRequired.required.every((t) => has(root, t)) && !rootRequired.forbidden.some((t) => has(root, t));
}

function has(provider: Provider, trait: Trait): boolean {
  return provider.traits.traits.some(({ name }) => name === trait.name);
}

function isSharing(provider: Provider): boolean {
  return provider.traits.traits.some(({ name }) => name === 'MISC_SHARES_VIA_AGGREGATE');
}

function canBeAnchored(all: readonly Provider[], provider: Provider, root: Provider): boolean {
  if (provider.rootId === root.id) return true;
  if (!isSharing(provider)) return false;
  const tree = all.filter(({ rootId }) => rootId === root.id);
  return tree.some((member) => member.aggregates.some((uuid) => provider.aggregates.includes(uuid)));
}

function hasRoomFor(provider: Provider, className: string, amount: number): boolean {
  const inventory = provider.inventories.find(({ resourceClass }) => resourceClass.name === className);
  if (inventory === undefined) return false;
  if (amount === 0) return true;
  const { total, reserved, allocationRatio, used, minUnit, maxUnit, stepSize } = inventory;
  if (used + amount > (total - reserved) * allocationRatio) return false;
  return amount >= minUnit && amount <= maxUnit && amount % stepSize === 0;
}

const isMember = (provider: Provider, memberOf: Group['memberOf']): boolean =>
  memberOf.every((anyOf) => anyOf.some((uuid) => provider.aggregates.includes(uuid)));

const isForbidden = (provider: Provider, uuids: readonly string[]): boolean =>
  uuids.some((uuid) => provider.aggregates.includes(uuid));

function suffixedChoices(view: View, all: readonly Provider[], group: Group, root: Provider): Choice[] {
  const resourceless = group.resources.length === 0;
  if (resourceless && group.requiredTraits.length === 0 && group.memberOf.length === 0) return [];
  const inTree = group.inTree === null ? null : view.providerByUuid(group.inTree);
  if (inTree === undefined) return [];
  return all
    .filter((p) => canBeAnchored(all, p, root))
    .filter((p) => group.resources.every(({ resourceClass, amount }) => hasRoomFor(p, resourceClass.name, amount)))
    .filter((p) => group.requiredTraits.every((anyOf) => anyOf.some((trait) => has(p, trait))))
    .filter((p) => !group.forbiddenTraits.some((trait) => has(p, trait)))
    .filter((p) => isMember(p, group.memberOf) && !isForbidden(p, group.forbiddenAggregates))
    .filter((p) => inTree === null || resourceless || p.rootId === inTree.rootId)
    .map((provider) => ({
      group,
      parts: resourceless
        ? [{ provider, className: null, amount: 0 }]
        : group.resources.map(({ resourceClass, amount }) => ({ provider, className: resourceClass.name, amount })),
    }));
}

function unsuffixedChoices(view: View, all: readonly Provider[], group: Group, root: Provider): Choice[] {
  if (group.inTree !== null && view.providerByUuid(group.inTree)?.rootId !== root.id) return [];
  if (isForbidden(root, group.forbiddenAggregates)) return [];
  const within = all.filter((p) => p.rootId === root.id || (group.inTree === null && canBeAnchored(all, p, root)));
  const picks = group.resources.map(({ resourceClass, amount }) =>
    within
      .filter((provider) => hasRoomFor(provider, resourceClass.name, amount))
      .map((provider) => ({ provider, className: resourceClass.name, amount })),
  );
  return product(picks)
    .filter((parts) =>
      group.requiredTraits.every((anyOf) => parts.some(({ provider }) => anyOf.some((t) => has(provider, t)))),
    )
    .filter((parts) => !parts.some(({ provider }) => group.forbiddenTraits.some((trait) => has(provider, trait))))
    .filter((parts) => !parts.some(({ provider }) => isForbidden(provider, group.forbiddenAggregates)))
    .filter((parts) =>
      parts.every(
        ({ provider }) =>
          isMember(provider, group.memberOf) || (provider.rootId === root.id && isMember(root, group.memberOf)),
      ),
    )
    .map((parts) => ({ group, parts }));
}

function product<Item>(lists: readonly (readonly Item[])[]): Item[][] {
  return lists.reduce<Item[][]>((heads, list) => heads.flatMap((head) => list.map((item) => [...head, item])), [[]]);
}

function isolateHolds(request: CandidatesRequest, combination: readonly Choice[]): boolean {
  if (request.groupPolicy !== 'isolate') return true;
  const suffixed = combination.filter(({ group }) => group.suffix !== '');
  return new Set(suffixed.map(({ parts }) => parts[0]?.provider)).size === suffixed.length;
}

function subtreesHold(view: View, request: CandidatesRequest, combination: readonly Choice[]): boolean {
  return request.sameSubtrees.every((suffixes) => {
    const providers = combination
      .filter(({ group }) => suffixes.includes(group.suffix))
      .flatMap(({ parts }) => parts.map((part) => part.provider));
    return providers.some((top) => providers.every((provider) => lineage(view, provider).includes(top)));
  });
}

function lineage(view: View, provider: Provider): Provider[] {
  const parent = provider.parentId === null ? undefined : view.providers.get(provider.parentId);
  return parent === undefined ? [provider] : [provider, ...lineage(view, parent)];
}

function nestedHolds(request: CandidatesRequest, combination: readonly Choice[]): boolean {
  if (request.nested) return true;
  const used = new Set(combination.flatMap(({ parts }) => parts.map((part) => part.provider)));
  return new Set([...used].map(({ rootId }) => rootId)).size === used.size;
}

function sums(combination: readonly Choice[]): Map<string, Map<string, number>> {
  const amounts = new Map<string, Map<string, number>>();
  for (const { provider, className, amount } of combination.flatMap(({ parts }) => parts)) {
    if (className === null || amount === 0) continue;
    const classes = amounts.get(provider.name) ?? new Map<string, number>();
    classes.set(className, (classes.get(className) ?? 0) + amount);
    amounts.set(provider.name, classes);
  }
  return amounts;
}

function amountsFit(view: View, amounts: ReadonlyMap<string, ReadonlyMap<string, number>>): boolean {
  for (const [name, classes] of amounts) {
    for (const [className, amount] of classes) {
      const inventories = view.providerByName(name)?.inventories ?? [];
      const inventory = inventories.find(({ resourceClass }) => resourceClass.name === className);
      if (inventory === undefined) return false;
      const capacity = Math.trunc((inventory.total - inventory.reserved) * inventory.allocationRatio);
      if (amount > capacity - inventory.used || amount > inventory.maxUnit) return false;
    }
  }
  return true;
}

function summaryNames(
  view: View,
  all: readonly Provider[],
  request: CandidatesRequest,
  kept: Iterable<string>,
): Set<string> {
  const names = new Set<string>();
  for (const text of kept) {
    const [allocations] = JSON.parse(text) as [[string, unknown][]];
    for (const [name] of allocations) {
      const rootId = view.providerByName(name)?.rootId;
      const told = request.nested ? all.filter((provider) => provider.rootId === rootId).map((p) => p.name) : [name];
      for (const each of told) names.add(each);
    }
  }
  return names;
}

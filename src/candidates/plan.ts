import { hasRoom, inventoryOf, type Provider, type View } from '../topology/model.js';
import { conditionsOf, type Conditions } from './conditions.js';
import type { CandidatesRequest, Group, ResourceAmount } from './request.js';
import { addStage, type GroupTrace, type StageCount, type Trace } from './trace.js';

/**
 * One decision of the search: the provider for a suffixed group, or for one class of the unsuffixed group. A candidate has one provider for
 * each slot.
 */
export interface Slot {
  /** Position of the slot in the plan. */
  readonly index: number;
  /** Position of its group in the request. */
  readonly group: number;
  readonly suffixed: boolean;
  /** Slots with the same number differ only in the suffix of their group. */
  readonly kind: number;
  /** The amounts that the provider has to give. Empty for a resourceless group. */
  readonly resources: readonly ResourceAmount[];
  /** Whether a provider of the anchor's own tree can serve the slot by itself, without regard to other slots. */
  servesAtHome(provider: Provider, root: Provider): boolean;
  /** Whether a sharing provider can serve the slot at the anchor of another tree. */
  servesAbroad(provider: Provider): boolean;
}

/** A request as slots and conditions. */
export interface Plan {
  readonly request: CandidatesRequest;
  readonly slots: readonly Slot[];
  readonly unsuffixed: Group | null;
  /** The conditions of each group, by position of the group. */
  readonly conditions: readonly Conditions[];
}

/** Makes the plan of a request. Returns null when a group makes every candidate impossible, with any providers. */
export function planOf(view: View, request: CandidatesRequest, trace: Trace): Plan | null {
  const slots: Slot[] = [];
  const conditions: Conditions[] = [];
  const twins = new Map<string, Slot>();
  for (const [index, group] of request.groups.entries()) {
    const groupTrace = trace.groups[index];
    if (groupTrace === undefined || isImpossible(view, group)) return null;
    const kind = slots.length;
    if (group.suffix !== '') {
      const meaning = request.groups.length > 1 ? meaningOf(group) : '';
      const twin = twins.get(meaning);
      const twinTrace = twin === undefined ? undefined : trace.groups[twin.group];
      const twinConditions = twin === undefined ? undefined : conditions[twin.group];
      if (twin !== undefined && twinTrace !== undefined && twinConditions !== undefined) {
        slots.push({ ...twin, index: slots.length, group: index });
        conditions.push(twinConditions);
        groupTrace.stages.push(...twinTrace.stages);
        continue;
      }
      const asked = conditionsOf(group);
      conditions.push(asked);
      const slot = suffixedSlot(view, group, { index: slots.length, group: index, kind }, asked, groupTrace);
      twins.set(meaning, slot);
      slots.push(slot);
      continue;
    }
    const asked = conditionsOf(group);
    conditions.push(asked);
    for (const resource of group.resources) {
      const position = { index: slots.length, group: index, kind: slots.length };
      slots.push(unsuffixedSlot(group, resource, position, asked, groupTrace));
    }
  }
  if (slots.length === 0) return null;
  return { request, slots, conditions, unsuffixed: request.groups.find(({ suffix }) => suffix === '') ?? null };
}

/**
 * Whether no provider can serve a group: one with an unknown in_tree, or a resourceless group without required traits and member_of.
 * Upstream looks up the provider of a resourceless group by these two.
 */
function isImpossible(view: View, group: Group): boolean {
  if (group.inTree !== null && view.providerByUuid(group.inTree) === undefined) return true;
  return group.resources.length === 0 && group.requiredTraits.length === 0 && group.memberOf.length === 0;
}

/** Returns a key of all conditions of a suffixed group. */
function meaningOf(group: Group): string {
  return JSON.stringify([
    group.resources.map(({ resourceClass, amount }) => [resourceClass.id, amount]),
    group.requiredTraits.map((anyOf) => anyOf.map(({ id }) => id)),
    group.forbiddenTraits.map(({ id }) => id),
    group.memberOf,
    group.forbiddenAggregates,
    group.inTree,
  ]);
}

/** The position of a slot in the plan. */
interface Position {
  readonly index: number;
  readonly group: number;
  readonly kind: number;
}

interface ProviderTest {
  readonly count: StageCount;
  passes(provider: Provider): boolean;
}

/** Makes the slot of a suffixed group. One provider must meet all its conditions by itself. Neither its root nor the anchor matters. */
function suffixedSlot(view: View, group: Group, position: Position, asked: Conditions, trace: GroupTrace): Slot {
  const lookedAt = addStage(trace, 'looked at');
  const room = group.resources.map((resource) => roomCheck(resource, trace));
  const checks = traitAndAggregateChecks(asked, null, trace, ...room);
  const treeId = inTreeOf(view, group);
  if (treeId !== null) {
    checks.push({ count: addStage(trace, 'in_tree'), passes: (provider) => provider.rootId === treeId });
  }
  const serves = (provider: Provider): boolean => {
    lookedAt.left++;
    return passesAll(provider, checks);
  };
  return {
    index: position.index,
    group: position.group,
    kind: position.kind,
    suffixed: true,
    resources: group.resources,
    servesAtHome: serves,
    servesAbroad: serves,
  };
}

/**
 * Returns the root id of the tree that must have the provider of a suffixed group. For a resourceless group, the provider of in_tree only
 * has to exist, as upstream.
 */
export function inTreeOf(view: View, group: Group): number | null {
  if (group.inTree === null || group.resources.length === 0) return null;
  return view.providerByUuid(group.inTree)?.rootId ?? null;
}

/**
 * Makes the slot of one class of the unsuffixed group, with the conditions that a provider must meet by itself. All providers of the group
 * meet the required traits together (constraints.ts), unless there is only one. The root may meet member_of in place of a provider of its
 * tree. Conditions on the root or the tree are checked once for each anchor.
 */
function unsuffixedSlot(
  group: Group,
  resource: ResourceAmount,
  position: Position,
  asked: Conditions,
  trace: GroupTrace,
): Slot {
  const className = resource.resourceClass.name;
  const lookedAt = addStage(trace, 'looked at', className);
  // `asked`, and `position` below, are not spread: V8 makes a hidden class for each object that is made by a spread and holds closures. That
  // took 20 of the 56 µs of a small search.
  const ofOne: Conditions = {
    requiredTraits: group.resources.length === 1 ? asked.requiredTraits : null,
    forbiddenTraits: asked.forbiddenTraits,
    memberOf: null,
    forbiddenAggregates: asked.forbiddenAggregates,
  };
  const checks = traitAndAggregateChecks(ofOne, className, trace, roomCheck(resource, trace));
  const { memberOf } = asked;
  const members = memberOf === null ? null : addStage(trace, 'member_of', className);
  const serves = (provider: Provider, root: Provider | null): boolean => {
    lookedAt.left++;
    if (!passesAll(provider, checks)) return false;
    if (memberOf === null || members === null) return true;
    if (!memberOf(provider.aggregates) && !(root !== null && memberOf(root.aggregates))) return false;
    members.left++;
    return true;
  };
  return {
    index: position.index,
    group: position.group,
    kind: position.kind,
    suffixed: false,
    resources: [resource],
    servesAtHome: serves,
    servesAbroad: (provider) => group.inTree === null && serves(provider, null),
  };
}

function passesAll(provider: Provider, checks: readonly ProviderTest[]): boolean {
  for (const check of checks) {
    if (!check.passes(provider)) return false;
    check.count.left++;
  }
  return true;
}

function roomCheck({ resourceClass, amount }: ResourceAmount, trace: GroupTrace): ProviderTest {
  return {
    count: addStage(trace, 'room', resourceClass.name),
    passes: (provider) => {
      const inventory = inventoryOf(provider, resourceClass.id);
      return inventory !== undefined && hasRoom(inventory, amount);
    },
  };
}

/** @param checks the checks that come first */
function traitAndAggregateChecks(
  asked: Conditions,
  className: string | null,
  trace: GroupTrace,
  ...checks: ProviderTest[]
): ProviderTest[] {
  const { requiredTraits, forbiddenTraits, memberOf, forbiddenAggregates } = asked;
  if (requiredTraits !== null) {
    const count = addStage(trace, 'required traits', className);
    checks.push({ count, passes: (provider) => requiredTraits(provider.traits) });
  }
  if (forbiddenTraits !== null) {
    const count = addStage(trace, 'forbidden traits', className);
    checks.push({ count, passes: (provider) => forbiddenTraits(provider.traits) });
  }
  if (memberOf !== null) {
    const count = addStage(trace, 'member_of', className);
    checks.push({ count, passes: (provider) => memberOf(provider.aggregates) });
  }
  if (forbiddenAggregates !== null) {
    const count = addStage(trace, 'forbidden aggregates', className);
    checks.push({ count, passes: (provider) => forbiddenAggregates(provider.aggregates) });
  }
  return checks;
}

import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { CandidatesRequest, Group } from '../../../src/candidates/request.js';
import { conditionsOf, type Condition } from '../../../src/explain/conditions.js';
import { documentOf, type ExplainDocument } from '../../../src/explain/document.js';
import { inventoryOf, type Provider, type View } from '../../../src/topology/model.js';
import { findCandidates } from '../../support/candidates.js';
import { explainAtOnce } from '../../support/explain.js';
import { alikeCases, cases, crowdedCases, type Case } from '../candidates/arbitrary.js';
import { naiveFits } from '../candidates/naive.js';

/** FAST_CHECK_RUNS sets how many cases: some hundreds are for every day, tens of thousands for the night. */
const numRuns = Number(process.env.FAST_CHECK_RUNS ?? 100);

const rootsOf = (view: View): Provider[] => [...view.providers.values()].filter(({ parentId }) => parentId === null);

/** Names of the roots that have a candidate. */
function fitting(view: View, request: CandidatesRequest): Set<string> {
  return new Set(
    rootsOf(view)
      .filter((root) => naiveFits(view, request, root))
      .map(({ name }) => name),
  );
}

function documentFor({ view, request }: Case): ExplainDocument {
  return documentOf(explainAtOnce(view, request, { show: 200, version: '1.28' }), '1.39');
}

function withGroup(request: CandidatesRequest, position: number | null, change: (group: Group) => Group) {
  return { ...request, groups: request.groups.map((group, i) => (i === position ? change(group) : group)) };
}

/** The request without a condition; one on resources asks for an inventory, however full. */
function without(request: CandidatesRequest, condition: Condition): CandidatesRequest {
  const { group, kind } = condition;
  switch (kind) {
    case 'resources':
      return withAmount(request, condition, 0);
    case 'required': {
      const names = condition.anyOf.map(({ name }) => name).join();
      return withGroup(request, group, (one) => ({
        ...one,
        requiredTraits: one.requiredTraits.filter((some) => some.map(({ name }) => name).join() !== names),
      }));
    }
    case 'forbidden':
      return withGroup(request, group, (one) => ({
        ...one,
        forbiddenTraits: one.forbiddenTraits.filter((trait) => trait !== condition.trait),
      }));
    case 'member_of':
      return withGroup(request, group, (one) => ({
        ...one,
        memberOf: one.memberOf.filter((some) => some.join() !== condition.anyOf.join()),
      }));
    case 'forbidden_aggregates':
      return withGroup(request, group, (one) => ({
        ...one,
        forbiddenAggregates: one.forbiddenAggregates.filter((uuid) => !condition.aggregates.includes(uuid)),
      }));
    case 'in_tree':
      return withGroup(request, group, (one) => ({ ...one, inTree: null }));
    case 'root_required':
    case 'root_forbidden': {
      const { required = [], forbidden = [] } = request.rootRequired ?? {};
      const others = (traits: typeof required) => traits.filter((trait) => trait !== condition.trait);
      return {
        ...request,
        rootRequired: {
          required: kind === 'root_required' ? others(required) : required,
          forbidden: kind === 'root_forbidden' ? others(forbidden) : forbidden,
        },
      };
    }
    case 'group_policy':
      return { ...request, groupPolicy: 'none' };
    case 'same_subtree':
      return { ...request, sameSubtrees: request.sameSubtrees.filter((one) => one.join() !== condition.item) };
    case 'version':
      return { ...request, nested: true };
  }
}

function withAmount(request: CandidatesRequest, condition: Condition, amount: number): CandidatesRequest {
  return withGroup(request, condition.group, (one) => ({
    ...one,
    resources: one.resources.map((resource) =>
      resource.resourceClass.name === condition.item ? { ...resource, amount } : resource,
    ),
  }));
}

const isResourceless = (request: CandidatesRequest): boolean =>
  request.groups.some(({ resources }) => resources.length === 0);

/** GET /allocation_candidates rejects the query without it. */
function isRejectedWithout(request: CandidatesRequest, condition: Condition): boolean {
  const resourceless = request.groups.filter(({ resources }) => resources.length === 0);
  if (condition.kind !== 'same_subtree') return false;
  const left = without(request, condition).sameSubtrees.flat();
  return resourceless.some(({ suffix }) => condition.suffixes.includes(suffix) && !left.includes(suffix));
}

const MOST_ASKED = 9;

describe('an explanation, random worlds', function () {
  this.timeout(600_000);

  const worlds = [
    ['in all sorts of trees', cases, numRuns],
    ['where groups compete for few places', crowdedCases, Math.ceil(numRuns / 8)],
    ['where siblings are alike', alikeCases, Math.ceil(numRuns / 8)],
  ] as const;
  const seed = process.env.FAST_CHECK_SEED === undefined ? {} : { seed: Number(process.env.FAST_CHECK_SEED) };
  const checks = [countsWhatFits, hasAFunnel, listsChanges, hasAConflict, givesReasons];
  for (const [kind, arbitrary, runs] of worlds) {
    it(`is right about counts, funnel, changes, conflict and reasons, ${kind}`, () => {
      const seen = { some: 0, none: 0, changed: 0 };
      fc.assert(
        fc.property(arbitrary, (given) => {
          fc.pre(given.request.groups.every(saysSomething));
          const document = documentFor(given);
          seen[document.outcome]++;
          if (document.changes.length > 0) seen.changed++;
          for (const check of checks) check(given, document);
        }),
        { numRuns: runs, ...seed },
      );
      console.log(`      ${runs} cases: ${JSON.stringify(seen)}`);
      // Of so many cases some third each; of a dozen there may be none.
      if (runs >= 100) assert.ok(seen.some > 0 && seen.none > 0 && seen.changed > 0);
    });
  }
});

/** A group of a query has some parameter. */
function saysSomething({
  resources,
  requiredTraits,
  forbiddenTraits,
  memberOf,
  forbiddenAggregates,
  inTree,
}: Group): boolean {
  const lists = [resources, requiredTraits, forbiddenTraits, memberOf, forbiddenAggregates];
  return inTree !== null || lists.some((list) => list.length > 0);
}

/** Counts the trees that fit as the written rules do. */
function countsWhatFits({ view, request }: Case, document: ExplainDocument): void {
  const expected = fitting(view, request);
  assert.equal(document.trees.fitting, expected.size);
  assert.equal(document.trees.all, rootsOf(view).length);
  assert.equal(document.outcome, findCandidates(view, request).candidates.length > 0 ? 'some' : 'none');
  const listed = new Set(document.nearest.map(({ root }) => root.name));
  for (const name of expected) assert.ok(!listed.has(name), `${name} fits and is listed among those that do not`);
  for (const { root, reasons } of document.nearest) assert.ok(reasons.length > 0, `${root.name} has no reason`);
}

/** Has a funnel that never grows, and knows what would fit if nothing were used. */
function hasAFunnel(given: Case, document: ExplainDocument): void {
  const { view, request } = given;
  const counts = document.funnel.map(({ trees }) => trees);
  assert.deepEqual(
    counts,
    [...counts].sort((a, b) => b - a),
  );
  assert.equal(counts[0], document.trees.all);
  assert.equal(counts.at(-1), document.trees.fitting);
  assert.equal(document.trees.fitting_when_empty, fitting(emptied(view), request).size);
}

/** Lists each change that makes more trees fit, with how many. */
function listsChanges({ view, request }: Case, document: ExplainDocument): void {
  const now = fitting(view, request);
  const expected: string[] = [];
  for (const condition of conditionsOf(request)) {
    if (condition.kind === 'resources') {
      for (const change of ['lower', 'raise'] as const) {
        const other = nearestAmount(view, request, condition, change, now);
        if (other !== null && other.trees > now.size)
          expected.push(`${condition.id} ${change} ${other.amount} ${other.trees}`);
      }
      continue;
    }
    if (isRejectedWithout(request, condition)) continue;
    const then = fitting(view, without(request, condition));
    const change = condition.kind === 'version' ? 'raise 1.29' : 'drop';
    if (then.size > now.size) expected.push(`${condition.id} ${change} ${then.size}`);
  }
  const listed = document.changes.map(({ condition, change, to, trees }) =>
    [condition, change, ...(to === undefined ? [] : [to]), trees].join(' '),
  );
  assert.deepEqual([...listed].sort(), expected.sort());
}

/** Has a conflict that no tree meets, and that is met without any one of it. */
function hasAConflict(given: Case, document: ExplainDocument): void {
  const { view, request } = given;
  if (document.outcome === 'some') {
    assert.equal(document.conflict, null);
    return;
  }
  const conflict = new Set((document.conflict ?? []).map(({ id }) => id));
  assert.ok(conflict.size > 0);
  // Here leaving out means something else: a class is not asked for, a resourceless group is any provider.
  const conditions = conditionsOf(request);
  const relaxed = conditions.reduce(without, request);
  if (isResourceless(request) || fitting(view, relaxed).size === 0) return;
  const only = (ids: ReadonlySet<string>): CandidatesRequest =>
    conditions.filter(({ id }) => !ids.has(id)).reduce(without, request);
  assert.equal(fitting(view, only(conflict)).size, 0);
  for (const { id, met_by: metBy } of document.conflict ?? []) {
    const others = new Set(conflict);
    others.delete(id);
    assert.ok(fitting(view, only(others)).size > 0, `${id} is not needed`);
    assert.equal(fitting(view, only(new Set([id]))).size, metBy, id);
  }
}

/** Gives a lone host the reasons that a test by hand finds. */
function givesReasons({ view, request }: Case, document: ExplainDocument): void {
  const conditions = conditionsOf(request);
  for (const { root, reasons } of document.nearest) {
    const host = view.providerByName(root.name);
    if (host === undefined || !isLone(view, host)) continue;
    const failing = conditions.filter((condition) => failsByHand(view, request, host, condition));
    if (failing.length === 0) continue;
    const found = [...new Set(reasons.map(({ condition }) => condition))];
    assert.deepEqual(found.sort(), failing.map(({ id }) => id).sort(), root.name);
  }
}

function emptied(view: View): View {
  const providers = new Map(
    [...view.providers].map(([id, provider]) => [
      id,
      { ...provider, inventories: provider.inventories.map((one) => ({ ...one, used: 0 })) },
    ]),
  );
  return {
    ...view,
    providers,
    providerByUuid: (uuid: string) => [...providers.values()].find((one) => one.uuid === uuid),
    providerByName: (name: string) => [...providers.values()].find((one) => one.name === name),
  };
}

/** The amount nearest to the one asked for with which a tree fits that does not fit now. */
function nearestAmount(
  view: View,
  request: CandidatesRequest,
  condition: Condition,
  change: 'lower' | 'raise',
  now: ReadonlySet<string>,
): { amount: number; trees: number } | null {
  if (condition.kind !== 'resources') return null;
  const step = change === 'lower' ? -1 : 1;
  for (let amount = condition.amount + step; amount >= 1 && amount <= MOST_ASKED; amount += step) {
    const then = fitting(view, withAmount(request, condition, amount));
    if ([...then].some((name) => !now.has(name))) return { amount, trees: then.size };
  }
  return null;
}

/** Neither children nor a provider that shares with it. */
function isLone(view: View, host: Provider): boolean {
  return [...view.providers.values()].every(
    (other) =>
      other === host ||
      (other.rootId !== host.rootId &&
        !(isSharing(other) && other.aggregates.some((uuid) => host.aggregates.includes(uuid)))),
  );
}

function isSharing({ traits }: Provider): boolean {
  return traits.traits.some(({ name }) => name === 'MISC_SHARES_VIA_AGGREGATE');
}

/** One condition on one host, straight from the written rules; the rules between groups are left out. */
function failsByHand(view: View, request: CandidatesRequest, host: Provider, condition: Condition): boolean {
  const traits = new Set(host.traits.traits.map(({ name }) => name));
  const group = condition.group === null ? null : request.groups[condition.group];
  // Upstream looks a resourceless group up by required traits and member_of.
  if (group?.resources.length === 0 && group.requiredTraits.length + group.memberOf.length === 0) return true;
  switch (condition.kind) {
    case 'resources': {
      const inventory = inventoryOf(host, condition.resourceClass.id);
      if (inventory === undefined) return true;
      const { total, reserved, allocationRatio, used, minUnit, maxUnit, stepSize } = inventory;
      const { amount } = condition;
      const isFull = used + amount > (total - reserved) * allocationRatio;
      return isFull || amount < minUnit || amount > maxUnit || amount % stepSize !== 0;
    }
    case 'required':
      return !condition.anyOf.some(({ name }) => traits.has(name));
    case 'root_required':
      return !traits.has(condition.trait.name);
    case 'forbidden':
    case 'root_forbidden':
      return traits.has(condition.trait.name);
    case 'member_of':
      return !condition.anyOf.some((uuid) => host.aggregates.includes(uuid));
    case 'forbidden_aggregates':
      return condition.aggregates.some((uuid) => host.aggregates.includes(uuid));
    case 'in_tree': {
      const wanted = view.providerByUuid(condition.uuid);
      return wanted === undefined || (group?.resources.length !== 0 && wanted !== host);
    }
    case 'group_policy':
    case 'same_subtree':
    case 'version':
      return false;
  }
}

import type { CandidatesRequest, Group, ResourceAmount } from '../candidates/request.js';
import type { ResourceClass, Trait } from '../topology/model.js';

/**
 * Splits a request into conditions. Each has a stable id: the parameter with its suffix, a dot, and the item as the query has it
 * (docs/contract/explain-and-capacity.md#conditions). Explanations and capacity name conditions by these ids.
 */
export type Condition = Base &
  (
    | { readonly kind: 'resources'; readonly resourceClass: ResourceClass; readonly amount: number }
    | { readonly kind: 'required'; readonly anyOf: readonly Trait[] }
    | { readonly kind: 'forbidden'; readonly trait: Trait }
    | { readonly kind: 'member_of'; readonly anyOf: readonly string[] }
    | { readonly kind: 'forbidden_aggregates'; readonly aggregates: readonly string[] }
    | { readonly kind: 'in_tree'; readonly uuid: string }
    | { readonly kind: 'root_required'; readonly trait: Trait }
    | { readonly kind: 'root_forbidden'; readonly trait: Trait }
    | { readonly kind: 'group_policy' }
    | { readonly kind: 'same_subtree'; readonly suffixes: readonly string[] }
    | { readonly kind: 'version' }
  );

interface Base {
  readonly id: string;
  /** The part of the id after the dot. */
  readonly item: string;
  /** Position of its group in the request; null for a condition on the root or between groups. */
  readonly group: number | null;
}

export type ConditionKind = Condition['kind'];
export type ConditionOf<Kind extends ConditionKind> = Extract<Condition, { kind: Kind }>;

/** The values of each parameter that count, in order. Below 1.39, for example, only the last `required` counts. */
export type WrittenQuery = ReadonlyMap<string, readonly string[]>;

/**
 * Returns the conditions in the order of the query. Groups come in order of first appearance, and within a group resources, traits,
 * aggregates and in_tree. Then come the conditions on the root, then the rules between groups. A repeated item is one condition.
 *
 * @param written the query from which `request` was parsed; without it, a query is made from the request
 */
export function conditionsOf(request: CandidatesRequest, written: WrittenQuery = writtenOut(request)): Condition[] {
  const conditions = [
    ...request.groups.flatMap((group, position) => ofGroup(group, position, written)),
    ...ofRoot(request, written),
    ...betweenGroups(request),
  ];
  const byId = new Map<string, Condition>();
  for (const condition of conditions) if (!byId.has(condition.id)) byId.set(condition.id, condition);
  return [...byId.values()];
}

function ofGroup(group: Group, position: number, written: WrittenQuery): Condition[] {
  const { suffix } = group;
  const base = (parameter: string, item: string) => ({ id: `${parameter}${suffix}.${item}`, item, group: position });
  const resources = group.resources.map(({ resourceClass, amount }): Condition => {
    return { ...base('resources', resourceClass.name), kind: 'resources', resourceClass, amount };
  });
  const traits = traitsByName([...group.requiredTraits.flat(), ...group.forbiddenTraits]);
  const required = (written.get(`required${suffix}`) ?? []).flatMap(traitItems).map((item): Condition => {
    const named = base('required', item);
    if (item.startsWith('!')) return { ...named, kind: 'forbidden', trait: traits(bare(item)) };
    const names = item.startsWith('in:') ? splitList(item.slice('in:'.length)) : [item];
    return { ...named, kind: 'required', anyOf: names.map(traits) };
  });
  const aggregates = (written.get(`member_of${suffix}`) ?? []).map((item): Condition => {
    const uuids = item.replace(/^!?(?:in:)?/, '').split(',');
    const named = base('member_of', item);
    return item.startsWith('!')
      ? { ...named, kind: 'forbidden_aggregates', aggregates: uuids }
      : { ...named, kind: 'member_of', anyOf: uuids };
  });
  const { inTree } = group;
  const tree: Condition[] = inTree === null ? [] : [{ ...base('in_tree', inTree), kind: 'in_tree', uuid: inTree }];
  return [...resources, ...required, ...aggregates, ...tree];
}

function ofRoot({ rootRequired }: CandidatesRequest, written: WrittenQuery): Condition[] {
  if (rootRequired === null) return [];
  const traits = traitsByName([...rootRequired.required, ...rootRequired.forbidden]);
  return (written.get('root_required') ?? []).flatMap(traitItems).map((item): Condition => {
    const named = { id: `root_required.${item}`, item, group: null };
    return item.startsWith('!')
      ? { ...named, kind: 'root_forbidden', trait: traits(bare(item)) }
      : { ...named, kind: 'root_required', trait: traits(item) };
  });
}

/** Returns only constraints that can reject a candidate. `isolate` with one suffixed group cannot. */
function betweenGroups({ groups, groupPolicy, sameSubtrees, nested }: CandidatesRequest): Condition[] {
  const constraints: Condition[] = [];
  const suffixed = groups.filter(({ suffix }) => suffix !== '').length;
  if (groupPolicy === 'isolate' && suffixed > 1)
    constraints.push({ id: 'group_policy', item: '', group: null, kind: 'group_policy' });
  for (const suffixes of sameSubtrees) {
    const item = suffixes.join();
    constraints.push({ id: `same_subtree.${item}`, item, group: null, kind: 'same_subtree', suffixes });
  }
  if (!nested) constraints.push({ id: 'version.1.29', item: '1.29', group: null, kind: 'version' });
  return constraints;
}

/** Returns the query of a request by parameter, for requests that were not parsed from a query. It is the inverse of the parser. */
function writtenOut({ groups, rootRequired }: CandidatesRequest): WrittenQuery {
  const query = new Map<string, string[]>();
  const add = (name: string, values: readonly string[]): void => {
    if (values.length > 0) query.set(name, [...(query.get(name) ?? []), ...values]);
  };
  const anyOf = (items: readonly string[]): string => (items.length === 1 ? items.join() : `in:${items.join()}`);
  for (const { suffix, resources, requiredTraits, forbiddenTraits, memberOf, forbiddenAggregates, inTree } of groups) {
    if (resources.length > 0) add(`resources${suffix}`, [resources.map(amountText).join()]);
    add(
      `required${suffix}`,
      requiredTraits.map((some) => anyOf(some.map(({ name }) => name))),
    );
    add(
      `required${suffix}`,
      forbiddenTraits.map(({ name }) => `!${name}`),
    );
    add(`member_of${suffix}`, memberOf.map(anyOf));
    add(
      `member_of${suffix}`,
      forbiddenAggregates.map((uuid) => `!${uuid}`),
    );
    if (inTree !== null) add(`in_tree${suffix}`, [inTree]);
  }
  const { required = [], forbidden = [] } = rootRequired ?? {};
  const root = [...required.map(({ name }) => name), ...forbidden.map(({ name }) => `!${name}`)];
  if (root.length > 0) add('root_required', [root.join()]);
  return query;
}

function amountText({ resourceClass, amount }: ResourceAmount): string {
  return `${resourceClass.name}:${amount}`;
}

/** `in:A,B` is one item, `A,!B` are two. */
function traitItems(value: string): string[] {
  return value.startsWith('in:') ? [value] : splitList(value);
}

function splitList(list: string): string[] {
  return list.split(',').map((name) => name.trim());
}

function bare(item: string): string {
  return item.replace(/^!+/, '');
}

function traitsByName(traits: readonly Trait[]): (name: string) => Trait {
  const byName = new Map(traits.map((trait) => [trait.name, trait]));
  return (name) => {
    const trait = byName.get(name);
    if (trait === undefined) throw new Error(`the request does not have the trait ${name} of its query`);
    return trait;
  };
}

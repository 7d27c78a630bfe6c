/**
 * A query of GET /allocation_candidates as a form has it, and as text. One is made of the other, whichever the reader changes.
 * It is not validated here: the service says what is wrong, in its own words.
 */
export interface Query {
  /** The unsuffixed group first, when there is one. */
  readonly groups: readonly Group[];
  /** `none`, `isolate`, or empty. */
  readonly groupPolicy: string;
  /** `_A,_B` each. */
  readonly sameSubtree: readonly string[];
  /** `TRAIT` or `!TRAIT` each. */
  readonly rootRequired: readonly string[];
  /** Parameters that the form has no field for. */
  readonly others: readonly (readonly [name: string, value: string])[];
}

export interface Group {
  /** Empty for the unsuffixed group. */
  readonly suffix: string;
  readonly resources: readonly Amount[];
  /** `TRAIT`, `!TRAIT` or `in:TRAIT,TRAIT` each. */
  readonly required: readonly string[];
  /** `UUID`, `!UUID`, `in:UUID,UUID` or `!in:UUID,UUID` each. */
  readonly memberOf: readonly string[];
  readonly inTree: string;
}

export interface Amount {
  readonly resourceClass: string;
  readonly amount: string;
}

export function emptyGroup(suffix: string): Group {
  return { suffix, resources: [], required: [], memberOf: [], inTree: '' };
}

const OF_GROUP = /^(resources|required|member_of|in_tree)(|[1-9][0-9]*|_[A-Za-z0-9_-]+)$/;

/** Reads a query string, or a whole path as the request log shows it. */
export function parseQuery(text: string): Query {
  const trimmed = text.trim();
  const question = trimmed.indexOf('?');
  const groups = new Map<string, Group>();
  const others: (readonly [string, string])[] = [];
  let [groupPolicy, sameSubtree, rootRequired]: [string, string[], string[]] = ['', [], []];
  for (const [name, value] of new URLSearchParams(question < 0 ? trimmed : trimmed.slice(question + 1))) {
    const [, parameter, suffix] = OF_GROUP.exec(name) ?? [];
    if (parameter !== undefined && suffix !== undefined) {
      groups.set(suffix, withParameter(groups.get(suffix) ?? emptyGroup(suffix), parameter, value));
    } else if (name === 'group_policy') groupPolicy = value;
    else if (name === 'same_subtree') sameSubtree = [...sameSubtree, value];
    else if (name === 'root_required') rootRequired = [...rootRequired, ...items(value)];
    else others.push([name, value]);
  }
  const inOrder = [...groups.values()].sort((a, b) => Number(a.suffix !== '') - Number(b.suffix !== ''));
  return { groups: inOrder, groupPolicy, sameSubtree, rootRequired, others };
}

function withParameter(group: Group, parameter: string, value: string): Group {
  switch (parameter) {
    case 'resources':
      return { ...group, resources: [...group.resources, ...items(value).map(amountOf)] };
    case 'required':
      return { ...group, required: [...group.required, ...(value.startsWith('in:') ? [value] : items(value))] };
    case 'member_of':
      return { ...group, memberOf: [...group.memberOf, value] };
    default:
      return { ...group, inTree: value };
  }
}

function items(value: string): string[] {
  return value.split(',').filter((item) => item !== '');
}

function amountOf(item: string): Amount {
  const colon = item.lastIndexOf(':');
  return colon < 0
    ? { resourceClass: item, amount: '' }
    : { resourceClass: item.slice(0, colon), amount: item.slice(colon + 1) };
}

/** The query string, with as little encoding as it needs. */
export function formatQuery({ groups, groupPolicy, sameSubtree, rootRequired, others }: Query): string {
  const parts: (readonly [string, string])[] = [];
  const add = (name: string, value: string): void => {
    if (value !== '') parts.push([name, value]);
  };
  for (const { suffix, resources, required, memberOf, inTree } of groups) {
    add(`resources${suffix}`, resources.map(textOfAmount).filter(Boolean).join(','));
    add(`required${suffix}`, required.filter((item) => !item.startsWith('in:')).join(','));
    for (const item of required) if (item.startsWith('in:')) add(`required${suffix}`, item);
    for (const item of memberOf) add(`member_of${suffix}`, item);
    add(`in_tree${suffix}`, inTree);
  }
  add('group_policy', groupPolicy);
  for (const one of sameSubtree) add('same_subtree', one);
  add('root_required', rootRequired.join(','));
  for (const [name, value] of others) parts.push([name, value]);
  return parts.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
}

function textOfAmount({ resourceClass, amount }: Amount): string {
  if (amount === '') return resourceClass;
  return `${resourceClass}:${amount}`;
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/%(3A|2C)/g, (code) => decodeURIComponent(code));
}

/** What a change that the service suggests does to a query. */
export interface Tried {
  readonly query: Query;
  /** The microversion to ask at, when the change is one of it. */
  readonly version: string | null;
}

/**
 * Puts a suggested change into a query.
 *
 * @param condition id of a condition: the parameter with its suffix, a dot, and the item as it was written
 * @param to the new amount or microversion; null when the condition is dropped
 */
export function applyChange(query: Query, condition: string, to: string | null): Tried {
  const dot = condition.indexOf('.');
  const [name, item] = dot < 0 ? [condition, ''] : [condition.slice(0, dot), condition.slice(dot + 1)];
  if (name === 'version') return { query, version: to };
  if (name === 'group_policy') return tried({ ...query, groupPolicy: '' });
  if (name === 'same_subtree') return tried({ ...query, sameSubtree: without(query.sameSubtree, item) });
  if (name === 'root_required') return tried({ ...query, rootRequired: without(query.rootRequired, item) });
  const [, parameter = '', suffix = ''] = OF_GROUP.exec(name) ?? [];
  const groups = query.groups.map((group) => (group.suffix === suffix ? changed(group, parameter, item, to) : group));
  return tried({ ...query, groups });
}

const tried = (query: Query): Tried => ({ query, version: null });

function changed(group: Group, parameter: string, item: string, to: string | null): Group {
  switch (parameter) {
    case 'resources': {
      const resources = group.resources.map((one) =>
        one.resourceClass === item && to !== null ? { ...one, amount: to } : one,
      );
      return { ...group, resources };
    }
    case 'required':
      return { ...group, required: without(group.required, item) };
    case 'member_of':
      return { ...group, memberOf: without(group.memberOf, item) };
    case 'in_tree':
      return { ...group, inTree: '' };
    default:
      return group;
  }
}

function without(all: readonly string[], item: string): readonly string[] {
  return all.filter((one) => one !== item);
}

/** A suffix that no group of the query has. */
export function nextSuffix({ groups }: Query): string {
  for (let number = 1; ; number += 1) {
    const suffix = `_${number}`;
    if (!groups.some((group) => group.suffix === suffix)) return suffix;
  }
}

/** A condition as people read it: `VCPU:8`, `required CUSTOM_SSD`, `VGPU:1 (group _GPU)`. */
export function conditionText(id: string, asked?: number | string): string {
  const dot = id.indexOf('.');
  if (dot < 0) return id.replaceAll('_', ' ');
  const [name, item] = [id.slice(0, dot), id.slice(dot + 1)];
  const [, parameter, suffix = ''] = OF_GROUP.exec(name) ?? [];
  const group = suffix === '' ? '' : ` (group ${suffix})`;
  const isForbidden = item.startsWith('!');
  const bare = isForbidden ? item.slice(1) : item;
  switch (parameter ?? name) {
    case 'resources':
      return `${item}${asked === undefined ? '' : `:${asked}`}${group}`;
    case 'required':
      return `${isForbidden ? 'forbidden' : 'required'} ${bare}${group}`;
    case 'member_of':
      return `${isForbidden ? 'not in aggregate' : 'in aggregate'} ${bare}${group}`;
    case 'in_tree':
      return `in tree ${item}${group}`;
    case 'root_required':
      return `${isForbidden ? 'forbidden' : 'required'} ${bare} (root)`;
    case 'version':
      return `microversion below ${item}`;
    default:
      return `${name.replaceAll('_', ' ')} ${item}`;
  }
}

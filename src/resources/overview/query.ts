import { badQueryValue } from '../../errors.js';
import { lastValues, type Query } from '../../http/query.js';
import { normalizeUuid, queryValidator } from '../../http/validate.js';
import type { View } from '../../topology/model.js';
import { wholeNumber } from '../analysis/query.js';
import type { Position, Sort, Attention, TreeFilter } from './select.js';

const text = { type: 'string' };

/** The parameters. */
export const treesQuery = queryValidator<{ readonly [name in Parameter]?: string }>({
  type: 'object',
  additionalProperties: false,
  properties: { q: text, trait: text, member_of: text, class: text, state: text, sort: text, limit: text, after: text },
});

type Parameter = 'q' | 'trait' | 'member_of' | 'class' | 'state' | 'sort' | 'limit' | 'after';

/** The query of GET /stockroom/providers. Names are not looked up yet. */
export interface TreesQuery {
  readonly q: string | null;
  readonly trait: string | null;
  readonly memberOf: string | null;
  readonly resourceClass: string | null;
  readonly state: Attention | null;
  readonly sort: Sort;
  readonly limit: number;
  readonly after: Position | null;
}

const SORTS: readonly Sort[] = ['name', 'fullest', 'freest'];
const STATES: readonly Attention[] = ['over_capacity', 'without_inventory'];
const DEFAULT_LIMIT = 50;
const MOST = 200;

/** @throws 400 for a parameter that is unknown, malformed, given twice, or not possible with the order */
export function parseTreesQuery(query: Query): TreesQuery {
  const given = treesQuery(lastValues(query));
  for (const [name, values] of query) if (values.length > 1) throw badQueryValue(name, 'one value', values.join(', '));
  // A form sends an empty text for a field without value, which is not a filter.
  const value = (name: Parameter): string | null => (given[name] === '' ? null : (given[name] ?? null));
  const sort = oneOf('sort', SORTS, value('sort')) ?? 'name';
  const resourceClass = value('class');
  if (sort !== 'name' && resourceClass === null)
    throw badQueryValue('sort', 'name, or the parameter class beside it', sort);
  const after = value('after');
  return {
    q: value('q'),
    trait: value('trait'),
    memberOf: aggregateOf(value('member_of')),
    resourceClass,
    state: oneOf('state', STATES, value('state')),
    sort,
    limit: wholeNumber(query, 'limit', { least: 1, most: MOST }) ?? DEFAULT_LIMIT,
    after: after === null ? null : parsePosition(after, sort, resourceClass),
  };
}

function oneOf<T extends string>(parameter: Parameter, values: readonly T[], given: string | null): T | null {
  const found = values.find((value) => value === given);
  if (found === undefined && given !== null) throw badQueryValue(parameter, `one of ${values.join(', ')}`, given);
  return found ?? null;
}

function aggregateOf(given: string | null): string | null {
  if (given === null) return null;
  const uuid = normalizeUuid(given);
  if (uuid === undefined) throw badQueryValue('member_of', 'the uuid of an aggregate', given);
  return uuid;
}

/** Looks up the names of a query. @throws 400 for an unknown resource class or trait */
export function resolveTreesQuery(
  view: View,
  {
    q,
    trait,
    memberOf,
    resourceClass,
    state,
  }: Pick<TreesQuery, 'q' | 'trait' | 'memberOf' | 'resourceClass' | 'state'>,
): TreeFilter {
  return {
    q: q?.toLowerCase() ?? null,
    trait: trait === null ? null : known('trait', trait, view.traitByName(trait)),
    memberOf,
    resourceClass:
      resourceClass === null
        ? null
        : known('class', resourceClass, view.resourceClassByName(resourceClass), 'resource class'),
    state,
  };
}

function known<T>(parameter: string, name: string, found: T | undefined, what = parameter): T {
  if (found === undefined) throw badQueryValue(parameter, `the name of a ${what}`, name);
  return found;
}

/** The text of a position. It is opaque to clients, and valid only for the same order. */
export function renderPosition({ value, name, uuid }: Position, sort: Sort, resourceClass: string | null): string {
  return Buffer.from(JSON.stringify([sort, resourceClass, value, name, uuid])).toString('base64url');
}

function parsePosition(given: string, sort: Sort, resourceClass: string | null): Position {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(given, 'base64url').toString());
  } catch {
    parts = null;
  }
  const [ofSort, ofClass, value, name, uuid] = Array.isArray(parts) ? (parts as unknown[]) : [];
  if (typeof value !== 'number' || typeof name !== 'string' || typeof uuid !== 'string')
    throw badQueryValue('after', '`next` of the response before', given);
  if (ofSort !== sort || ofClass !== resourceClass)
    throw badQueryValue('after', '`next` of a response with the same sort and class', given);
  return { value, name, uuid };
}

import {
  anyTraitsTooEarly,
  badResourceItem,
  emptyTrait,
  forbiddenAmongAnyTraits,
  forbiddenMemberOfTooEarly,
  forbiddenTraitTooEarly,
  memberOfNeedsIn,
  memberOfNotUuid,
  repeatedMemberOf,
  resourceAmountNotInteger,
  resourceAmountTooSmall,
} from '../errors.js';
import type { Version } from './microversions.js';
import { isUuidLike } from './validate.js';

/**
 * Parses the query parameters resources, required and member_of (docs/contract/schemas.md#query-strings). It does not check whether
 * the names exist; the topology does.
 */

/** Parses `VCPU:2,MEMORY_MB:1024` into amounts by resource class. When a class is listed twice, its last amount counts. */
export function parseResources(text: string): Map<string, number> {
  if (text.trim() === '') throw badResourceItem('empty string');
  const resources = new Map<string, number>();
  for (const item of text.split(',')) {
    const [name, amount, ...rest] = item.split(':');
    if (name === undefined || amount === undefined || rest.length > 0) throw badResourceItem(item);
    // Python's int() accepts this form: blanks around the number, a sign, underscores between digits.
    const digits = amount.trim();
    if (!/^[+-]?\d+(_\d+)*$/.test(digits)) throw resourceAmountNotInteger(name, amount);
    const number = Number(digits.replaceAll('_', ''));
    if (number < 1) throw resourceAmountTooSmall(name, number);
    resources.set(name, number);
  }
  return resources;
}

export interface TraitFilter {
  /** A provider needs at least one trait of each set. A plain required trait is a set of one. */
  readonly required: readonly (readonly string[])[];
  readonly forbidden: readonly string[];
}

/** Parses the values of `required`. Before 1.39 only the last value counts. */
export function parseRequired(
  values: readonly string[],
  version: Version,
  { allowAny = version.has('anyTraits') } = {},
): TraitFilter {
  const counting = version.has('anyTraits') ? values : values.slice(-1);
  const required: string[][] = [];
  const forbidden = new Set<string>();
  for (const value of counting) {
    if (value.startsWith('in:')) {
      if (!allowAny) throw anyTraitsTooEarly(value);
      const names = splitTraits(value.slice('in:'.length), 'any', value);
      if (names.some((name) => name.startsWith('!'))) throw forbiddenAmongAnyTraits(value);
      required.push(names);
      continue;
    }
    const mayForbid = version.has('forbiddenTraits');
    for (const name of splitTraits(value, mayForbid ? 'forbidding' : 'plain', value)) {
      if (!name.startsWith('!')) {
        required.push([name]);
        continue;
      }
      if (!mayForbid) throw forbiddenTraitTooEarly(value);
      const bare = name.replace(/^!+/, '');
      if (bare === '') throw emptyTrait('forbidding', value);
      forbidden.add(bare);
    }
  }
  return { required, forbidden: [...forbidden] };
}

function splitTraits(list: string, form: 'plain' | 'forbidding' | 'any', value: string): string[] {
  const names = list.split(',').map((name) => name.trim());
  if (names.includes('')) throw emptyTrait(form, value);
  return names;
}

export interface AggregateFilter {
  /** A provider needs to be in at least one aggregate of each set. */
  readonly memberOf: readonly (readonly string[])[];
  readonly forbidden: readonly string[];
}

/** Parses the values of `member_of{suffix}`: `<uuid>`, `in:<uuid>,...`, and from 1.32 `!<uuid>`, `!in:<uuid>,...`. */
export function parseMemberOf(values: readonly string[], version: Version, suffix = ''): AggregateFilter {
  if (values.length > 1 && !version.has('repeatedMemberOf')) throw repeatedMemberOf(suffix);
  const memberOf: string[][] = [];
  const forbidden: string[] = [];
  for (const value of values) {
    const forbids = value.startsWith('!');
    if (forbids && !version.has('forbiddenAggregates')) throw forbiddenMemberOfTooEarly(suffix);
    const list = forbids ? value.slice(1) : value;
    const isSet = list.startsWith('in:');
    const uuids = (isSet ? list.slice('in:'.length) : list).split(',');
    if (!isSet && uuids.length > 1) throw memberOfNeedsIn(value);
    const wrong = uuids.find((uuid) => !isUuidLike(uuid));
    if (wrong !== undefined) throw memberOfNotUuid(wrong);
    if (forbids) forbidden.push(...uuids);
    else memberOf.push(uuids);
  }
  return { memberOf, forbidden };
}

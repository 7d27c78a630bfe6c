import { conflictingRootTraits, groupPolicyRequired, inTreeNotUuid, repeatedRootRequired } from '../../errors.js';
import { parseMemberOf, parseRequired, parseResources, type TraitFilter } from '../../http/grammar.js';
import type { Version } from '../../http/microversions.js';
import { lastValues, type Query } from '../../http/query.js';
import { isUuidLike } from '../../http/validate.js';
import { checkGroups, type ParsedGroup } from './groups.js';
import { candidatesQuery } from './schema.js';

/** A parsed query string. Its names have not been looked up. */
export interface ParsedQuery {
  readonly groups: readonly ParsedGroup[];
  readonly groupPolicy: 'none' | 'isolate' | null;
  readonly sameSubtrees: readonly (readonly string[])[];
  readonly rootRequired: TraitFilter | null;
  readonly limit: number | null;
}

/**
 * @throws 400 when the version does not know a parameter, or the query breaks a rule
 * (docs/contract/allocation-candidates.md#errors-and-empty-responses)
 */
export function parseCandidatesQuery(query: Query, version: Version): ParsedQuery {
  const validate = candidatesQuery(version);
  const last = lastValues(query);
  validate(last);
  // When one of these two is repeated, its first value counts, but all values must be valid. Each value is validated together with
  // `resources`, which old versions require. It is not validated together with all parameters, because a query has room for thousands of
  // values and thousands of parameters.
  const { resources } = last;
  for (const name of ['limit', 'group_policy']) {
    for (const value of new Set(query.get(name))) {
      validate(resources === undefined ? { [name]: value } : { resources, [name]: value });
    }
  }
  const groupPolicy = (query.get('group_policy')?.[0] ?? null) as ParsedQuery['groupPolicy'];
  const limit = query.get('limit')?.[0];
  const groups = parseGroups(query, version);
  const sameSubtrees = (query.get('same_subtree') ?? []).map((value) =>
    value.split(',').map((suffix) => suffix.trim()),
  );
  checkGroups(groups, query, sameSubtrees, version);
  if (groups.filter(({ suffix }) => suffix !== '').length > 1 && groupPolicy === null) throw groupPolicyRequired();
  return {
    groups,
    groupPolicy,
    sameSubtrees,
    rootRequired: parseRootRequired(query.get('root_required') ?? [], version),
    limit: limit === undefined ? null : Number(limit),
  };
}

/** Groups in order of first appearance of any of their parameters. */
function parseGroups(query: Query, version: Version): ParsedGroup[] {
  const suffixes = new Set<string>();
  for (const name of query.keys()) {
    const match = /^(?:resources|required|member_of|in_tree)(.*)$/.exec(name);
    if (match !== null) suffixes.add(match[1] ?? '');
  }
  return Array.from(suffixes, (suffix) => {
    const values = (name: string): readonly string[] => query.get(`${name}${suffix}`) ?? [];
    const resources = values('resources').at(-1);
    return {
      suffix,
      resources: resources === undefined ? new Map<string, number>() : parseResources(resources),
      traits: parseRequired(values('required'), version),
      aggregates: parseMemberOf(values('member_of'), version, suffix),
      inTree: parseInTree(values('in_tree').at(-1)),
    };
  });
}

function parseInTree(value: string | undefined): string | null {
  if (value === undefined) return null;
  const uuid = value.trim();
  if (!isUuidLike(uuid)) throw inTreeNotUuid(value);
  return uuid;
}

/** Parses single traits, required or forbidden. The parameter may not be repeated and may not have `in:`. */
function parseRootRequired(values: readonly string[], version: Version): TraitFilter | null {
  if (values.length > 1) throw repeatedRootRequired();
  const [value] = values;
  if (value === undefined) return null;
  const traits = parseRequired([value], version, { allowAny: false });
  const required = new Set(traits.required.flat());
  const conflicting = traits.forbidden.filter((name) => required.has(name));
  if (conflicting.length > 0) throw conflictingRootTraits(conflicting.sort());
  return traits;
}

import { byVersion } from '../../http/microversions.js';
import { queryValidator, type Schema } from '../../http/validate.js';

/** Parameters that belong to a group carry its suffix, so here they are told by pattern. */
export type CandidatesQuery = Readonly<Record<string, string>>;

const text = { type: 'string' };
/** Any number of digits, as upstream: a limit above what a double holds exactly is above any number of candidates, too. */
const limit = { type: 'string', pattern: '^[1-9][0-9]*$' };
const group_policy = { type: 'string', enum: ['none', 'isolate'] };

const NUMBERED = '([1-9][0-9]*)?';
const NAMED = '([a-zA-Z0-9_-]{1,64})?';

/** Before 1.25 there is one group, without suffix. */
const single = (properties: Schema) =>
  queryValidator<CandidatesQuery>({
    type: 'object',
    required: ['resources'],
    additionalProperties: false,
    properties: { resources: text, ...properties },
  });

const granular = (properties: Schema, groupParameters: readonly string[], suffix: string) =>
  queryValidator<CandidatesQuery>({
    type: 'object',
    additionalProperties: false,
    properties: { limit, group_policy, ...properties },
    patternProperties: Object.fromEntries(groupParameters.map((name) => [`^${name}${suffix}$`, text])),
  });

const since125 = ['resources', 'required', 'member_of'];
const since131 = [...since125, 'in_tree'];

/** The schema of each version, with parameters of a route's own beside those of this one. */
export const candidatesQueryWith = (own: Schema) =>
  byVersion(single({ ...own }), {
    candidatesLimit: single({ limit, ...own }),
    candidatesRequired: single({ limit, required: text, ...own }),
    candidatesMemberOf: single({ limit, required: text, member_of: text, ...own }),
    granularGroups: granular({ ...own }, since125, NUMBERED),
    candidatesInTree: granular({ ...own }, since131, NUMBERED),
    stringSuffixes: granular({ ...own }, since131, NAMED),
    rootRequired: granular({ root_required: text, ...own }, since131, NAMED),
    sameSubtree: granular({ root_required: text, same_subtree: text, ...own }, since131, NAMED),
  });

export const candidatesQuery = candidatesQueryWith({});

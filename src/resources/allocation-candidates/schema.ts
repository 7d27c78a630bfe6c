import { byVersion } from '../../http/microversions.js';
import { queryValidator, type Schema } from '../../http/validate.js';

/** The names of parameters of a group end with its suffix, so patterns describe them. */
export type CandidatesQuery = Readonly<Record<string, string>>;

const text = { type: 'string' };
/** Any number of digits, as upstream. A limit that a double cannot hold exactly is larger than any number of candidates. */
const limit = { type: 'string', pattern: '^[1-9][0-9]*$' };
const group_policy = { type: 'string', enum: ['none', 'isolate'] };

const NUMBERED = '([1-9][0-9]*)?';
const NAMED = '([a-zA-Z0-9_-]{1,64})?';

/** The schema before 1.25, with one group without suffix. */
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

/** Returns the schema of each version. @param own further parameters of another route */
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

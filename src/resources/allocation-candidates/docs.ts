import type { OperationDocs, NounDocs } from '../../http/operation-docs.js';
import type { Schema } from '../../http/validate.js';
import {
  amount,
  closed,
  formerly,
  integer,
  keyed,
  orNull,
  PROVIDER_UUID,
  RESOURCE_CLASS,
  since,
  traitNames,
  uuid,
} from '../shapes.js';
import { candidatesQuery } from './schema.js';

const resources = keyed(RESOURCE_CLASS, amount(1), { minProperties: 1 });
const listed: Schema = {
  type: 'array',
  minItems: 1,
  items: closed({ resource_provider: closed({ uuid }), resources }),
};
const request = closed({
  allocations: formerly(keyed(PROVIDER_UUID, closed({ resources }), { minProperties: 1 }), [
    'allocationsByProvider',
    listed,
  ]),
  mappings: since(
    'mappings',
    keyed(
      '^[a-zA-Z0-9_-]{0,64}$',
      { type: 'array', minItems: 1, uniqueItems: true, items: uuid },
      { minProperties: 1 },
    ),
  ),
});
const summary = closed({
  resources: keyed(RESOURCE_CLASS, closed({ capacity: { type: 'integer' }, used: integer(0) })),
  traits: since('candidatesRequired', traitNames),
  parent_provider_uuid: since('nestedCandidates', orNull(uuid)),
  root_provider_uuid: since('nestedCandidates', uuid),
});

const TRAITS =
  'Traits, separated by commas; `!` in front of one forbids it (from 1.22 on), `in:` asks for at least one of a list (from 1.39 on)';

/** The parameters are exported, because other routes accept the same query. */
export const candidatesParameters = {
  resources: {
    about: 'What a group asks for: `CLASS:AMOUNT,CLASS:AMOUNT`. Before 1.25 it is required.',
    example: 'VCPU:2,MEMORY_MB:2048',
    grouped: true,
  },
  required: {
    about: `${TRAITS}. From 1.39 on it may be repeated: every one has to be met.`,
    example: 'HW_CPU_X86_AVX2',
    repeatable: '1.39',
    grouped: true,
  },
  member_of: {
    about:
      'The aggregate that the providers of the group are in, or with `in:` and a list of uuids one of several; from 1.32 on `!` in ' +
      'front asks for those in none of them. From 1.24 on it may be repeated, and every one has to be met.',
    example: '42896e0d-205d-4fe3-bd1e-100924931787',
    repeatable: '1.24',
    grouped: true,
  },
  in_tree: {
    about: 'Only providers of the tree that this provider is in.',
    example: '4e8e5957-649f-477b-9e5b-f1f75b21c03c',
    grouped: true,
  },
  limit: { about: 'The largest number of allocation requests to return.', example: '10' },
  group_policy: {
    about:
      '`isolate`: no two groups with suffixes are served by one provider; `none`: they may be. Required as soon as there are two of them.',
    example: 'none',
  },
  root_required: {
    about: 'Traits that the root of the tree must have, or with `!` must not have. May not be repeated.',
    example: 'HW_CPU_X86_AVX2,!CUSTOM_GOLD',
  },
  same_subtree: {
    about:
      'Suffixes, separated by commas: among the providers that serve these groups one has to be an ancestor of all others, or the only ' +
      'one. Groups named here need no resources. May be repeated.',
    example: '_DISK,_NET',
    repeatable: '1.36',
  },
} as const satisfies NonNullable<OperationDocs['parameters']>;

export const allocationCandidateDocs: NounDocs = {
  'GET /allocation_candidates': {
    id: 'listAllocationCandidates',
    changes: ['forbiddenTraits', 'allClassesInSummaries', 'forbiddenAggregates'],
    summary: 'List where a request could fit',
    about:
      'Each allocation request in the response is one way to fulfil the whole request now, and is what PUT /allocations/{consumer_uuid} takes. ' +
      'The parameters without suffix are one group, which several providers of a tree may serve together. From 1.25 on those that ' +
      'share a suffix (`resources_DISK` and `required_DISK`, say; before 1.33 a number) are one more group, which exactly one provider has to serve. ' +
      'A response is an offer: nothing is held, and the claim checks again.',
    query: candidatesQuery,
    parameters: candidatesParameters,
    responses: {
      200: {
        about:
          'The ways, and the providers that take part. Both are empty when nothing fits, and only then: a search that ends at a bound of ' +
          'this service gives what it has found, with the header `stockroom-incomplete`, or 400.',
        bounded: true,
        body: closed({
          allocation_requests: { type: 'array', items: request },
          provider_summaries: keyed(PROVIDER_UUID, summary),
        }),
        cached: 'dated',
      },
    },
    errors: {
      400:
        'A parameter is not known at this version or malformed, or names a class or trait that does not exist; or the groups contradict each ' +
        'other (from 1.36 on some with `placement.query.bad_value`, `placement.query.missing_value` or `placement.query.duplicate_key`). Or the ' +
        'search used up its bound before it found anything (`stockroom.search_ended`), which does not mean that nothing fits.',
    },
  },
};

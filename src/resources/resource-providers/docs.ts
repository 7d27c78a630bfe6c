import type { NounDocs } from '../../http/operation-docs.js';
import { closed, formerly, generation, links, orNull, PROVIDER_UUID, since, uuid } from '../shapes.js';
import { createBody, listQuery, updateBody } from './schema.js';

const SELF = `/resource_providers/${PROVIDER_UUID.slice(1, -1)}`;

const provider = closed({
  uuid,
  name: { type: 'string', maxLength: 200 },
  generation,
  links: formerly(
    links(SELF, ['inventories', 'usages', 'aggregates', 'traits', 'allocations']),
    ['providerAggregates', links(SELF, ['inventories', 'usages'])],
    ['traits', links(SELF, ['inventories', 'usages', 'aggregates'])],
    ['allocationsLink', links(SELF, ['inventories', 'usages', 'aggregates', 'traits'])],
  ),
  parent_provider_uuid: since('nestedProviders', orNull(uuid)),
  root_provider_uuid: since('nestedProviders', uuid),
});

const NO_PROVIDER = 'No provider has this uuid.';

export const resourceProviderDocs: NounDocs = {
  'GET /resource_providers': {
    id: 'listResourceProviders',
    changes: ['forbiddenTraits', 'forbiddenAggregates'],
    summary: 'List resource providers',
    about:
      'All of them, or those that every given filter lets through. The order is not defined, and there are no pages.',
    query: listQuery,
    parameters: {
      name: { about: 'Only the provider of this name. An empty text filters nothing.', example: 'compute-1' },
      uuid: { about: 'Only the provider with this uuid.', example: '4e8e5957-649f-477b-9e5b-f1f75b21c03c' },
      member_of: {
        about:
          'Providers in this aggregate, or with `in:` and a list of uuids in at least one of them; from 1.32 on `!` in front ' +
          'asks for those in none of them. From 1.24 on it may be repeated, and every one has to be met.',
        example: 'in:42896e0d-205d-4fe3-bd1e-100924931787,5e08ea53-c4c6-448e-9334-ac4953de3cfa',
        repeatable: '1.24',
      },
      resources: {
        about: 'Providers that could take these amounts by themselves now: `CLASS:AMOUNT,CLASS:AMOUNT`.',
        example: 'VCPU:4,MEMORY_MB:2048',
      },
      in_tree: {
        about: 'Providers of the tree that this provider is in.',
        example: '4e8e5957-649f-477b-9e5b-f1f75b21c03c',
      },
      required: {
        about:
          'Traits that a provider must have, separated by commas; from 1.22 on `!` in front of one forbids it. From 1.39 on ' +
          '`in:` asks for at least one of a list, and it may be repeated: every one has to be met.',
        example: 'HW_CPU_X86_AVX2,!CUSTOM_GOLD',
        repeatable: '1.39',
      },
    },
    responses: {
      200: {
        about: 'The providers that were found.',
        body: closed({ resource_providers: { type: 'array', items: provider } }),
        cached: 'dated',
      },
    },
    errors: {
      400: 'A parameter is not known at this version or malformed, or names a class or trait that does not exist.',
    },
  },
  'POST /resource_providers': {
    id: 'createResourceProvider',
    summary: 'Create a resource provider',
    about: 'A provider without a parent is the root of a tree of its own. It gets a uuid where none is given.',
    body: (version) => createBody(version).schema,
    responses: {
      200: { about: 'The new provider.', body: provider, location: true, cached: 'dated', since: '1.20' },
      201: { about: 'Created.', location: true, until: '1.19' },
    },
    errors: {
      400: 'The body does not match its schema, the name is empty, or there is no such parent.',
      409: 'Another provider has this name or uuid (`placement.duplicate_name`).',
    },
  },
  'GET /resource_providers/:uuid': {
    id: 'showResourceProvider',
    summary: 'Show a resource provider',
    about: 'The uuid is compared as it is: lower case with dashes.',
    responses: { 200: { about: 'The provider.', body: provider, cached: 'dated' } },
    errors: { 404: NO_PROVIDER },
  },
  'PUT /resource_providers/:uuid': {
    id: 'updateResourceProvider',
    changes: ['reparenting'],
    summary: 'Rename a resource provider, or give it a parent',
    about:
      'Its generation stays. A parent that is left out stays as it is. Before 1.37 a provider without a parent can get one, ' +
      'once; from 1.37 on it can move to another parent, or with `null` become the root of a tree of its own.',
    body: (version) => updateBody(version).schema,
    responses: { 200: { about: 'The provider as it is now.', body: provider, cached: 'dated' } },
    errors: {
      400: 'The body does not match its schema, there is no such parent, the parent is below this provider, or may not change before 1.37.',
      404: NO_PROVIDER,
      409: 'Another provider has this name (`placement.duplicate_name`).',
    },
  },
  'DELETE /resource_providers/:uuid': {
    id: 'deleteResourceProvider',
    summary: 'Delete a resource provider',
    about: 'Its inventories, traits and aggregates go with it.',
    responses: { 204: { about: 'It is gone.' } },
    errors: {
      404: NO_PROVIDER,
      409: 'It has children (`placement.resource_provider.cannot_delete_parent`) or allocations (`placement.resource_provider.inuse`).',
    },
  },
};

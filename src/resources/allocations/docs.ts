import type { NounDocs } from '../../http/operation-docs.js';
import { amount, closed, CONSUMER_UUID, generation, keyed, PROVIDER_UUID, RESOURCE_CLASS, since } from '../shapes.js';
import { consumerBody, manageBody } from './schema.js';

const resources = keyed(RESOURCE_CLASS, amount(1), { minProperties: 1 });
const ofConsumer = closed({
  allocations: keyed(PROVIDER_UUID, closed({ resources, generation }), { minProperties: 1 }),
  project_id: since('allocationsByProvider', { type: 'string', minLength: 1, maxLength: 255 }),
  user_id: since('allocationsByProvider', { type: 'string', minLength: 1, maxLength: 255 }),
  consumer_generation: since('consumerGenerations', generation),
  consumer_type: since('consumerTypes', { type: 'string', pattern: '^([A-Z0-9_]+|unknown)$', maxLength: 255 }),
});
const ofUnknownConsumer = closed({ allocations: { type: 'object', maxProperties: 0 } });

const ofProvider = closed({
  allocations: keyed(
    CONSUMER_UUID,
    closed({ resources, consumer_generation: since('consumerGenerations', generation) }),
  ),
  resource_provider_generation: generation,
});

const REJECTED =
  'A consumer has another generation than the body says, or a provider was changed meanwhile (`placement.concurrent_update`); ' +
  'or it does not fit (`placement.undefined_code`).';
const INVALID = 'The body does not match its schema, or names a provider or resource class that does not exist';
const GENERATIONS =
  'From 1.28 on each consumer comes with the generation that its last reader saw, or `null` for one that is not believed to exist.';

export const allocationDocs: NounDocs = {
  'GET /resource_providers/:uuid/allocations': {
    id: 'listProviderAllocations',
    summary: 'List the allocations from a resource provider',
    about: 'Who uses how much of this provider.',
    responses: { 200: { about: 'The allocations by consumer.', body: ofProvider, cached: 'dated' } },
    errors: { 404: 'No provider has this uuid.' },
  },
  'POST /allocations': {
    id: 'manageAllocations',
    summary: 'Replace the allocations of several consumers',
    about: `All of it happens, or nothing does. A consumer with an empty object loses what it has. ${GENERATIONS}`,
    body: (version) => manageBody(version).schema,
    responses: { 204: { about: 'Done.' } },
    errors: { 400: `${INVALID}.`, 409: REJECTED },
  },
  'GET /allocations/:consumer_uuid': {
    id: 'showAllocations',
    summary: 'List the allocations of a consumer',
    about: 'An unknown consumer has no allocations; the response is never 404.',
    responses: {
      200: {
        about: 'The allocations by provider; nothing but an empty object when there are none.',
        body: { oneOf: [ofConsumer, ofUnknownConsumer] },
        cached: 'dated',
      },
    },
    errors: {},
  },
  'PUT /allocations/:consumer_uuid': {
    id: 'replaceAllocations',
    summary: 'Replace the allocations of a consumer',
    about:
      `This is how resources are claimed. ${GENERATIONS} From 1.28 on an empty object takes all from the consumer; before, ` +
      'DELETE does. `mappings` of an allocation candidate may be sent along and are ignored.',
    body: (version) => consumerBody(version).schema,
    responses: { 204: { about: 'Done.' } },
    errors: { 400: `${INVALID}; or the uuid in the path is none.`, 409: REJECTED },
  },
  'DELETE /allocations/:consumer_uuid': {
    id: 'deleteAllocations',
    summary: 'Remove the allocations of a consumer',
    about: 'Does not compare the generation; PUT with an empty object does, from 1.28 on.',
    responses: { 204: { about: 'It has none any more.' } },
    errors: { 404: 'The consumer has no allocations.' },
  },
};

import type { NounDocs } from '../../http/operation-docs.js';
import { closed, generation, since } from '../shapes.js';
import { aggregatesSchema } from './schema.js';

/** The service keeps the spelling of the client: upper or lower case, with dashes or without. */
const aggregate = { type: 'string', maxLength: 36, pattern: '^[-{}urn:idA-Fa-f0-9]+$' };
const body = closed({
  aggregates: { type: 'array', uniqueItems: true, items: aggregate },
  resource_provider_generation: since('aggregatesGeneration', generation),
});

export const aggregateDocs: NounDocs = {
  'GET /resource_providers/:uuid/aggregates': {
    id: 'listAggregates',
    summary: 'List the aggregates of a resource provider',
    about: 'An aggregate is nothing but a uuid that providers have in common.',
    responses: { 200: { about: 'The aggregates; an empty list for none.', body, cached: 'dated' } },
    errors: { 404: 'No provider has this uuid.' },
  },
  'PUT /resource_providers/:uuid/aggregates': {
    id: 'replaceAggregates',
    summary: 'Replace the aggregates of a resource provider',
    about:
      'An aggregate exists as soon as a provider is in it. Before 1.19 the body is a bare list, and the generation is ' +
      'neither compared nor raised.',
    body: aggregatesSchema,
    responses: { 200: { about: 'The aggregates as they are now.', body, cached: 'dated' } },
    errors: {
      400: 'The body does not match its schema.',
      404: 'No provider has this uuid.',
      409: 'The provider has another generation than the body says, or was changed meanwhile (`placement.concurrent_update`).',
    },
  },
};

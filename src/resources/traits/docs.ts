import type { NounDocs } from '../../http/operation-docs.js';
import { closed, generation, traitNames } from '../shapes.js';
import { providerTraitsBody, traitListQuery } from './schema.js';

const ofProvider = closed({ traits: traitNames, resource_provider_generation: generation });
const NO_PROVIDER = 'No provider has this uuid.';
const NO_TRAIT = 'There is no such trait.';

export const traitDocs: NounDocs = {
  'GET /traits': {
    id: 'listTraits',
    summary: 'List traits',
    about: 'The standard traits and the custom ones, or those that both filters let through.',
    query: () => traitListQuery,
    parameters: {
      name: {
        about: '`in:` and a list of names, of which those that exist are returned; or `startswith:` and a prefix.',
        example: 'startswith:CUSTOM_',
      },
      associated: { about: '`true`: traits that some provider has; `false`: those that none has.', example: 'true' },
    },
    responses: { 200: { about: 'Their names.', body: closed({ traits: traitNames }), cached: 'dated' } },
    errors: { 400: 'A parameter is not known or malformed.' },
  },
  'GET /traits/:name': {
    id: 'showTrait',
    summary: 'Ask whether a trait exists',
    about: 'There is nothing to show of a trait but its name.',
    responses: { 204: { about: 'It exists.', cached: 'dated' } },
    errors: { 404: NO_TRAIT },
  },
  'PUT /traits/:name': {
    id: 'createTrait',
    summary: 'Create a custom trait',
    about: 'Its name is `CUSTOM_` and at least one of `A-Z`, `0-9` and `_`, 255 characters at most. A body is ignored.',
    responses: {
      201: { about: 'Created.', location: true, cached: 'dated' },
      204: { about: 'It was there already.', location: true, cached: 'dated' },
    },
    errors: { 400: 'That is no name for a custom trait.' },
  },
  'DELETE /traits/:name': {
    id: 'deleteTrait',
    summary: 'Delete a custom trait',
    about: 'Only when no provider has it.',
    responses: { 204: { about: 'It is gone.' } },
    errors: { 400: 'A standard trait cannot be deleted.', 404: NO_TRAIT, 409: 'A provider has it.' },
  },
  'GET /resource_providers/:uuid/traits': {
    id: 'listProviderTraits',
    summary: 'List the traits of a resource provider',
    about: 'Its own; those of the other providers in its tree are not included.',
    responses: { 200: { about: 'Their names.', body: ofProvider, cached: 'dated' } },
    errors: { 404: NO_PROVIDER },
  },
  'PUT /resource_providers/:uuid/traits': {
    id: 'replaceProviderTraits',
    summary: 'Replace the traits of a resource provider',
    about: 'The traits have to exist. A name that is given twice counts once.',
    body: () => providerTraitsBody.schema,
    responses: { 200: { about: 'The traits as they are now.', body: ofProvider, cached: 'dated' } },
    errors: {
      400: 'The body does not match its schema, or names a trait that does not exist.',
      404: NO_PROVIDER,
      409: 'The provider has another generation than the body says, or was changed meanwhile (`placement.concurrent_update`).',
    },
  },
  'DELETE /resource_providers/:uuid/traits': {
    id: 'deleteProviderTraits',
    summary: 'Remove all traits of a resource provider',
    about: 'Does not compare the generation; PUT with an empty list does.',
    responses: { 204: { about: 'It has none any more.' } },
    errors: { 404: NO_PROVIDER, 409: 'The provider was changed meanwhile (`placement.concurrent_update`).' },
  },
};

import type { NounDocs } from '../../http/operation-docs.js';
import { amount, closed, formerly, generation, keyed, RESOURCE_CLASS } from '../shapes.js';
import { usagesQuery } from './schema.js';

const sums = keyed(RESOURCE_CLASS, amount(0));
const byType = keyed('^([A-Z0-9_]+|unknown|all)$', {
  ...sums,
  required: ['consumer_count'],
  properties: { consumer_count: amount(1) },
});

export const usageDocs: NounDocs = {
  'GET /resource_providers/:uuid/usages': {
    id: 'showProviderUsages',
    summary: 'Show what is used of a resource provider',
    about: 'Every class that the provider has an inventory of, unused classes included.',
    responses: {
      200: {
        about: 'The sums by resource class.',
        body: closed({ resource_provider_generation: generation, usages: sums }),
        cached: 'dated',
      },
    },
    errors: { 404: 'No provider has this uuid.' },
  },
  'GET /usages': {
    id: 'showUsages',
    summary: 'Show what a project or a user uses',
    about:
      'What the consumers of a project, or of a user in it, have together. From 1.38 on for each consumer type by itself, ' +
      'with the number of its consumers.',
    query: usagesQuery,
    parameters: {
      project_id: { about: 'The project; an unknown one uses nothing.', example: 'demo' },
      user_id: { about: 'Only what consumers of this user have.', example: 'ada' },
      consumer_type: {
        about: 'Only consumers of this type; `unknown` for those without any, `all` for one sum over every type.',
        example: 'INSTANCE',
      },
    },
    responses: {
      200: {
        about: 'The sums by consumer type and resource class. What is not used is left out.',
        body: closed({ usages: formerly(byType, ['consumerTypes', sums]) }),
        cached: 'dated',
      },
    },
    errors: { 400: '`project_id` is missing, or a parameter is not known at this version or malformed.' },
  },
};

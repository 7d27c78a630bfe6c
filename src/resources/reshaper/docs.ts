import type { NounDocs } from '../../http/operation-docs.js';
import { reshaperBody } from './schema.js';

export const reshaperDocs: NounDocs = {
  'POST /reshaper': {
    id: 'reshape',
    summary: 'Move inventory and the allocations on it between providers',
    about:
      'Replaces the inventories of some providers and the allocations of some consumers in one step: all of it happens, or ' +
      'nothing does. For upgrades that find a better shape for what a host has.',
    body: (version) => reshaperBody(version).schema,
    responses: { 204: { about: 'Done.' } },
    errors: {
      400: 'The body does not match its schema, or names a provider (`placement.resource_provider.not_found`) or class that does not exist.',
      409:
        'A provider or consumer has another generation than the body says (`placement.concurrent_update`), an inventory that would go has ' +
        'allocations (`placement.inventory.inuse`), or the allocations do not fit (`placement.undefined_code`).',
    },
  },
};

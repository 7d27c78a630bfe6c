import type { NounDocs } from '../../http/operation-docs.js';
import { closed } from '../shapes.js';

const version = closed({
  id: { const: 'v1.0' },
  max_version: { type: 'string', pattern: '^1\\.[0-9]+$' },
  min_version: { const: '1.0' },
  status: { const: 'CURRENT' },
  links: {
    type: 'array',
    prefixItems: [closed({ rel: { const: 'self' }, href: { const: '' } })],
    items: false,
    minItems: 1,
  },
});

export const rootDocs: NounDocs = {
  'GET /': {
    id: 'showVersions',
    summary: 'Show the versions of the API',
    about: 'Tells clients the oldest and the newest microversion. It needs no token.',
    responses: {
      200: {
        about: 'The one major version, and its microversions.',
        body: closed({ versions: { type: 'array', prefixItems: [version], items: false, minItems: 1 } }),
        cached: 'dated',
      },
    },
    errors: {},
  },
};

import type { NounDocs } from '../../http/operation-docs.js';
import { closed } from '../shapes.js';

const number = { type: 'number', minimum: 0 };

const readiness = closed(
  {
    ready: { type: 'boolean' },
    reason: {
      enum: [
        'ready',
        'draining',
        'catching up',
        'the database cannot be used',
        'the database does not respond in time',
      ],
    },
    draining: { type: 'boolean' },
    database: closed({ usable: { type: 'boolean' }, milliseconds: number }),
    topology: closed({
      loaded: { type: 'boolean' },
      age_seconds: { type: ['number', 'null'], minimum: 0 },
      lag_transactions: { type: 'integer', minimum: 0 },
    }),
    keystone: closed({ responds: { type: ['boolean', 'null'] }, login: { const: true } }, { optional: ['login'] }),
  },
  { optional: ['keystone'] },
);

export const healthDocs: NounDocs = {
  'GET /healthz': {
    id: 'showLiveness',
    summary: 'Say whether the process lives',
    about:
      'For a supervisor that restarts a process that does not respond. It asks nothing of the database and needs no token.',
    responses: { 200: { about: 'It does.', body: closed({ status: { const: 'alive' } }) } },
    errors: {},
  },
  'GET /readyz': {
    id: 'showReadiness',
    summary: 'Say whether to send requests here',
    about:
      'For a load balancer. Keystone is mentioned for information only: while it is away, known tokens go on working. It needs no token.',
    responses: {
      200: { about: 'Ready.', body: readiness },
      503: { about: 'Not now; `reason` says why.', body: readiness },
    },
    errors: {},
  },
};

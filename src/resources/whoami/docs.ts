import type { NounDocs } from '../../http/operation-docs.js';
import type { Schema } from '../../http/validate.js';
import { closed, orNull } from '../shapes.js';

const said = (description: string, schema: Schema): Schema => ({ ...schema, description });
const text: Schema = { type: 'string' };
const texts: Schema = { type: 'array', items: text };

export const whoamiDocs: NounDocs = {
  'GET /stockroom/whoami': {
    id: 'showCaller',
    summary: 'Show who the token belongs to',
    about:
      'What is known of the caller, and which rules of the policy let the caller through. Every valid token may ask. Without a version header this ' +
      'route has the newest version.',
    responses: {
      200: {
        about: 'The caller.',
        body: closed({
          user_id: text,
          project_id: orNull(text),
          roles: texts,
          expires_at: said(
            'When the token expires; null: it does not.',
            orNull({ type: 'string', format: 'date-time' }),
          ),
          rules: said('Rules of routes that allow the caller, with the own project as the target.', texts),
        }),
        cached: 'dated',
      },
    },
    errors: {},
  },
};

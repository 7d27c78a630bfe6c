import type { NounDocs } from '../../http/operation-docs.js';
import type { Schema } from '../../http/validate.js';
import { closed, orNull } from '../shapes.js';
import { LOGIN_SCHEMA } from './schema.js';

const text: Schema = { type: 'string' };

export const loginDocs: NounDocs = {
  'POST /stockroom/login': {
    id: 'signIn',
    summary: 'Exchange a password for a token',
    about:
      'For the console, whose browser cannot ask Keystone itself. It is there when `[stockroom] console_login` is true and Keystone is used. The service passes the ' +
      'credentials on to Keystone and keeps nothing. It needs no token. Without a version header this route has the newest version.',
    body: () => LOGIN_SCHEMA,
    responses: {
      200: {
        about: 'A token of Keystone.',
        body: closed({
          token: text,
          expires_at: orNull({ type: 'string', format: 'date-time' }),
          user: closed({ id: text, name: orNull(text) }),
          project: { ...closed({ id: text, name: orNull(text) }), type: ['object', 'null'] },
          roles: { type: 'array', items: text },
        }),
      },
    },
    errors: {
      400: 'The body is not as documented. The message does not show it.',
      401: 'Keystone rejects the credentials, whatever is wrong with them.',
      403: 'The way is not encrypted, or a page of another site sent the request.',
      404: 'Signing in is switched off.',
      413: 'The body has more than 8,192 bytes.',
      429: 'More than 10 attempts a minute from one address, or 5 for one user, in this process; `retry-after` says when to try again.',
      503: 'Keystone cannot be asked at the moment.',
    },
  },
};

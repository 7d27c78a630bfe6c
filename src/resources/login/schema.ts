import { bodyValidator } from '../../http/validate.js';
import type { Credentials } from '../../auth/keystone/sign-in.js';
import { closed } from '../shapes.js';

const text = { type: 'string', minLength: 1, maxLength: 1024 };

export const LOGIN_SCHEMA = {
  oneOf: [
    closed({
      user: closed({ name: text, domain: text, password: text }),
      project: closed({ name: text, domain: text }),
    }),
    closed({ application_credential: closed({ id: text, secret: text }) }),
  ],
};

export const loginBody = bodyValidator<Credentials>(LOGIN_SCHEMA);

import { invalidQuery } from '../../errors.js';
import { queryValidator } from '../../http/validate.js';

/** Largest body of PUT, in bytes. */
export const MAX_JOB_BYTES = 64 * 1024;

const limit = { type: 'string', pattern: '^([1-9][0-9]{0,2}|1000)$' };

export const jobListQuery = queryValidator<{ readonly limit?: string; readonly after?: string }>({
  type: 'object',
  additionalProperties: false,
  properties: { limit, after: { type: 'string', minLength: 1, maxLength: 100 } },
});

export const runListQuery = queryValidator<{ readonly limit?: string; readonly before?: string }>({
  type: 'object',
  additionalProperties: false,
  properties: { limit, before: { type: 'string', pattern: '^[1-9][0-9]{0,14}$' } },
});

export const deleteQuery = queryValidator<{ readonly lists?: 'keep' | 'delete' }>({
  type: 'object',
  additionalProperties: false,
  properties: { lists: { enum: ['keep', 'delete'] } },
});

/** Returns the token for the place in the list of jobs after an id. Clients send it back as `after`. */
export function tokenOf(id: string): string {
  return Buffer.from(id).toString('base64url');
}

/** @throws 400 when the text is not such a token */
export function idOf(token: string): string {
  const id = Buffer.from(token, 'base64url').toString();
  if (tokenOf(id) !== token || id.includes('\0')) {
    throw invalidQuery(`after: expected the next of an earlier response, got ${JSON.stringify(token)}`);
  }
  return id;
}

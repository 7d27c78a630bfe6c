import { CHANGE_KINDS } from '../../history/model.js';
import type { NounDocs } from '../../http/operation-docs.js';
import type { Schema } from '../../http/validate.js';
import { closed, orNull } from '../shapes.js';
import { changesQuery } from './query.js';

const said = (description: string, schema: Schema): Schema => ({ ...schema, description });
const text: Schema = { type: 'string' };
const state = (description: string): Schema =>
  said(description, orNull({ type: 'object', additionalProperties: true }));

const change = closed(
  {
    cursor: said('The place of the change in the stream.', text),
    at: said('When its transaction began.', { type: 'string', format: 'date-time' }),
    transaction: said('What one transaction changed has the same value here.', text),
    kind: said('`everything`: a table was emptied with TRUNCATE, and any object may have lost what it had.', {
      type: 'string',
      enum: [...CHANGE_KINDS],
    }),
    action: { type: 'string', enum: ['created', 'changed', 'deleted'] },
    provider: said(
      'The provider that changed, or on which something did.',
      closed({ uuid: orNull(text), name: orNull(text) }),
    ),
    consumer: said(
      'The consumer with its present owner, or the last one that it had.',
      closed({ uuid: orNull(text), type: orNull(text), project_id: orNull(text), user_id: orNull(text) }),
    ),
    name: said('The resource class of an inventory; a custom resource class or trait; a table.', text),
    before: state('Null: the object was not there. Always null for traits and aggregates.'),
    after: state('Null: the object is not there any more. For traits and aggregates what was added and removed.'),
    request: said('The request that asked for the change; null when there was none.', {
      ...closed({
        id: text,
        global_id: orNull(text),
        user_id: orNull(text),
        project_id: orNull(text),
        route: text,
        version: text,
      }),
      type: ['object', 'null'],
    }),
    by: said(
      'Who made a change without a request.',
      closed({ database_user: text, command: text }, { optional: ['database_user', 'command'] }),
    ),
  },
  { optional: ['provider', 'consumer', 'name', 'by'] },
);

export const changesDocs: NounDocs = {
  'GET /stockroom/changes': {
    id: 'listChanges',
    summary: 'Follow what changed',
    about:
      'A stream of all changes, in one order for all readers, without gaps: a client asks again with `since` set to `next` of the response before. ' +
      'A change whose request has been responded to is in the stream before `next` of a response that is not `more`. Without a version header this ' +
      'route has the newest version.',
    query: () => changesQuery,
    parameters: {
      since: {
        about:
          'Where to begin: a cursor, `start` (the oldest change that is kept; the default), `now`, or a time in ISO 8601 with an offset.',
        example: 'now',
      },
      before: { about: 'With `order=newest`: only changes before this cursor.', example: '1.57.1042' },
      order: { about: '`oldest` first, the default, or `newest`.', example: 'newest' },
      limit: { about: 'The most changes of a response, 1 to 1000; without it 100.', example: '20' },
      wait: {
        about:
          'With nothing to tell, respond when there is something, or after so many seconds, 0 to 60. Only with `order=oldest`.',
        example: '0',
      },
      kind: { about: 'Only changes of these kinds, with commas between them.', example: 'inventory,traits' },
      provider: { about: 'Only changes of this provider.', example: '4e8e5957-649f-477b-9e5b-f1f75b21c03c' },
      consumer: { about: 'Only changes of this consumer.', example: 'a4a7f5d3-6a9c-4c48-a5f9-4b8a6f1b9d0e' },
      request: {
        about: 'Only changes of the request with this id, its own or the global one.',
        example: 'req-6f1c2e5a-52a8-4a1f-b9f2-0c4a6a2f7d11',
      },
    },
    responses: {
      200: {
        about: 'Changes, and where to go on.',
        body: closed({
          changes: { type: 'array', items: change },
          next: said(
            'Where to go on: `since` of the next request, or `before` with `order=newest`. Always there.',
            text,
          ),
          more: said('True: ask again at once.', { type: 'boolean' }),
        }),
        cached: 'dated',
      },
    },
    errors: {
      400: 'A parameter is malformed, given twice, or has no meaning in the order (`placement.query.bad_value`).',
      404: 'No history is recorded in this database.',
      410:
        'The cursor is older than what is kept, or of another history (`stockroom.changes.gone`). The error object has the cursors `oldest` and `now`: read the ' +
        'present state again and go on from `now`.',
    },
  },
};

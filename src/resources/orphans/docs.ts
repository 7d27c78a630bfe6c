import type { NounDocs } from '../../http/operation-docs.js';
import type { Schema } from '../../http/validate.js';
import { amount, closed, generation, keyed, PROVIDER_UUID, RESOURCE_CLASS, uuid } from '../shapes.js';
import { deletionBody, documentedOrphansBody } from './schema.js';

const said = (description: string, schema: Schema): Schema => ({ ...schema, description });
const list = (items: Schema): Schema => ({ type: 'array', items });
const text: Schema = { type: 'string' };
const textOrNull: Schema = { type: ['string', 'null'] };
const amounts = keyed(RESOURCE_CLASS, amount(1));
const allocations = said(
  'What it has, as PUT /allocations takes it.',
  keyed(PROVIDER_UUID, closed({ resources: amounts })),
);

const judged = {
  consumer: text,
  type: said('null: none was recorded, which is so for consumers written below 1.38.', textOrNull),
  project_id: text,
  user_id: text,
  consumer_generation: generation,
  last_written: said('When anything of it was written last.', text),
  allocations,
  providers: said(
    'The names of these providers and of the roots of their trees.',
    keyed(PROVIDER_UUID, closed({ name: text, root: text })),
  ),
  last_request: said('The request that wrote it last, where the history knows it.', textOrNull),
};

export const orphanDocs: NounDocs = {
  'POST /stockroom/orphans': {
    id: 'findOrphans',
    summary: 'Find allocations whose consumers are gone',
    about:
      'Only the owner of the consumers knows which of them live, so the request has a list of them. The response says which consumers have allocations and are not in it, ' +
      'and the other way round. It changes nothing.',
    body: () => documentedOrphansBody,
    responses: {
      200: {
        about: 'The consumers, as of one moment.',
        body: closed({
          judged: said('How many consumers were judged.', amount(0)),
          not_judged: closed({
            too_young: said('Written after `taken_at` - `older_than`: the list may be older than they.', amount(0)),
            other_type: said('Of another type than `consumer_types`.', amount(0)),
            other_classes: said('They have nothing of `resource_classes`.', amount(0)),
          }),
          counts: said(
            'The length of each list, without `limit`.',
            closed({
              orphans: amount(0),
              elsewhere: amount(0),
              doubled: amount(0),
              without_allocations: amount(0),
            }),
          ),
          orphans: said('Judged, with allocations, and in neither list.', list(closed(judged))),
          elsewhere: said(
            'In `live` with a home, and with allocations in another tree than that of the home. Sharing providers do not count.',
            list(closed({ ...judged, home: said('The root of the home.', closed({ uuid, name: text })) })),
          ),
          doubled: said('With allocations in two trees or more. Sharing providers do not count.', list(closed(judged))),
          without_allocations: said('In `live`, and without allocations.', list(uuid)),
          held_by_orphans: said('What all orphans hold.', keyed(RESOURCE_CLASS, amount(1))),
          more: said('Whether `limit` cut a list.', { type: 'boolean' }),
        }),
        cached: 'dated',
      },
    },
    errors: {
      400: 'The body does not match its schema, or names a resource provider or a resource class that does not exist.',
      409:
        '`live` is empty; or there would be more than 10 orphans, more than 5 % of the judged consumers, and more than `expect_at_most` ' +
        '(`stockroom.orphans.implausible`).',
    },
  },
  'POST /stockroom/orphans/delete': {
    id: 'deleteOrphans',
    summary: 'Delete consumers of a report that have not changed',
    about:
      'Each consumer loses all it has, as by DELETE /allocations/{consumer_uuid}, if its generation is still the one of the report. All deletions of a request happen in one transaction.',
    body: () => deletionBody.schema,
    responses: {
      200: {
        about: 'One result for each consumer, in the order of the request.',
        body: closed({
          results: list(
            closed({
              consumer: text,
              result: said(
                '`changed`: its generation is another one now, and it was left alone. `gone`: there is no such consumer.',
                { enum: ['deleted', 'changed', 'gone'] },
              ),
              allocations: said(
                'What was deleted; of a changed one, what it has.',
                keyed(PROVIDER_UUID, closed({ resources: amounts })),
              ),
            }),
          ),
        }),
        cached: 'dated',
      },
    },
    errors: { 400: 'The body does not match its schema.' },
  },
};

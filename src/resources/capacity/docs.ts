import type { NounDocs } from '../../http/operation-docs.js';
import type { Schema } from '../../http/validate.js';
import { candidatesParameters } from '../allocation-candidates/docs.js';
import { candidatesQueryWith } from '../allocation-candidates/schema.js';
import { amount, closed, uuid } from '../shapes.js';

const said = (description: string, schema: Schema): Schema => ({ ...schema, description });
const list = (items: Schema): Schema => ({ type: 'array', items });
const text: Schema = { type: 'string' };
const condition = said('Id of a condition of the query: the parameter with its suffix, a dot, the class.', text);
const provider = closed({ name: text, uuid });
const bounds = {
  at_least: said('So many fit for sure: a packing of them was constructed.', amount(0)),
  at_most: said('More than so many do not fit: that is proven.', amount(0)),
};

const texts: Schema = { type: 'string' };

export const capacityDocs: NounDocs = {
  'GET /stockroom/capacity': {
    id: 'showCapacity',
    summary: 'Show how many more requests of a shape fit',
    about:
      'The query is one of GET /allocation_candidates. The count is the largest number of such requests, each for a consumer of its own, that can be ' +
      'claimed one after another from the present state. Where it cannot be known exactly in the time that a request may take, it lies between two bounds. ' +
      'Without a version header this route has the newest version; below 1.10 it responds with 400.',
    query: candidatesQueryWith({ limit: texts, show: texts, provider: texts, enough: texts }),
    parameters: {
      ...candidatesParameters,
      limit: { about: 'Accepted, and without effect.', example: '10' },
      show: { about: 'How many trees and aggregates to list, 0 to 200; without it 10.', example: '5' },
      provider: {
        about:
          'A provider whose tree is listed before all others, whether the request fits there or not. May be repeated, 20 times at most.',
        example: '4e8e5957-649f-477b-9e5b-f1f75b21c03c',
        repeatable: '1.0',
      },
      enough: { about: 'Stop when it is certain that so many fit.', example: '100' },
    },
    responses: {
      200: {
        about: 'The count, where the requests fit, and what limits them.',
        body: closed(
          {
            version: said('The microversion that the query was read at.', text),
            count: closed(bounds),
            exact: said('Whether both bounds are the same.', { type: 'boolean' }),
            trees: closed({
              all: said('Trees of providers.', amount(0)),
              relevant: said(
                'Those with an inventory of the right classes for everything that is asked for.',
                amount(0),
              ),
              fitting: said('Those in which a request fits now.', amount(0)),
            }),
            limits: said(
              'How many fitting trees each condition keeps from taking more.',
              list(closed({ condition, trees: amount(1) })),
            ),
            if_pooled: said('What would fit if all free room were in one place.', amount(0)),
            by_aggregate: said(
              'What the trees with a member in an aggregate could take if all others took nothing, most first.',
              list(closed({ aggregate: text, ...bounds })),
            ),
            by_tree: said(
              'What a tree could take if all others took nothing, most first.',
              list(closed({ root: provider, ...bounds, limits: list(condition) })),
            ),
            shared: said(
              'Sharing providers that are full when as many requests fit as can. Only where sharing providers serve other trees.',
              list(closed({ provider, condition })),
            ),
            complete: said('False when a bound ended the work: the numbers are true, but might be closer.', {
              type: 'boolean',
            }),
          },
          { optional: ['shared'] },
        ),
        cached: 'dated',
      },
    },
    errors: {
      400:
        'A query that GET /allocation_candidates rejects at the same version; a version below 1.10; or `show`, `enough` or `provider` is malformed ' +
        '(`placement.query.bad_value`).',
      404: '`provider` names no resource provider.',
    },
  },
};

import type { NounDocs } from '../../http/operation-docs.js';
import type { Schema } from '../../http/validate.js';
import { amount, closed, orNull, uuid } from '../shapes.js';
import { treesQuery } from './query.js';

const said = (description: string, schema: Schema): Schema => ({ ...schema, description });
const list = (items: Schema): Schema => ({ type: 'array', items });
const byClass = (schema: Schema): Schema => ({ type: 'object', additionalProperties: schema });
const text: Schema = { type: 'string' };
const time: Schema = { type: 'string', format: 'date-time' };
const named = closed({ uuid, name: text });
const capacity = said('Truncated for each inventory, and then added.', { type: 'number' });
const number = amount(0);

const NOT_PLACEMENT = 'Without a version header this route has the newest version.';

export const overviewDocs: NounDocs = {
  'GET /stockroom/overview': {
    id: 'showOverview',
    summary: 'Show what the whole cloud has',
    about: `Sums over all providers, and how many requests of the configured shapes fit. ${NOT_PLACEMENT}`,
    responses: {
      200: {
        about: 'The sums.',
        body: closed({
          as_of: said('The moment of the sums.', time),
          providers: number,
          trees: number,
          consumers: said('About so many, by the statistics of the database, which is asked once a minute.', number),
          classes: list(
            closed({
              name: text,
              providers: said('With an inventory of the class.', number),
              total: number,
              reserved: number,
              capacity,
              used: number,
            }),
          ),
          over_capacity: said('Providers of which some inventory has more in use than its capacity.', number),
          without_inventory: said('Providers without any inventory.', number),
          on_two_trees: said(
            'Consumers with allocations in two trees or more; sharing providers do not count. Counted at most five minutes before; null before the first count.',
            orNull(
              closed({
                as_of: said('The moment of the count.', time),
                number,
                consumers: said('The first ten, by UUID.', list(uuid)),
              }),
            ),
          ),
          shapes: said(
            'How many more requests of each `[stockroom] capacity_shape` fit, counted at most 15 seconds before.',
            list(
              closed({
                name: text,
                query: text,
                at_least: number,
                at_most: number,
                limits: said('The conditions that limit trees, those that limit most of them first.', list(text)),
              }),
            ),
          ),
          history: said(
            'What the database has of the history of changes, asked once a minute.',
            closed({
              recording: said('Whether changes are recorded.', { type: 'boolean' }),
              bytes: said('Of its tables and indexes.', number),
              oldest: said('Since when it has all changes; null when it has none.', orNull(time)),
            }),
          ),
          process: said(
            'The process that responds; a service may have several.',
            closed({ version: said('Of Stockroom.', text), started_at: time }),
          ),
        }),
        cached: 'dated',
      },
    },
    errors: {},
  },
  'GET /stockroom/providers': {
    id: 'listTrees',
    summary: 'List trees of providers',
    about:
      'One entry a tree, with what the whole tree has. `q`, `trait`, `member_of`, `class` and `state` have to hold for one provider of the tree, all of them ' +
      `for the same. ${NOT_PLACEMENT}`,
    query: () => treesQuery,
    parameters: {
      q: { about: 'A part of a name, in upper or lower case, or the beginning of a UUID.', example: 'compute' },
      trait: { about: 'A trait that the provider has.', example: 'CUSTOM_GOLD' },
      member_of: {
        about: 'An aggregate that the provider is a member of.',
        example: '42896e0d-205d-4fe3-bd1e-100924931787',
      },
      class: { about: 'A resource class of which the provider has an inventory.', example: 'VCPU' },
      state: {
        about:
          '`over_capacity`: the provider has more in use of some inventory than its capacity. `without_inventory`: it has no inventory.',
        example: 'over_capacity',
      },
      sort: {
        about:
          '`name`, of the root, is the default. `fullest` and `freest` order by the part of the resource class in `class` that is in use in the tree.',
        example: 'fullest',
      },
      limit: { about: 'How many trees to return, 1 to 200; without it 50.', example: '20' },
      after: {
        about: '`next` of the response before, with the same `sort` and `class`.',
        example: 'WyJuYW1lIixudWxsXQ',
      },
    },
    responses: {
      200: {
        about:
          'The trees, in order. The next page is one of the then present state: a tree that changes its place meanwhile may come twice or not at all.',
        body: closed({
          as_of: said(
            'When providers changed last. Another value on the next page: they have changed meanwhile.',
            orNull(time),
          ),
          trees: list(
            closed({
              uuid,
              name: said('Of the root.', text),
              providers: said('In the tree, the root among them.', number),
              shares: said('Whether one of them shares its inventories (MISC_SHARES_VIA_AGGREGATE).', {
                type: 'boolean',
              }),
              matched: said(
                'Names of providers for which the filters hold, five at most; empty without filters.',
                list(text),
              ),
              resources: byClass(closed({ capacity, used: number })),
              traits: said('Different traits in the tree.', number),
              aggregates: said('Different aggregates in the tree.', number),
            }),
          ),
          matching: said('Trees for which the filters hold, on whichever page.', number),
          next: said('For the parameter `after`; null: these are the last.', orNull(text)),
        }),
        cached: 'dated',
      },
    },
    errors: {
      400: 'A parameter is unknown, malformed or given twice, names no resource class or trait, or `sort` needs `class` (`placement.query.bad_value`).',
    },
  },
  'GET /stockroom/providers/:uuid': {
    id: 'showTree',
    summary: 'Show the tree of a provider',
    about: `All providers of the tree with all that they have, parents before their children. ${NOT_PLACEMENT}`,
    responses: {
      200: {
        about: 'The tree.',
        body: closed({
          as_of: said('The moment of what is shown.', time),
          providers: list(
            closed({
              uuid,
              name: text,
              parent_provider_uuid: orNull(uuid),
              generation: number,
              inventories: byClass(
                closed({
                  total: number,
                  reserved: number,
                  min_unit: number,
                  max_unit: number,
                  step_size: number,
                  allocation_ratio: { type: 'number' },
                  capacity: said('Truncated.', { type: 'number' }),
                  used: number,
                }),
              ),
              traits: list(text),
              aggregates: list(uuid),
            }),
          ),
          shares_with: said(
            'Other trees that share resources with this one, in either direction: their roots by name, 100 at most, and how many there are.',
            closed({ roots: list(named), number }),
          ),
        }),
        cached: 'dated',
      },
    },
    errors: { 404: 'There is no such resource provider.' },
  },
};

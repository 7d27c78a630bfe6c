import { REASON_CODES } from '../../explain/reasons.js';
import type { NounDocs } from '../../http/operation-docs.js';
import type { Schema } from '../../http/validate.js';
import { allocationCandidateDocs } from '../allocation-candidates/docs.js';
import { candidatesQueryWith } from '../allocation-candidates/schema.js';
import { closed, orNull, uuid } from '../shapes.js';

const said = (description: string, schema: Schema): Schema => ({ ...schema, description });
const text: Schema = { type: 'string' };
const count: Schema = { type: 'integer', minimum: 0 };
const amount: Schema = { type: 'integer' };
const counted = { type: 'object', additionalProperties: count };
const condition = said('Id of a condition: parameter with suffix, a dot, the item as the query has it.', text);
const provider = closed({ uuid, name: text });

const details = {
  provider: said('The nearest option: the provider that fails the fewest conditions.', provider),
  asked: amount,
  free: said('What is left of the capacity; negative when overcommitted.', amount),
  capacity: amount,
  used: amount,
  total: amount,
  reserved: amount,
  allocation_ratio: { type: 'number' },
  tree_free: said('What is free in the tree, where that is enough but not on one provider.', amount),
  min_unit: amount,
  max_unit: amount,
  step_size: amount,
  traits: { type: 'array', items: text },
  aggregates: { type: 'array', items: text },
  groups: { type: 'array', items: text },
};
const reason = closed(
  {
    condition: orNull(condition),
    code: { enum: [...REASON_CODES] },
    text: said('For people, not for parsing.', text),
    ...details,
  },
  { optional: Object.keys(details) },
);

const conditionCount = closed(
  {
    id: condition,
    group: said('The suffix of its group; null for a condition on the root or between groups.', orNull(text)),
    asked: amount,
    fails: said('Relevant trees that have it among their reasons.', count),
    only: said('Relevant trees that have no other.', count),
    codes: counted,
    free: said(
      'What is free of the class, over the options of relevant trees.',
      closed({ sum: count, largest: count }),
    ),
    largest_ask: said('The largest amount of this class alone that one of them gives.', count),
  },
  { optional: ['asked', 'free', 'largest_ask'] },
);

const change = closed(
  {
    condition,
    change: { enum: ['lower', 'raise', 'drop'] },
    from: { type: ['integer', 'string'] },
    to: { type: ['integer', 'string'] },
    trees: said('How many trees fit then, all counted.', count),
  },
  { optional: ['from', 'to'] },
);

/** The parameters of this route. Below 1.10 the response is 400 for every query, so the query needs no description there. */
const own = { show: text, provider: text };
const explainQuery = candidatesQueryWith(own);

const candidates = allocationCandidateDocs['GET /allocation_candidates'];

export const explainDocs: NounDocs = {
  'GET /stockroom/explain': {
    id: 'explainAllocationCandidates',
    summary: 'Explain why nothing fits, or only so much',
    about:
      'Takes any query of GET /allocation_candidates, and evaluates every tree by every condition of it, whatever `limit` says. Without a version header ' +
      'the query is read as the newest version does; below 1.10 the response is 400. Nothing is written or held.',
    query: explainQuery,
    parameters: {
      ...(candidates?.parameters ?? {}),
      show: { about: 'How many trees to list, nearest first; 0 to 200, 10 without it.', example: '3' },
      provider: {
        about:
          'Uuid of a provider whose tree is listed in any case, fitting or not, before the others. May be repeated, 20 at most.',
        example: '4e8e5957-649f-477b-9e5b-f1f75b21c03c',
        repeatable: '1.0',
      },
    },
    responses: {
      200: {
        about: 'What every tree lacks, and what would help. More members may come in any release.',
        body: closed({
          version: said('The version at which the query was read.', text),
          outcome: { enum: ['some', 'none'] },
          complete: said('False when `[stockroom] explain_max_steps` was reached: some trees are undecided.', {
            type: 'boolean',
          }),
          trees: closed({
            all: count,
            relevant: said('Trees with an inventory for every part of the request, however full.', count),
            fitting: count,
            fitting_when_empty: said('Trees that would fit if nothing were used.', count),
          }),
          summary: said('One sentence for people.', text),
          funnel: said('How many trees are left when conditions are added kind by kind.', {
            type: 'array',
            items: closed({ stage: text, trees: count }),
          }),
          conditions: { type: 'array', items: conditionCount },
          conflict: said(
            'Conditions that no tree meets together, none of which can be left out; null when something fits.',
            {
              oneOf: [{ type: 'null' }, { type: 'array', items: closed({ id: condition, met_by: count }) }],
            },
          ),
          changes: said('Single changes of the request after which more trees fit.', { type: 'array', items: change }),
          nearest: said('Trees that do not fit, those that miss least first.', {
            type: 'array',
            items: closed({
              root: provider,
              fits: { type: 'boolean' },
              reasons: { type: 'array', items: reason },
            }),
          }),
        }),
        cached: 'dated',
      },
    },
    errors: {
      400: 'The version is below 1.10, or the query is one that GET /allocation_candidates rejects, or `show` or `provider` is malformed (`placement.query.bad_value`).',
      404: 'A `provider` does not exist.',
      503: 'The database cannot be reached, or too many explanations wait.',
    },
  },
};

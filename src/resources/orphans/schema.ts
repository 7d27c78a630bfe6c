import { bodyValidator, type Schema } from '../../http/validate.js';

/** The body of POST /stockroom/orphans. parse.ts checks the items of its lists. */
export interface OrphansBody {
  readonly live: readonly unknown[];
  readonly also_live?: readonly unknown[];
  readonly taken_at: string;
  readonly older_than?: number;
  readonly consumer_types?: readonly (string | null)[] | null;
  readonly resource_classes?: readonly string[] | null;
  readonly limit?: number;
  readonly expect_at_most?: number | null;
}

/** The body of POST /stockroom/orphans/delete. */
export interface DeletionBody {
  readonly consumers: readonly { readonly consumer: string; readonly consumer_generation: number }[];
}

/** The largest body of POST /stockroom/orphans, in bytes: some 800,000 UUIDs. */
export const LARGEST_LISTS = 32 * 1024 * 1024;

/** The most entries of each list of a report. */
export const MOST_SHOWN = 10_000;
/** The most consumers of one deletion. */
export const MOST_DELETED = 1000;

const TEN_YEARS = 10 * 366 * 86_400;
const name = { type: 'string', minLength: 1, maxLength: 255, format: 'text' };
const amount = { type: 'integer', minimum: 0 };

function closed(properties: Schema, required: readonly string[]): Schema {
  return { type: 'object', additionalProperties: false, required, properties };
}

const rest = {
  taken_at: { type: 'string', maxLength: 40 },
  older_than: { type: 'integer', minimum: 0, maximum: TEN_YEARS },
  consumer_types: { type: ['array', 'null'], maxItems: 100, items: { ...name, type: ['string', 'null'] } },
  resource_classes: { type: ['array', 'null'], maxItems: 1000, items: name },
  limit: { type: 'integer', minimum: 0, maximum: MOST_SHOWN },
  expect_at_most: { type: ['integer', 'null'], minimum: 0 },
};
const required = ['live', 'taken_at'];

/** Does not validate the items of the lists. There may be a million, so parse.ts checks them in slices. */
export const orphansBody = bodyValidator<OrphansBody>(
  closed({ live: { type: 'array' }, also_live: { type: 'array' }, ...rest }, required),
);

const uuid = { type: 'string', format: 'uuid' };
const home = { type: ['string', 'null'], minLength: 1, maxLength: 255 };

/** The complete schema, for the API reference. */
export const documentedOrphansBody: Schema = closed(
  {
    live: {
      type: 'array',
      items: { anyOf: [uuid, closed({ consumer: uuid, provider: home }, ['consumer'])] },
    },
    also_live: { type: 'array', items: uuid },
    ...rest,
  },
  required,
);

export const deletionBody = bodyValidator<DeletionBody>(
  closed(
    {
      consumers: {
        type: 'array',
        minItems: 1,
        maxItems: MOST_DELETED,
        items: closed({ consumer: { ...name, maxLength: 36 }, consumer_generation: amount }, [
          'consumer',
          'consumer_generation',
        ]),
      },
    },
    ['consumers'],
  ),
);

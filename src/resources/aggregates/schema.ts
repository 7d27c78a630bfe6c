import { byVersion } from '../../http/microversions.js';
import { bodyValidator, validateInSlices, type Schema } from '../../http/validate.js';

export interface AggregatesBody {
  readonly aggregates: readonly string[];
  /** Null before 1.19, when generations were neither sent nor compared. */
  readonly generation: number | null;
}

const aggregates = { type: 'array', items: { type: 'string', format: 'uuid' }, uniqueItems: true };

const bareList = bodyValidator<readonly string[]>(aggregates);
const withGeneration = bodyValidator<{ aggregates: readonly string[]; resource_provider_generation: number }>({
  type: 'object',
  required: ['aggregates', 'resource_provider_generation'],
  additionalProperties: false,
  properties: { aggregates, resource_provider_generation: { type: 'integer' } },
});

export const aggregatesBody = byVersion<(body: unknown) => Promise<AggregatesBody>>(
  async (body) => ({ aggregates: await validateInSlices(bareList, body), generation: null }),
  {
    aggregatesGeneration: async (body) => {
      const { aggregates, resource_provider_generation } = await validateInSlices(withGeneration, body);
      return { aggregates, generation: resource_provider_generation };
    },
  },
);

/** The schema of the body, for the API reference. */
export const aggregatesSchema = byVersion<Schema>(bareList.schema, { aggregatesGeneration: withGeneration.schema });

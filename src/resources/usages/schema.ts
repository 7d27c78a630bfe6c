import { byVersion } from '../../http/microversions.js';
import { queryValidator, type Schema } from '../../http/validate.js';

export interface UsagesQuery {
  readonly project_id: string;
  readonly user_id?: string;
  readonly consumer_type?: string;
}

const id = { type: 'string', minLength: 1, maxLength: 255 };
const closed = (properties: Schema): Schema => ({
  type: 'object',
  required: ['project_id'],
  additionalProperties: false,
  properties,
});

export const usagesQuery = byVersion(queryValidator<UsagesQuery>(closed({ project_id: id, user_id: id })), {
  consumerTypes: queryValidator<UsagesQuery>(
    closed({
      project_id: id,
      user_id: id,
      // A type, or `all` for all types together, or `unknown` for consumers without a type.
      consumer_type: { type: 'string', pattern: '^([A-Z0-9_]+|all|unknown)$', minLength: 1, maxLength: 255 },
    }),
  ),
});

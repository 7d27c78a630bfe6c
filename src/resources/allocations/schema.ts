import { byVersion, type Version } from '../../http/microversions.js';
import { bodyValidator, type Schema, type Validator } from '../../http/validate.js';

/** The body of PUT /allocations/{consumer_uuid} at the newest version. Bodies of older versions do not have the newer members. */
export interface ConsumerBody {
  readonly allocations: ListedAllocations | AllocationsByProvider;
  readonly project_id?: string;
  readonly user_id?: string;
  readonly consumer_generation?: number | null;
  readonly consumer_type?: string;
}

/** The form before 1.12. */
export type ListedAllocations = readonly {
  readonly resource_provider: { readonly uuid: string };
  readonly resources: Readonly<Record<string, number>>;
}[];

export type AllocationsByProvider = Readonly<Record<string, { readonly resources: Readonly<Record<string, number>> }>>;

const RESOURCE_CLASS = '^[A-Z0-9_]+$';
/** An object key that is a uuid: any 36 of these characters, as upstream. */
const UUID_KEY = '^[0-9a-fA-F-]{36}$';

const closed = (properties: Schema, required: readonly string[], more: Schema = {}): Schema => ({
  type: 'object',
  required,
  additionalProperties: false,
  properties,
  ...more,
});
const keyed = (pattern: string, value: Schema, more: Schema = {}): Schema => ({
  type: 'object',
  patternProperties: { [pattern]: value },
  additionalProperties: false,
  ...more,
});

const resources = keyed(RESOURCE_CLASS, { type: 'integer', minimum: 1 }, { minProperties: 1 });
const listed: Schema = {
  type: 'array',
  minItems: 1,
  items: closed({ resource_provider: closed({ uuid: { type: 'string', format: 'uuid' } }, ['uuid']), resources }, [
    'resource_provider',
    'resources',
  ]),
};
const byProvider = (more: Schema): Schema =>
  keyed(UUID_KEY, closed({ resources, generation: { type: 'integer' } }, ['resources']), more);
const atLeastOne = byProvider({ minProperties: 1 });
const maybeEmpty = byProvider({});

const owner = { type: 'string', minLength: 1, maxLength: 255, format: 'text' };
const owners = { project_id: owner, user_id: owner };
const consumer_generation = { type: ['integer', 'null'] };
const mappings = {
  type: 'object',
  minProperties: 1,
  patternProperties: {
    '[a-zA-Z0-9_-]{1,64}': { type: 'array', minItems: 1, items: { type: 'string', format: 'uuid' } },
  },
};
const consumer_type = { type: 'string', pattern: RESOURCE_CLASS, minLength: 1, maxLength: 255 };

const owned = ['allocations', 'project_id', 'user_id'];
const generational = [...owned, 'consumer_generation'];
const typed = [...generational, 'consumer_type'];

const since128 = { allocations: maybeEmpty, ...owners, consumer_generation };
const since134 = { ...since128, mappings };
const since138 = { ...since134, consumer_type };

export const consumerBody = byVersion(bodyValidator<ConsumerBody>(closed({ allocations: listed }, ['allocations'])), {
  projectAndUser: bodyValidator(closed({ allocations: listed, ...owners }, owned)),
  allocationsByProvider: bodyValidator(closed({ allocations: atLeastOne, ...owners }, owned)),
  consumerGenerations: bodyValidator(closed(since128, generational)),
  mappings: bodyValidator(closed(since134, generational)),
  consumerTypes: bodyValidator(closed(since138, typed)),
});

/** The schema of each consumer in POST /allocations and in the reshaper. `allocations` may be empty at every version. */
const consumersSchema = byVersion<Schema>(closed({ allocations: maybeEmpty, ...owners }, owned), {
  consumerGenerations: closed(since128, generational),
  mappings: closed(since134, generational),
  consumerTypes: closed(since138, typed),
});

export type ConsumersBody = Readonly<Record<string, ConsumerBody>>;

/** An object of consumers, by uuid. */
export function consumersByUuid(version: Version, more: Schema): Schema {
  return keyed(UUID_KEY, consumersSchema(version), more);
}

/** Makes one validator for each different schema of consumers. */
export function perConsumersSchema<T>(build: (version: Version) => Schema): (version: Version) => Validator<T> {
  const compiled = new Map<Schema, Validator<T>>();
  return (version) => {
    const key = consumersSchema(version);
    let validator = compiled.get(key);
    if (validator === undefined) {
      validator = bodyValidator<T>(build(version));
      compiled.set(key, validator);
    }
    return validator;
  };
}

export const manageBody = perConsumersSchema<ConsumersBody>((version) =>
  consumersByUuid(version, { minProperties: 1 }),
);

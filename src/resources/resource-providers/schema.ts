import { byVersion } from '../../http/microversions.js';
import { bodyValidator, queryValidator, type Schema } from '../../http/validate.js';

export interface ProviderBody {
  readonly name: string;
  readonly uuid?: string;
  readonly parent_provider_uuid?: string | null;
}

const name = { type: 'string', maxLength: 200, format: 'text' };
const parent_provider_uuid = { type: ['string', 'null'], format: 'uuid' };
const closed = (properties: Schema): Schema => ({
  type: 'object',
  required: ['name'],
  additionalProperties: false,
  properties,
});

const uuid = { type: 'string', format: 'uuid' };

export const createBody = byVersion(bodyValidator<ProviderBody>(closed({ name, uuid })), {
  nestedProviders: bodyValidator<ProviderBody>(closed({ name, uuid, parent_provider_uuid })),
});

export const updateBody = byVersion(bodyValidator<ProviderBody>(closed({ name })), {
  nestedProviders: bodyValidator<ProviderBody>(closed({ name, parent_provider_uuid })),
});

export interface ListQuery {
  readonly name?: string;
  readonly uuid?: string;
  readonly in_tree?: string;
  readonly resources?: string;
  readonly required?: string;
  readonly member_of?: string;
}

const text = { type: 'string' };
const dashedUuid = { type: 'string', format: 'dashed-uuid' };
const list = (properties: Schema) =>
  queryValidator<ListQuery>({ type: 'object', additionalProperties: false, properties });

const since10 = { name: text, uuid: dashedUuid };
const since13 = { ...since10, member_of: text };
const since14 = { ...since13, resources: text };
const since114 = { ...since14, in_tree: dashedUuid };

export const listQuery = byVersion(list(since10), {
  providersMemberOf: list(since13),
  providersResources: list(since14),
  nestedProviders: list(since114),
  providersRequired: list({ ...since114, required: text }),
});

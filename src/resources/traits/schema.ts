import { bodyValidator, queryValidator } from '../../http/validate.js';

export interface ProviderTraitsBody {
  readonly traits: readonly string[];
  readonly resource_provider_generation: number;
}

export const providerTraitsBody = bodyValidator<ProviderTraitsBody>({
  type: 'object',
  required: ['traits', 'resource_provider_generation'],
  additionalProperties: false,
  properties: {
    traits: { type: 'array', items: { type: 'string', minLength: 1, maxLength: 255, format: 'text' } },
    resource_provider_generation: { type: 'integer' },
  },
});

export const traitListQuery = queryValidator<{ readonly name?: string; readonly associated?: string }>({
  type: 'object',
  additionalProperties: false,
  properties: { name: { type: 'string' }, associated: { type: 'string' } },
});

/** @see invalidTraitName */
export function isCustomTraitName(name: string): boolean {
  return name.length <= 255 && /^CUSTOM_[A-Z0-9_]+$/.test(name);
}

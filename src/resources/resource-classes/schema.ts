import { bodyValidator } from '../../http/validate.js';

/** Custom names: upper case, digits and underscores after the prefix. */
export const resourceClassBody = bodyValidator<{ readonly name: string }>({
  type: 'object',
  required: ['name'],
  additionalProperties: false,
  properties: { name: { type: 'string', pattern: '^CUSTOM_[A-Z0-9_]+$', maxLength: 255 } },
});

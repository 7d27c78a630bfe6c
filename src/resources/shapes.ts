import { minorOf, type MicroversionChange } from '../http/microversions.js';
import type { Schema } from '../http/validate.js';

/**
 * The schemas with which `docs.ts` of each noun describes responses for the API reference. They are JSON Schema 2020-12, and have for each
 * member the version from which on it exists. api-ref/README.md explains the `x-openstack-` keywords.
 */

const INT_MAX = 2147483647;

/** The UUID of a provider: the service writes it in lower case with dashes. */
export const uuid: Schema = {
  type: 'string',
  format: 'uuid',
  pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
};
/** The UUID of a consumer: any 36 hexadecimal digits and dashes, because POST /allocations keeps the spelling of the client. */
export const CONSUMER_UUID = '^[0-9a-fA-F-]{36}$';
export const PROVIDER_UUID = uuid['pattern'] as string;
export const RESOURCE_CLASS = '^[A-Z0-9_]+$';
export const generation: Schema = { type: 'integer', minimum: 0, maximum: INT_MAX };
export const traitNames: Schema = {
  type: 'array',
  uniqueItems: true,
  items: { type: 'string', pattern: '^[A-Z0-9_]+$', maxLength: 255 },
};

export const integer = (minimum: number, maximum = INT_MAX): Schema => ({ type: 'integer', minimum, maximum });

/** An amount without an upper limit, because a sum may be larger than a single amount can be. */
export const amount = (minimum: number): Schema => ({ type: 'integer', minimum });

/** An object with these members and no others. All are required but those in `optional`. */
export function closed(
  properties: Readonly<Record<string, Schema>>,
  { optional = [] as readonly string[] } = {},
): Schema {
  return {
    type: 'object',
    additionalProperties: false,
    required: Object.keys(properties).filter((name) => !optional.includes(name)),
    properties,
  };
}

/** An object whose keys all match a pattern. */
export function keyed(pattern: string, value: Schema, more: Schema = {}): Schema {
  return { type: 'object', additionalProperties: false, patternProperties: { [pattern]: value }, ...more };
}

export function orNull(schema: Schema): Schema {
  return { ...schema, type: [schema['type'], 'null'] };
}

/** A member that responses have from the version of a change on. */
export function since(change: MicroversionChange, schema: Schema): Schema {
  return { 'x-openstack-min-version': `1.${minorOf(change)}`, ...schema };
}

/** A value that had other forms before the given changes. The oldest form comes first. */
export function formerly(
  schema: Schema,
  ...forms: readonly (readonly [before: MicroversionChange, form: Schema])[]
): Schema {
  const earlier = forms.map(([before, form]) => ({
    'x-openstack-max-version': `1.${minorOf(before) - 1}`,
    schema: form,
  }));
  return { ...schema, 'x-openstack-earlier': earlier };
}

/** Links in a fixed order. Each leads to a path that ends with its name. */
export function links(self: string, others: readonly string[] = []): Schema {
  const link = (rel: string, path: string): Schema =>
    closed({ rel: { const: rel }, href: { type: 'string', pattern: `^(/[^/]+)*${path}$` } });
  const all = [link('self', self), ...others.map((rel) => link(rel, `${self}/${rel}`))];
  return { type: 'array', prefixItems: all, items: false, minItems: all.length };
}

import { minorOf, type MicroversionChange } from '../http/microversions.js';
import type { Schema } from '../http/validate.js';

/**
 * The vocabulary in which responses are described for the API reference (`docs.ts` of each noun): JSON Schema 2020-12
 * that says of each member since when it is there. api-ref/README.md explains the `x-openstack-` notes.
 */

const INT_MAX = 2147483647;

/** Lower case with dashes, as the service writes the uuids of providers. */
export const uuid: Schema = {
  type: 'string',
  format: 'uuid',
  pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
};
/** The uuid of a consumer may be any 36 hexadecimal digits and dashes: POST /allocations keeps what it is given. */
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

/** What is in use is summed, so it may be larger than one amount can be. */
export const amount = (minimum: number): Schema => ({ type: 'integer', minimum });

/** An object with these members and no others. All are there but those named as optional. */
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

/** A member that responses have from a change on. */
export function since(change: MicroversionChange, schema: Schema): Schema {
  return { 'x-openstack-min-version': `1.${minorOf(change)}`, ...schema };
}

/** A value that looked different before a change; the oldest form comes first. */
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

/** Links in a fixed order, each to a path that ends in its name. */
export function links(self: string, others: readonly string[] = []): Schema {
  const link = (rel: string, path: string): Schema =>
    closed({ rel: { const: rel }, href: { type: 'string', pattern: `^(/[^/]+)*${path}$` } });
  const all = [link('self', self), ...others.map((rel) => link(rel, `${self}/${rel}`))];
  return { type: 'array', prefixItems: all, items: false, minItems: all.length };
}

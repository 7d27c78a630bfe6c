import type { Schema } from '../../src/http/validate.js';
import { escape, inline, note } from './markup.js';

/** A schema as a person reads it: a line for what it is, and a list of its members. */
export function schemaHtml(schema: Schema): string {
  const earlier = (schema['x-openstack-earlier'] ?? []) as { 'x-openstack-max-version': string; schema: Schema }[];
  const forms = earlier.map(
    (form) =>
      `<details class="earlier"><summary>another form until ${escape(form['x-openstack-max-version'])}</summary>${schemaHtml(form.schema)}</details>`,
  );
  return `<span class="type">${typeOf(schema)}</span>${membersOf(schema)}${forms.join('')}`;
}

function membersOf(schema: Schema): string {
  const required = (schema['required'] ?? []) as string[];
  const closed = schema['additionalProperties'] === false;
  const named = Object.entries((schema['properties'] ?? {}) as Record<string, Schema>).map(([name, member]) =>
    memberHtml(`<code>${escape(name)}</code>`, member, closed && !required.includes(name)),
  );
  const patterned = Object.entries((schema['patternProperties'] ?? {}) as Record<string, Schema>).map(
    ([pattern, member]) => memberHtml(`<em title="${escape(pattern)}">${keyName(pattern)}</em>`, member, false),
  );
  const items = schema['items'];
  const each = typeof items === 'object' && items !== null ? [memberHtml('<em>each</em>', items as Schema, false)] : [];
  const nth = ((schema['prefixItems'] ?? []) as Schema[]).map((item, index) =>
    memberHtml(`<em>[${index}]</em>`, item, false),
  );
  const choices = ((schema['oneOf'] ?? []) as Schema[]).map((choice) => memberHtml('<em>either</em>', choice, false));
  const all = [...named, ...patterned, ...each, ...nth, ...choices];
  return all.length === 0 ? '' : `<ul class="members">${all.join('')}</ul>`;
}

function memberHtml(name: string, schema: Schema, optional: boolean): string {
  const description = schema['description'] as string | undefined;
  return (
    `<li>${name}${note(schema)}${optional ? ' <span class="optional">optional</span>' : ''} ${schemaHtml(schema)}` +
    `${description === undefined ? '' : ` <span class="about">${inline(description)}</span>`}</li>`
  );
}

function keyName(pattern: string): string {
  if (pattern === '^[A-Z0-9_]+$') return 'NAME OF A CLASS';
  if (pattern.includes('0-9a-f')) return 'uuid';
  if (pattern.includes('unknown')) return 'consumer type';
  return 'suffix';
}

/** `integer, 1 to 2147483647` */
function typeOf(schema: Schema): string {
  const parts: string[] = [];
  const { type, minimum, maximum, minLength, maxLength, minItems, minProperties, pattern, format } = schema as {
    type?: string | string[];
    minimum?: number;
    maximum?: number;
    minLength?: number;
    maxLength?: number;
    minItems?: number;
    minProperties?: number;
    pattern?: string;
    format?: string;
  };
  if ('const' in schema) return `<code>${escape(JSON.stringify(schema['const']))}</code>`;
  if (Array.isArray(schema['enum'])) {
    return `one of ${schema['enum'].map((one) => `<code>${escape(String(one))}</code>`).join(', ')}`;
  }
  if (schema['oneOf'] !== undefined) return '';
  const kind = format === 'uuid' ? 'uuid' : [type ?? []].flat().join(' or ');
  parts.push(kind + (format === 'uuid' && Array.isArray(type) ? ' or null' : ''));
  if (minimum !== undefined && maximum !== undefined) parts.push(`${minimum} to ${maximum}`);
  else if (minimum !== undefined) parts.push(`${minimum} or more`);
  else if (maximum !== undefined) parts.push(`${maximum} at most`);
  if ((minLength ?? 0) > 0 || (minItems ?? 0) > 0 || (minProperties ?? 0) > 0) parts.push('not empty');
  if (maxLength !== undefined) parts.push(`${maxLength} characters at most`);
  if (schema['uniqueItems'] === true) parts.push('nothing twice');
  if (pattern !== undefined && format !== 'uuid' && !pattern.includes('u0000')) {
    parts.push(`<code>${escape(pattern)}</code>`);
  }
  return parts.join(', ');
}

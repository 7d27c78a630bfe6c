import { negotiate, NEWEST_VERSION, type Version } from '../../src/http/microversions.js';
import type { OperationDocs } from '../../src/http/operation-docs.js';
import type { Schema } from '../../src/http/validate.js';
import { GLOSSARY } from './glossary.js';
import { distinct, type Form } from './versions.js';

/** The schemas that the service compiles for each version, as others can read them. */

export interface BodyForms {
  readonly forms: readonly Form[];
  /** The last minor version that takes a body; null while the newest does. */
  readonly until: number | null;
}

/** The bodies of an operation from a minor version on; null where it never takes one. */
export function bodyForms({ body }: OperationDocs, from: number): BodyForms | null {
  if (body === undefined) return null;
  const forms = minorsFrom(from).flatMap((minor) => {
    const schema = body(versionAt(minor));
    return schema === null ? [] : [{ from: minor, schema: described(published(schema)) }];
  });
  const last = forms.at(-1)!.from;
  return { forms: distinct(forms), until: last === NEWEST_VERSION.minor ? null : last };
}

/** The schema of a query string at each minor version from one on. */
export function queryForms({ query }: OperationDocs, from: number): Form[] {
  if (query === undefined) return [];
  return minorsFrom(from).map((minor) => ({ from: minor, schema: published(query(versionAt(minor)).schema) }));
}

export function versionAt(minor: number): Version {
  return negotiate(`placement 1.${minor}`);
}

function minorsFrom(from: number): number[] {
  return Array.from({ length: NEWEST_VERSION.minor + 1 - from }, (_, index) => from + index);
}

/** Without the formats that only the service knows. */
export function published(schema: Schema): Schema {
  const entries = Object.entries(schema).flatMap(([keyword, value]) => {
    if (keyword === 'properties') return [[keyword, mapValues(value as Record<string, Schema>, published)]];
    return keyword === 'format' ? Object.entries(format(value as string)) : [[keyword, inside(value, published)]];
  });
  return Object.fromEntries(entries) as Schema;
}

/** With what each member means. */
export function described(schema: Schema): Schema {
  const entries = Object.entries(schema).map(([keyword, value]): [string, unknown] => {
    if (keyword !== 'properties') return [keyword, inside(value, described)];
    const describe = (member: Schema, name: string): Schema => {
      const description = GLOSSARY[name];
      return { ...(description === undefined ? {} : { description }), ...described(member) };
    };
    return [keyword, mapValues(value as Record<string, Schema>, describe)];
  });
  return Object.fromEntries(entries);
}

function inside(value: unknown, change: (schema: Schema) => Schema): unknown {
  if (Array.isArray(value)) return value.map((one: unknown) => inside(one, change));
  return typeof value === 'object' && value !== null ? change(value as Schema) : value;
}

function mapValues(members: Record<string, Schema>, change: (member: Schema, name: string) => Schema): Schema {
  return Object.fromEntries(Object.entries(members).map(([name, member]) => [name, change(member, name)]));
}

/** @see src/http/validate.ts */
function format(name: string): Schema {
  switch (name) {
    case 'text':
      return { pattern: '^[^\\u0000]*$' };
    case 'dashed-uuid':
      return { format: 'uuid' };
    default:
      return { format: name };
  }
}

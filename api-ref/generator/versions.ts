import { isDeepStrictEqual } from 'node:util';
import type { Schema } from '../../src/http/validate.js';

/**
 * One schema for all microversions, and back. A member that came later has `x-openstack-min-version`; a value that looked
 * different before has its older forms, the oldest first, in `x-openstack-earlier`. `atVersion(fold(forms), minor)` is the
 * form of that version again: so the notes say neither more nor less than the code does.
 */

export interface Form {
  /** The first minor version that has it. */
  readonly from: number;
  readonly schema: Schema;
}

export interface Noted {
  readonly 'x-openstack-min-version'?: string;
  readonly 'x-openstack-max-version'?: string;
}

interface EarlierForm {
  readonly 'x-openstack-max-version': string;
  readonly schema: Schema;
}

/** @param forms oldest first, each different from the one before */
export function fold(forms: readonly Form[]): Schema {
  const newest = forms.at(-1)!.schema;
  if (forms.length === 1) return newest;
  const members = foldMembers(forms);
  if (members !== null) return members;
  const earlier = forms.slice(0, -1).map(({ schema }, index): EarlierForm => ({
    'x-openstack-max-version': `1.${forms[index + 1]!.from - 1}`,
    schema,
  }));
  return { ...newest, 'x-openstack-earlier': earlier };
}

/** The forms of consecutive versions without repetition. */
export function distinct(forms: readonly Form[]): Form[] {
  return forms.filter((form, index) => index === 0 || !isDeepStrictEqual(form.schema, forms[index - 1]!.schema));
}

/** Schemas that differ only in their members, of which none was ever taken away; null for others. */
function foldMembers(forms: readonly Form[]): Schema | null {
  const first = forms[0]!;
  const newest = forms.at(-1)!.schema;
  const frames = forms.map(({ schema }) => withoutMembers(schema));
  const patterns = forms.map(({ schema }) => Object.keys(membersOf(schema, 'patternProperties')));
  if (frames.some((frame) => !isDeepStrictEqual(frame, frames[0]))) return null;
  if (patterns.some((names) => !isDeepStrictEqual(names, patterns[0]))) return null;

  const names = Object.keys(membersOf(newest, 'properties'));
  for (const { schema } of forms) {
    const here = Object.keys(membersOf(schema, 'properties'));
    const required = requiredOf(newest).filter((name) => here.includes(name));
    if (here.some((name) => !names.includes(name)) || !isDeepStrictEqual(requiredOf(schema), required)) return null;
  }
  const foldEach = (part: 'properties' | 'patternProperties'): Schema =>
    Object.fromEntries(
      Object.keys(membersOf(newest, part)).map((name) => {
        const having = forms.flatMap(({ from, schema }) => {
          const member = membersOf(schema, part)[name];
          return member === undefined ? [] : [{ from, schema: member }];
        });
        const later = having[0]!.from > first.from ? { 'x-openstack-min-version': `1.${having[0]!.from}` } : {};
        return [name, { ...later, ...fold(distinct(having)) }];
      }),
    );
  return {
    ...newest,
    ...(names.length === 0 ? {} : { properties: foldEach('properties') }),
    ...(patterns[0]!.length === 0 ? {} : { patternProperties: foldEach('patternProperties') }),
  };
}

function withoutMembers(schema: Schema): Schema {
  const folded = ['properties', 'patternProperties', 'required'];
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => !folded.includes(keyword)));
}

/** A schema as one minor version had it, without the notes. */
export function atVersion(schema: Schema, minor: number): Schema {
  const { 'x-openstack-earlier': earlier = [], ...present } = schema;
  const form = (earlier as EarlierForm[]).find((one) => minor <= minorIn(one['x-openstack-max-version']));
  if (form !== undefined) return atVersion(form.schema, minor);
  const result: Schema = {};
  for (const [keyword, value] of Object.entries(present)) {
    if (keyword.startsWith('x-openstack-')) continue;
    if (keyword === 'properties') result[keyword] = presentMembers(value as Record<string, Schema>, minor);
    else if (keyword === 'patternProperties') result[keyword] = presentMembers(value as Record<string, Schema>, minor);
    else if (keyword === 'required') {
      const members = membersOf(present, 'properties');
      result[keyword] = (value as string[]).filter((name) => isPresent(members[name] ?? {}, minor));
    } else result[keyword] = inside(value, minor);
  }
  return result;
}

function inside(value: unknown, minor: number): unknown {
  if (Array.isArray(value)) return value.map((one: unknown) => inside(one, minor));
  if (typeof value === 'object' && value !== null) return atVersion(value as Schema, minor);
  return value;
}

function presentMembers(members: Record<string, Schema>, minor: number): Schema {
  const present = Object.entries(members).filter(([, member]) => isPresent(member, minor));
  return Object.fromEntries(present.map(([name, member]) => [name, atVersion(member, minor)]));
}

/** Whether a member, parameter or response with these notes exists at a minor version. */
export function isPresent(noted: Noted, minor: number): boolean {
  const { 'x-openstack-min-version': min, 'x-openstack-max-version': max } = noted;
  return (min === undefined || minor >= minorIn(min)) && (max === undefined || minor <= minorIn(max));
}

/** 14 of `1.14`. */
export function minorIn(version: string): number {
  return Number(version.slice('1.'.length));
}

function membersOf(schema: Schema, part: 'properties' | 'patternProperties'): Record<string, Schema> {
  return (schema[part] ?? {}) as Record<string, Schema>;
}

function requiredOf(schema: Schema): string[] {
  return (schema['required'] ?? []) as string[];
}

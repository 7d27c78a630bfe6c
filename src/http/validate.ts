import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { invalidQuery, schemaMismatch, type ApiError } from '../errors.js';
import { createYieldPoint } from '../slices.js';
import { chunksOf, isLarge } from './json-chunks.js';

/**
 * JSON Schema validation with upstream's wording: `{summary}  Failed validating '{keyword}' in schema{path}: ...`. Clients
 * and the OpenStack project's own tests look for parts of it. Values are shown in Python's notation for the same reason.
 */

export type Schema = Record<string, unknown>;
/** Returns the value with its type, or throws a 400 that says what is wrong. */
export interface Validator<T> {
  (value: unknown): T;
  /** What it was compiled from, for the API reference. */
  readonly schema: Schema;
}

const ajv = new Ajv({ strict: true, allowUnionTypes: true, verbose: true, strictRequired: false });

/** uuid-like: `urn:`, `uuid:`, braces and dashes aside, 32 hexadecimal digits (docs/contract/schemas.md#uuid-like). */
export function isUuidLike(text: string): boolean {
  return normalizeUuid(text) !== undefined;
}

/** The lower-case dashed form of a uuid-like text, or undefined when it is none. Linear in the length of the text. */
export function normalizeUuid(text: string): string | undefined {
  const bare = text.replace(/urn:|uuid:/g, '');
  let [start, end] = [0, bare.length];
  // Not /[{}]+$/: it starts again at each brace, which takes 4 s for 100,000 of them in the middle.
  while (isBrace(bare[start])) start++;
  while (end > start && isBrace(bare[end - 1])) end--;
  const digits = bare.slice(start, end).replaceAll('-', '').toLowerCase();
  if (!/^[0-9a-f]{32}$/.test(digits)) return undefined;
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function isBrace(character: string | undefined): boolean {
  return character === '{' || character === '}';
}

ajv.addFormat('uuid', isUuidLike);
ajv.addFormat('dashed-uuid', /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i);
// PostgreSQL stores neither NUL nor half of a surrogate pair, so a text with one must be rejected before it gets there.
ajv.addFormat('text', (text) => !text.includes('\0') && text.isWellFormed());

/** Of a request body. */
export function bodyValidator<T>(schema: Schema): Validator<T> {
  return validator<T>(schema, schemaMismatch);
}

/** Of a query string: an object of its last values. */
export function queryValidator<T>(schema: Schema): Validator<T> {
  return validator<T>(schema, invalidQuery);
}

/** Compiles the schema when it is needed first: all together take a quarter of a second, in which no worker is ready. */
function validator<T>(schema: Schema, failure: (report: string) => ApiError): Validator<T> {
  let compiled: ValidateFunction<T> | null = null;
  const check = (value: unknown): T => {
    const validate = (compiled ??= ajv.compile<T>(schema));
    if (validate(value)) return value;
    const error = validate.errors?.[0];
    throw failure(error === undefined ? 'the value does not match the schema' : describe(error));
  };
  return Object.assign(check, { schema });
}

/**
 * Validates as the validator does. A large value is validated in chunks, and the event loop runs in between: 40,000 consumers hold it
 * for 100 ms otherwise.
 *
 * @throws ApiError as the validator does
 */
export function validateInSlices<T>(validate: Validator<T>, value: unknown): T | Promise<T> {
  return isLarge(value) ? validateChunks(validate, value) : validate(value);
}

async function validateChunks<T>(validate: Validator<T>, value: unknown): Promise<T> {
  const pause = createYieldPoint();
  for (const chunk of chunksOf(value)) {
    await pause();
    validate(chunk);
  }
  return value as T;
}

function describe(error: ErrorObject): string {
  const schemaPath = error.schemaPath.split('/').slice(1, -1).map(decodePointer);
  const instancePath = error.instancePath.split('/').slice(1).map(decodePointer);
  const inSchema = `in schema${subscripts(schemaPath)}: ${python(error.parentSchema)}`;
  return `${summary(error)}  Failed validating '${error.keyword}' ${inSchema}  On instance${subscripts(instancePath)}: ${python(error.data)}`;
}

function summary(error: ErrorObject): string {
  const value = python(error.data);
  const limit = python(error.schema);
  switch (error.keyword) {
    case 'type':
      return `${value} is not of type ${[error.schema].flat().map(python).join(', ')}`;
    case 'required':
      return `${python((error.params as { missingProperty: string }).missingProperty)} is a required property`;
    case 'additionalProperties':
      return additionalProperties(error);
    case 'pattern':
      return `${value} does not match ${limit}`;
    case 'maxLength':
    case 'maxItems':
      return `${value} is too long`;
    case 'minLength':
    case 'minItems':
      return `${value} is too short`;
    case 'minProperties':
      return `${value} does not have enough properties`;
    case 'minimum':
      return `${value} is less than the minimum of ${limit}`;
    case 'maximum':
      return `${value} is greater than the maximum of ${limit}`;
    case 'uniqueItems':
      return `${value} has non-unique elements`;
    case 'enum':
      return `${value} is not one of ${limit}`;
    case 'format':
      return error.schema === 'text'
        ? `${value} contains a character that cannot be stored (NUL or half of a surrogate pair)`
        : `${value} is not a 'uuid'`;
    default:
      return `${value} ${error.message ?? 'is not valid'}`;
  }
}

function additionalProperties({ data, parentSchema }: ErrorObject): string {
  const { properties = {}, patternProperties = {} } = (parentSchema ?? {}) as {
    properties?: object;
    patternProperties?: object;
  };
  const patterns = Object.keys(patternProperties);
  const expressions = patterns.map((pattern) => new RegExp(pattern, 'u'));
  const extras = firstOf(
    data as object,
    (name) => !Object.hasOwn(properties, name) && !expressions.some((expression) => expression.test(name)),
  );
  if (patterns.length > 0) {
    const verb = extras.length === 1 ? 'does' : 'do';
    return `${shorten(extras.map(python).join(', '))} ${verb} not match any of the regexes: ${patterns.map(python).join(', ')}`;
  }
  const verb = extras.length === 1 ? 'was' : 'were';
  return `Additional properties are not allowed (${shorten(extras.map(python).join(', '))} ${verb} unexpected)`;
}

/** The most items of an object or array in a message, which is shortened anyway. */
const SHOWN = 50;

/** The first names of an object that are of a kind. */
function firstOf(value: object, isWanted: (name: string) => boolean = () => true): string[] {
  const found: string[] = [];
  for (const name in value) {
    if (!Object.hasOwn(value, name) || !isWanted(name)) continue;
    found.push(name);
    if (found.length === SHOWN) break;
  }
  return found;
}

function decodePointer(segment: string): string {
  return decodeURIComponent(segment).replace(/~1/g, '/').replace(/~0/g, '~');
}

function subscripts(path: readonly string[]): string {
  return path.map((segment) => (/^\d+$/.test(segment) ? `[${segment}]` : `['${segment}']`)).join('');
}

/** A value in Python's notation, shortened: a body of a megabyte must not come back as an error of a megabyte. */
function python(value: unknown): string {
  return shorten(repr(value, 0));
}

function shorten(text: string): string {
  return text.length > 400 ? `${text.slice(0, 400)}...` : text;
}

function repr(value: unknown, depth: number): string {
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'string') return `'${value.slice(0, 400)}'`;
  if (typeof value !== 'object') return (value as number).toString();
  if (depth > 6) return '...';
  if (Array.isArray(value))
    return `[${value
      .slice(0, SHOWN)
      .map((item) => repr(item, depth + 1))
      .join(', ')}]`;
  const members = firstOf(value).map((name) => [name, (value as Record<string, unknown>)[name]] as const);
  return `{${members.map(([name, member]) => `'${name}': ${repr(member, depth + 1)}`).join(', ')}}`;
}

import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { invalidQuery, schemaMismatch, type ApiError } from '../errors.js';
import { createYieldPoint } from '../slices.js';
import { chunksOf, isLarge } from './json-chunks.js';

/**
 * JSON Schema validation with the messages of upstream: `{summary}  Failed validating '{keyword}' in schema{path}: ...`. Clients and the
 * tests of the OpenStack project look for parts of these messages. Values are in Python's notation for the same reason.
 */

export type Schema = Record<string, unknown>;
/** Returns the value with its type, or throws a 400 that says what is wrong. */
export interface Validator<T> {
  (value: unknown): T;
  /** The schema that the validator checks, for the API reference. */
  readonly schema: Schema;
}

const ajv = new Ajv({ strict: true, allowUnionTypes: true, verbose: true, strictRequired: false });

/** Whether a text is uuid-like: 32 hexadecimal digits, without `urn:`, `uuid:`, braces and dashes (docs/contract/schemas.md#uuid-like). */
export function isUuidLike(text: string): boolean {
  return normalizeUuid(text) !== undefined;
}

/** Returns the lower-case dashed form of a uuid-like text, else undefined. Its time is linear in the length of the text. */
export function normalizeUuid(text: string): string | undefined {
  const bare = text.replace(/urn:|uuid:/g, '');
  let [start, end] = [0, bare.length];
  // The expression /[{}]+$/ would start again at each brace, which takes 4 s for 100,000 braces in the middle of the text.
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
// PostgreSQL stores neither NUL nor half of a surrogate pair, so the service rejects such texts before it sends them to PostgreSQL.
ajv.addFormat('text', (text) => !text.includes('\0') && text.isWellFormed());

/** Makes the validator of a request body. */
export function bodyValidator<T>(schema: Schema): Validator<T> {
  return validator<T>(schema, schemaMismatch);
}

/** Makes the validator of a query string, which is an object with the last value of each parameter. */
export function queryValidator<T>(schema: Schema): Validator<T> {
  return validator<T>(schema, invalidQuery);
}

/** Compiles the schema at its first use. Compiling all schemas at the start would take each worker a quarter of a second before it is ready. */
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
 * Validates a value as the validator does. A large value is validated in chunks, and the event loop runs between them. Without chunks,
 * 40,000 consumers would block the event loop for 100 ms.
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

/** A message shows at most so many items of an object or array. The message is shortened in any case. */
const SHOWN = 50;

/** Returns the first names of an object for which `isWanted` returns true. */
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

/** Returns a value in Python's notation, shortened, so that a body of a megabyte does not cause an error of a megabyte. */
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

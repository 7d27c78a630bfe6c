import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { atVersion, isPresent, minorIn } from '../../api-ref/generator/versions.js';
import type { Response, ApiDocument, PathItem } from '../../api-ref/site/model.js';
import type { Schema } from '../../src/http/validate.js';

/** The document of the API as it is checked in. */
export const document = JSON.parse(
  readFileSync(new URL('../../api-ref/openapi.json', import.meta.url), 'utf8'),
) as ApiDocument;

/** What came back for a request, however it was sent. */
export interface Received {
  readonly method: string;
  /** As it was sent, with the query string. */
  readonly path: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Fails when a response is not what the document says of its operation at the version that was used. */
export function assertDocumented(received: Received): void {
  const { method, status, headers, text } = received;
  // The pages are no part of the API.
  if (/^\/(docs|console)(\/|$)/.test(received.path) && status < 400) return;
  const minor = /^placement (1\.\d+)$/.exec(String(headers['openstack-api-version'] ?? ''))?.[1];
  const known = minor === undefined ? 0 : minorIn(minor);
  const what = `${method} ${received.path} at ${minor ?? 'no version'} returned ${status}`;
  const response = documentedResponse(received, known, minor !== undefined);
  assert.ok(response !== null, `${what}, which api-ref/openapi.json does not know: ${text.slice(0, 300)}`);

  checkHeaders(what, response, received, known);
  if (method === 'HEAD') return;
  const type = String(headers['content-type'] ?? '').split(';')[0];
  if (text === '' && response.content === undefined) return;
  const media = response.content?.[type ?? ''];
  assert.ok(
    media !== undefined,
    `${what} with a body of type "${type}", which is not documented: ${text.slice(0, 300)}`,
  );
  assert.ok(text !== '', `${what} without a body`);
  if (type !== 'application/json') return;
  const body: unknown = JSON.parse(text);
  const validate = validatorOf(media.schema, known);
  assert.ok(
    validate(body),
    `${what}, whose body is not as documented: ${ajv.errorsText(validate.errors)}\n${text.slice(0, 1000)}`,
  );
  const [error] = (body as { errors?: { status: number; request_id: string }[] }).errors ?? [];
  if (error === undefined) return;
  assert.equal(error.status, status, `${what} with another status in its body`);
  assert.equal(error.request_id, headers['x-openstack-request-id'], `${what} with another request id in its body`);
}

/** The response at a status; null where the document has none for the version. */
function documentedResponse(
  { method, path: target, status }: Received,
  minor: number,
  negotiated: boolean,
): Response | null {
  if (method === 'OPTIONS' && status === 200) return resolve(document['x-openstack-preflight']);
  const item = pathItemOf(target);
  const operation = item?.[method.toLowerCase() as 'get'];
  const anyway = document['x-openstack-any-path'][status];
  if (operation === undefined) return maybe(anyway);
  // What fails before the version is known fails at all of them.
  if (!negotiated && anyway !== undefined) return resolve(anyway);
  const below = operation['x-openstack-below'];
  if (below !== undefined && minor < minorIn(operation['x-openstack-min-version'])) {
    return status === below || status < 404 || status > 405 ? maybe(anyway ?? operation.responses[status]) : null;
  }
  const own = operation.responses[status];
  return own !== undefined && isPresent(own, minor) ? resolve(own) : null;
}

function maybe(response: Response | undefined): Response | null {
  return response === undefined ? null : resolve(response);
}

/** Paths are compared after decoding, as the service does. */
function pathItemOf(target: string): PathItem | null {
  const [raw = ''] = target.split('?', 1);
  let decoded: string;
  try {
    decoded = decodeURIComponent(raw);
  } catch {
    return null;
  }
  if (decoded.includes('\0')) return null;
  return TEMPLATES.find(({ pattern }) => pattern.test(decoded))?.item ?? null;
}

const TEMPLATES = Object.entries(document.paths).map(([template, item]) => ({
  pattern: new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  item,
}));

/** Headers that say something about an operation; those of HTTP itself are not listed in the document. */
const TOLD = [
  'location',
  'cache-control',
  'last-modified',
  'allow',
  'retry-after',
  'www-authenticate',
  'stockroom-incomplete',
];

function checkHeaders(what: string, response: Response, { headers }: Received, minor: number): void {
  for (const [name, reference] of Object.entries(response.headers)) {
    const header = resolve(reference);
    const value = headers[name];
    if (!isPresent(header, minor)) {
      assert.equal(value, undefined, `${what} with the header ${name}, which is newer`);
    } else if (value === undefined) {
      assert.ok(header.required !== true, `${what} without the header ${name}`);
    } else {
      assert.ok(validatorOf(header.schema, minor)(value), `${what} with ${name}: ${String(value)}`);
    }
  }
  const unknown = TOLD.filter((name) => headers[name] !== undefined && !(name in response.headers));
  assert.deepEqual(unknown, [], `${what} with headers that are not documented`);
}

const ajv = new Ajv2020({
  strict: true,
  allowUnionTypes: true,
  strictRequired: false,
  strictTypes: false,
  strictTuples: false,
});
// Patterns say it more exactly.
ajv.addFormat('uuid', true);
ajv.addFormat('date-time', true);

const compiled = new WeakMap<Schema, Map<number, ValidateFunction>>();
const bySchema = new Map<string, ValidateFunction>();

/** Compiled once for each different form of a schema. */
function validatorOf(schema: Schema, minor: number): ValidateFunction {
  let ofVersion = compiled.get(schema);
  if (ofVersion === undefined) compiled.set(schema, (ofVersion = new Map()));
  let validate = ofVersion.get(minor);
  if (validate === undefined) {
    const form = atVersion(withoutReferences(schema), minor);
    const key = JSON.stringify(form);
    validate = bySchema.get(key) ?? ajv.compile(form);
    bySchema.set(key, validate);
    ofVersion.set(minor, validate);
  }
  return validate;
}

function withoutReferences(schema: Schema): Schema {
  return JSON.parse(JSON.stringify(schema), (_, value: unknown) =>
    typeof value === 'object' && value !== null && '$ref' in value ? withoutReferences(resolve(value)) : value,
  ) as Schema;
}

/** What a `$ref` stands for; everything else as it is. */
function resolve<T extends object>(value: T): T {
  const reference = (value as { $ref?: string }).$ref;
  if (reference === undefined) return value;
  let found: unknown = document;
  for (const name of reference.split('/').slice(1)) found = (found as Record<string, unknown>)[name];
  return found as T;
}

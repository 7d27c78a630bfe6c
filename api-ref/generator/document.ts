import { changes, minorOf, NEWEST_VERSION, OLDEST_VERSION } from '../../src/http/microversions.js';
import type { ResponseDocs, OperationDocs } from '../../src/http/operation-docs.js';
import type { Route } from '../../src/http/route.js';
import type { Schema } from '../../src/http/validate.js';
import { DEFAULT_RULES } from '../../src/policy/defaults.js';
import { bodyForms, described } from './forms.js';
import { operations, routeRows, tags, type Operation } from './operations.js';
import { parameterObjects, pathParameters } from './parameters.js';
import { ANY_PATH, commonHeaders, errorResponse, headers, responses, schemas } from './responses.js';
import type { Sample } from './samples.js';
import { fold } from './versions.js';

/** The OpenAPI document of the newest microversion, made from the routes, their schemas, what is said of them, and samples. */
export function openapi(samples: readonly Sample[]): object {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations()) {
    const { method } = operation.route;
    const item = (paths[template(operation.route.path)] ??= pathItem(operation.route.path));
    item[method.toLowerCase()] = operationObject(operation, samples);
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Placement, as Stockroom speaks it',
      version: NEWEST_VERSION.text,
      summary: 'What a cloud has in stock, and who uses it.',
      description: INTRODUCTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: 'http://127.0.0.1:8778', description: 'Where `npm start` listens unless told otherwise.' }],
    security: [{ token: [] }],
    tags,
    paths,
    components: {
      securitySchemes: {
        token: {
          type: 'apiKey',
          in: 'header',
          name: 'x-auth-token',
          description: 'A token of Keystone; without Keystone any text.',
        },
      },
      parameters: {
        ApiVersion: {
          name: 'openstack-api-version',
          in: 'header',
          description: '`placement 1.39` or `placement latest`. Without it the version is 1.0.',
          schema: { type: 'string' },
          example: `placement ${NEWEST_VERSION.text}`,
        },
      },
      headers,
      responses: responses((status) => samples.find(({ response }) => response.status === status)?.response.body),
      schemas: Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, described(schema)])),
    },
    'x-openstack-min-version': OLDEST_VERSION.text,
    'x-openstack-changes': Object.fromEntries(changes.map(({ version, summary }) => [version, summary])),
    'x-openstack-preflight': { $ref: '#/components/responses/Preflight' },
    'x-openstack-any-path': Object.fromEntries(ANY_PATH.map((status) => [status, errorResponse(status)])),
  };
}

const INTRODUCTION = `The document is for microversion ${NEWEST_VERSION.text}. What older versions have instead is noted beside it:

- \`x-openstack-min-version\`: the first microversion that has this operation, parameter, response, header or member.
- \`x-openstack-max-version\`: the last one that has it.
- \`x-openstack-earlier\`: other forms of a value in older microversions, the oldest first, each with the last version that has it.
- \`x-openstack-below\`: the status that an operation returns before its first version.
- \`x-openstack-repeatable-min-version\`: from then on all values of a repeated parameter count, before only the last one.
- \`x-openstack-suffix\`: what may follow the name of a parameter, by the first version that allows it.
- \`x-openstack-changes\`: what came with each microversion, of the API and of an operation.
- \`x-openstack-policy-rule\`, \`x-openstack-policy-default\`: the rule that is asked, and what it says when no file says otherwise.
- \`x-openstack-allow\`: the methods of a path, as in the header \`allow\` of 405, which any other gets.
- \`x-openstack-any-path\`: what any path may return, one that does not exist included.
- \`x-openstack-preflight\`: what any path returns for OPTIONS where pages of other origins may use the API.
- \`x-openstack-samples\`: requests and responses, of one conversation with a new service from the first operation to the last.

A token comes first, then the microversion, the path, the method, the content type, the policy, and only then what the request is about: an error says the first thing that is wrong.`;

function template(path: string): string {
  return path.replaceAll(/:(\w+)/g, '{$1}');
}

function pathItem(path: string): Record<string, unknown> {
  const methods = routeRows().filter((route) => route.path === path);
  const parameters = pathParameters(path);
  return {
    'x-openstack-allow': methods.map(({ method }) => method),
    ...(parameters.length === 0 ? {} : { parameters }),
  };
}

function operationObject({ route, tag, docs }: Operation, samples: readonly Sample[]): object {
  const from = route.introducedBy === undefined ? 0 : minorOf(route.introducedBy);
  const own = samples.filter((sample) => sample.operation === docs.id);
  const parameters = parameterObjects(docs, from);
  const requestBody = bodyObject(docs, from, own);
  const responses = responseObjects(route, docs, from, own);
  const rule = DEFAULT_RULES.find(({ name }) => name === route.rule);
  return {
    operationId: docs.id,
    tags: [tag],
    summary: docs.summary,
    description: docs.about,
    ...(route.rule === null ? { security: [] } : {}),
    'x-openstack-min-version': `1.${from}`,
    ...(from === 0 ? {} : { 'x-openstack-below': route.below ?? 404 }),
    ...(rule === undefined ? {} : { 'x-openstack-policy-rule': rule.name, 'x-openstack-policy-default': rule.check }),
    'x-openstack-changes': changesOf(docs, from, [parameters, requestBody, responses]),
    parameters: [{ $ref: '#/components/parameters/ApiVersion' }, ...parameters],
    ...(requestBody === null ? {} : { requestBody }),
    responses,
    'x-openstack-samples': own.map(({ about, request, response }) => ({ about, request, response })),
  };
}

function bodyObject(docs: OperationDocs, from: number, samples: readonly Sample[]): object | null {
  const forms = bodyForms(docs, from);
  if (forms === null) return null;
  const sample = samples.find(({ request }) => request.body !== undefined);
  return {
    required: forms.until === null,
    ...(forms.until === null ? {} : { 'x-openstack-max-version': `1.${forms.until}` }),
    content: {
      'application/json': {
        schema: fold(forms.forms),
        ...(sample === undefined ? {} : { example: sample.request.body }),
      },
    },
  };
}

function responseObjects(
  route: Route,
  docs: OperationDocs,
  from: number,
  samples: readonly Sample[],
): Record<string, object> {
  const successes = Object.entries(docs.responses).map(([status, response]): [string, object] => [
    status,
    responseObject(
      response,
      from,
      samples.find(({ response }) => String(response.status) === status),
    ),
  ]);
  const failures = Object.entries(failuresOf(route, docs, from)).map(([status, about]): [string, object] => [
    status,
    // Where no token is asked for, a 401 is about something else.
    route.public === true && status === '401'
      ? errorResponse(401, about, 'CredentialsRejected')
      : errorResponse(Number(status), about),
  ]);
  return Object.fromEntries([...successes, ...failures]);
}

function responseObject(response: ResponseDocs, from: number, sample: Sample | undefined): object {
  const { about, body, files, location = false, bounded = false, cached, since, until } = response;
  const own = {
    ...(location ? { location: { $ref: '#/components/headers/Location' } } : {}),
    ...(bounded ? { 'stockroom-incomplete': { $ref: '#/components/headers/Incomplete' } } : {}),
    ...(cached === undefined
      ? {}
      : {
          'cache-control': { $ref: '#/components/headers/CacheControl' },
          'last-modified': { $ref: `#/components/headers/LastModified${cached === 'dated' ? '' : 'OfSome'}` },
        }),
  };
  return {
    description: about,
    ...(since === undefined ? {} : { 'x-openstack-min-version': since }),
    ...(until === undefined ? {} : { 'x-openstack-max-version': until }),
    headers: { ...commonHeaders, ...own },
    ...(files === undefined
      ? {}
      : {
          content: Object.fromEntries(
            files.map((type) => [
              type,
              { schema: type === 'application/json' ? { type: 'object' } : { type: 'string' } },
            ]),
          ),
        }),
    ...(body === undefined
      ? {}
      : {
          content: {
            'application/json': {
              schema: described(since === undefined ? settled(body, from) : body),
              ...(sample?.response.body === undefined ? {} : { example: sample.response.body }),
            },
          },
        }),
  };
}

/** A member that is as old as its operation needs no note. */
function settled(schema: Schema, from: number): Schema {
  const entries = Object.entries(schema).map(([keyword, value]): [string, unknown] => [
    keyword,
    settledIn(value, from),
  ]);
  const { 'x-openstack-min-version': min, ...rest } = Object.fromEntries(entries);
  return min === undefined || Number((min as string).slice(2)) > from ? Object.fromEntries(entries) : rest;
}

function settledIn(value: unknown, from: number): unknown {
  if (Array.isArray(value)) return value.map((one: unknown) => settledIn(one, from));
  return typeof value === 'object' && value !== null ? settled(value as Schema, from) : value;
}

/** What it rejects by itself, and what the pipeline rejects before that. */
function failuresOf(route: Route, { errors }: OperationDocs, from: number): Record<number, string | undefined> {
  const below = from === 0 ? null : (route.below ?? 404);
  const gate = `Before 1.${from} there is no such ${below === 405 ? 'method' : 'path'}.`;
  const join = (...texts: (string | undefined)[]): string => texts.filter((text) => text !== undefined).join(' ');
  const own = (status: number): Record<number, string> => {
    const text = errors[status];
    return text === undefined ? {} : { [status]: text };
  };
  return {
    400: errors[400] ?? undefined,
    ...(route.public === true ? own(401) : { 401: undefined }),
    ...(route.rule === null ? own(403) : { 403: undefined }),
    ...(errors[404] === undefined && below !== 404 ? {} : { 404: join(errors[404], below === 404 ? gate : undefined) }),
    ...(below === 405 ? { 405: gate } : {}),
    406: route.checkAccept === true ? undefined : 'The microversion is not supported.',
    ...own(409),
    ...own(410),
    ...(route.jsonBody === undefined ? {} : { 413: sizeText(route), 415: undefined }),
    ...own(416),
    ...own(429),
    ...(route.public === true ? own(503) : { 500: undefined, 503: undefined }),
  };
}

function sizeText({ maxBodyBytes, largeBodyBytes }: Route): string | undefined {
  if (largeBodyBytes !== undefined) return `The body is larger than ${largeBodyBytes / 1024 / 1024} MiB.`;
  return maxBodyBytes === undefined ? undefined : `The body is larger than ${maxBodyBytes / 1024} KiB.`;
}

/** What microversions brought to an operation: those that a note of it names, and those that changed what it does. */
function changesOf({ changes: named = [] }: OperationDocs, from: number, parts: readonly unknown[]): object {
  const minors = new Set(named.map(minorOf));
  JSON.stringify(parts, (key, value: unknown) => {
    if (key.endsWith('-min-version') || key.endsWith('-max-version')) {
      minors.add(Number(String(value).slice(2)) + (key.endsWith('-max-version') ? 1 : 0));
    }
    if (key === 'x-openstack-suffix') Object.keys(value as object).forEach((text) => minors.add(Number(text.slice(2))));
    if (key === '$ref' && value === '#/components/headers/CacheControl') minors.add(minorOf('cacheHeaders'));
    return value;
  });
  const own = changes.filter(({ minor }) => minors.has(minor) && minor > from);
  return Object.fromEntries(own.map(({ version, summary }) => [version, summary]));
}

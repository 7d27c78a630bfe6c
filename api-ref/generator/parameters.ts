import type { OperationDocs, ParameterDocs } from '../../src/http/operation-docs.js';
import type { Schema } from '../../src/http/validate.js';
import { queryForms } from './forms.js';
import { distinct, fold, type Form } from './versions.js';

const PATH_PARAMETERS: Record<string, object> = {
  uuid: {
    description: 'Uuid of the resource provider, compared as it is: lower case with dashes.',
    schema: { type: 'string', minLength: 1 },
    example: '4e8e5957-649f-477b-9e5b-f1f75b21c03c',
  },
  resource_class: {
    description: 'Name of the resource class.',
    schema: { type: 'string', minLength: 1 },
    example: 'VCPU',
  },
  consumer_uuid: {
    description:
      'Uuid of the consumer. PUT takes it with dashes or without, in any case; GET and DELETE compare it as it is.',
    schema: { type: 'string', minLength: 1 },
    example: 'c0ffee00-0000-4000-8000-000000000001',
  },
  id: {
    description: 'Id of the inventory job: 1 to 64 characters of A-Z, a-z, 0-9, `_`, `.` and `-`.',
    schema: { type: 'string', minLength: 1 },
    example: 'nightly',
  },
  run: {
    description: 'Number of the run, or `latest`: the newest run that succeeded.',
    schema: { type: 'string', minLength: 1 },
    example: 'latest',
  },
  name: { description: 'The name.', schema: { type: 'string', minLength: 1 }, example: 'CUSTOM_GOLD' },
};

/** The parameters in a path of Express's form. */
export function pathParameters(path: string): object[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => {
    const known = PATH_PARAMETERS[name];
    if (known === undefined) throw new Error(`nothing is said about the path parameter ${name}`);
    return { name, in: 'path', required: true, ...known };
  });
}

/** The query parameters of an operation, each since the version whose schema knows it first. */
export function parameterObjects(docs: OperationDocs, from: number): object[] {
  const { parameters = {} } = docs;
  const forms = queryForms(docs, from);
  const known = new Set(forms.flatMap(({ schema }) => parameterNames(schema)));
  const missing = [...known].filter((name) => !(name in parameters));
  const unknown = Object.keys(parameters).filter((name) => !known.has(name));
  if (missing.length + unknown.length > 0) {
    throw new Error(
      `${docs.id}: nothing is said about the parameters [${missing.join(', ')}]; there are no [${unknown.join(', ')}]`,
    );
  }
  return Object.entries(parameters).map(([name, about]) => parameterObject(name, about, forms, from));
}

function parameterObject(
  name: string,
  { about, example, repeatable, grouped = false }: ParameterDocs,
  forms: readonly Form[],
  from: number,
): object {
  const having = forms.flatMap(({ from: minor, schema }) => {
    const found = schemaOf(name, schema);
    return found === undefined ? [] : [{ from: minor, schema: found }];
  });
  const first = having[0]!.from;
  const schema = fold(distinct(having));
  const newest = forms.at(-1)!.schema;
  return {
    name,
    in: 'query',
    description: about,
    required: ((newest['required'] ?? []) as string[]).includes(name),
    ...(first > from ? { 'x-openstack-min-version': `1.${first}` } : {}),
    ...(grouped ? { 'x-openstack-suffix': suffixes(name, forms) } : {}),
    ...(repeatable === undefined
      ? { schema, example }
      : {
          'x-openstack-repeatable-min-version': repeatable,
          explode: true,
          schema: { type: 'array', items: schema },
          example: [example],
        }),
  };
}

/** The patterns of suffixes by the first version that has them. */
function suffixes(name: string, forms: readonly Form[]): object {
  const patterns = forms.flatMap(({ from, schema }) => {
    const pattern = patternFor(name, schema);
    return pattern === undefined ? [] : [{ from, schema: { pattern: `^${pattern.slice(name.length + 1)}` } }];
  });
  return Object.fromEntries(distinct(patterns).map(({ from, schema }) => [`1.${from}`, schema.pattern]));
}

function parameterNames(schema: Schema): string[] {
  const patterns = Object.keys(schema['patternProperties'] ?? {});
  return [
    ...Object.keys(schema['properties'] ?? {}),
    ...patterns.map((pattern) => /^\^(\w+)\(/.exec(pattern)?.[1] ?? pattern),
  ];
}

function schemaOf(name: string, schema: Schema): Schema | undefined {
  const direct = ((schema['properties'] ?? {}) as Record<string, Schema>)[name];
  const pattern = patternFor(name, schema);
  return (
    direct ?? (pattern === undefined ? undefined : (schema['patternProperties'] as Record<string, Schema>)[pattern])
  );
}

function patternFor(name: string, schema: Schema): string | undefined {
  return Object.keys(schema['patternProperties'] ?? {}).find((pattern) => pattern.startsWith(`^${name}(`));
}

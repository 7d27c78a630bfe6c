import assert from 'node:assert/strict';
import { bodyForms, described, published, versionAt } from '../../api-ref/generator/forms.js';
import { operations, routeRows } from '../../api-ref/generator/operations.js';
import { atVersion, distinct, fold, minorIn } from '../../api-ref/generator/versions.js';
import { changes, minorOf, NEWEST_VERSION } from '../../src/http/microversions.js';
import { document } from '../support/api-document.js';

describe('the document of the API', () => {
  const operationAt = (path: string, method: string) =>
    document.paths[path.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase() as 'get'];
  const routes = routeRows();

  it('has the routes of the route table, in its order of methods, and no others', () => {
    const expected = new Map<string, string[]>();
    for (const { path, method } of routes) {
      const template = path.replaceAll(/:(\w+)/g, '{$1}');
      expected.set(template, [...(expected.get(template) ?? []), method]);
    }
    const inDocument = Object.entries(document.paths).map(([path, item]) => [path, item['x-openstack-allow']] as const);
    assert.deepEqual(Object.fromEntries(inDocument), Object.fromEntries(expected));
    for (const [path, item] of Object.entries(document.paths)) {
      const methods = ['get', 'post', 'put', 'delete'].filter((method) => method in item);
      assert.deepEqual(
        methods.map((method) => method.toUpperCase()).sort(),
        [...item['x-openstack-allow']].sort(),
        path,
      );
    }
  });

  it('has the version, the policy rule and the gate of each route', () => {
    for (const { method, path, introducedBy, rule, below } of routes) {
      const operation = operationAt(path, method);
      assert.equal(
        operation?.['x-openstack-min-version'],
        `1.${introducedBy === undefined ? 0 : minorOf(introducedBy)}`,
      );
      assert.equal(operation['x-openstack-policy-rule'] ?? null, rule);
      assert.equal(operation['x-openstack-below'], introducedBy === undefined ? undefined : (below ?? 404));
    }
  });

  it('names no operation twice', () => {
    const ids = operations().map(({ docs }) => docs.id);
    assert.equal(new Set(ids).size, ids.length);
  });

  for (const { route, docs } of operations().filter((one) => one.docs.body !== undefined)) {
    it(`says of the body of ${route.method} ${route.path} what the service compiles for each version`, () => {
      const requestBody = operationAt(route.path, route.method)?.requestBody;
      const schema = requestBody?.content['application/json']?.schema;
      assert.ok(schema !== undefined);
      const from = route.introducedBy === undefined ? 0 : minorOf(route.introducedBy);
      for (let minor = from; minor <= NEWEST_VERSION.minor; minor++) {
        const compiled = docs.body!(versionAt(minor));
        if (compiled === null) {
          assert.ok(minor > minorIn(requestBody!['x-openstack-max-version']!));
        } else {
          assert.deepEqual(atVersion(schema, minor), described(published(compiled)), `1.${minor}`);
        }
      }
      assert.ok(bodyForms(docs, from) !== null);
    });
  }

  it('says of each microversion where it matters', () => {
    const told = new Set(
      Object.values(document.paths).flatMap((item) =>
        (['get', 'put', 'post', 'delete'] as const).flatMap((method) => {
          const operation = item[method];
          if (operation === undefined) return [];
          return [operation['x-openstack-min-version'], ...Object.keys(operation['x-openstack-changes'])];
        }),
      ),
    );
    // The codes of errors came to every operation at once.
    const everywhere = ['errorCodes'];
    const untold = changes.filter(({ version, name }) => !told.has(version) && !everywhere.includes(name));
    assert.deepEqual(
      untold.map(({ name }) => name),
      [],
    );
  });
});

describe('folding the schemas of versions', () => {
  const text = { type: 'string' };
  const closed = (properties: Record<string, object>, required: string[]) => ({
    type: 'object',
    additionalProperties: false,
    required,
    properties,
  });
  const ladders = {
    'a new member': [closed({ a: text }, ['a']), closed({ a: text, b: text }, ['a', 'b'])],
    'a new optional member': [closed({ a: text }, ['a']), closed({ a: text, b: text }, ['a'])],
    'a member that becomes required': [closed({ a: text }, []), closed({ a: text }, ['a'])],
    'a member that goes': [closed({ a: text, b: text }, ['a']), closed({ a: text }, ['a'])],
    'a member of another type': [closed({ a: text }, ['a']), closed({ a: { type: 'integer' } }, ['a'])],
    'another type altogether': [
      { type: 'array', items: text },
      closed({ a: text }, ['a']),
      closed({ a: text, b: text }, []),
    ],
    'a change deep inside': [
      { type: 'object', patternProperties: { x: closed({ a: text }, ['a']) } },
      { type: 'object', patternProperties: { x: closed({ a: text, b: text }, ['a', 'b']) } },
    ],
    'other keys': [
      { type: 'object', patternProperties: { x: text } },
      { type: 'object', patternProperties: { y: text } },
    ],
    'back again': [text, { type: 'integer' }, text],
  };
  for (const [name, forms] of Object.entries(ladders)) {
    it(`keeps every form: ${name}`, () => {
      const schema = fold(distinct(forms.map((form, index) => ({ from: index * 3, schema: form }))));
      for (let minor = 0; minor < forms.length * 3; minor++) {
        assert.deepEqual(atVersion(schema, minor), forms[Math.floor(minor / 3)], `1.${minor}`);
      }
    });
  }
});

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createProvider, startTestService, type TestService } from '../support/service.js';
import { errorOf, send, type Response } from '../support/raw-request.js';

interface WriteRoute {
  readonly method: 'PUT' | 'POST';
  readonly path: string;
  readonly version?: string;
  /** A body that would be accepted, but for what a test does to it. */
  readonly body: Record<string, unknown>;
}

describe('what no client should send', () => {
  let test: TestService;
  const uuid = randomUUID();
  before(async () => {
    test = await startTestService();
    await test.api.post('/resource_providers', { name: 'victim', uuid }).expect(200);
    await createProvider(test.api, 'bystander');
    await test.api.put('/resource_classes/CUSTOM_VICTIM').expect(201);
  });
  after(() => test.close());

  const at = `/resource_providers/${uuid}`;
  const resource_provider_generation = 0;
  const routes: WriteRoute[] = [
    {
      method: 'POST',
      path: '/resource_providers',
      body: { name: 'new', uuid: randomUUID(), parent_provider_uuid: uuid },
    },
    { method: 'PUT', path: at, body: { name: 'renamed', parent_provider_uuid: null } },
    {
      method: 'PUT',
      path: `${at}/inventories`,
      body: { resource_provider_generation, inventories: { VCPU: { total: 1 } } },
    },
    { method: 'POST', path: `${at}/inventories`, body: { resource_class: 'VCPU', total: 1, reserved: 0 } },
    { method: 'PUT', path: `${at}/inventories/VCPU`, body: { resource_provider_generation, total: 1, step_size: 1 } },
    { method: 'PUT', path: `${at}/aggregates`, body: { resource_provider_generation, aggregates: [randomUUID()] } },
    { method: 'PUT', path: `${at}/traits`, body: { resource_provider_generation, traits: ['HW_CPU_X86_AVX'] } },
    { method: 'POST', path: '/resource_classes', body: { name: 'CUSTOM_NEW' } },
    { method: 'PUT', path: '/resource_classes/CUSTOM_VICTIM', version: '1.6', body: { name: 'CUSTOM_RENAMED' } },
  ];

  const state = async (): Promise<string> => {
    const paths = ['/resource_providers', `${at}/inventories`, `${at}/aggregates`, `${at}/traits`, '/resource_classes'];
    const responses = await Promise.all([...paths, '/traits'].map((path) => test.api.get(path).expect(200)));
    return responses.map(({ text }) => text).join('\n');
  };
  const attempt = (route: WriteRoute, body: string | Buffer): Promise<Response> =>
    send(test.url, {
      method: route.method,
      path: route.path,
      headers: { 'openstack-api-version': `placement ${route.version ?? '1.39'}` },
      body,
    });
  /** Sends each body and sees a 4xx with a message each time, and the same state as before in the end. */
  async function rejected(route: WriteRoute, bodies: readonly (string | Buffer)[], statuses = [400]): Promise<void> {
    const before = await state();
    for (const body of bodies) {
      const response = await attempt(route, body);
      const shown = body.toString().slice(0, 200);
      assert.ok(statuses.includes(response.status), `${response.status} to ${shown}: ${response.text.slice(0, 300)}`);
      const { detail } = errorOf(response);
      assert.match(detail, /\n\n \S.*\S/, shown);
      assert.ok(detail.isWellFormed(), shown);
      assert.ok(response.text.length < 8000, `an error of ${response.text.length} characters`);
    }
    assert.equal(await state(), before);
  }

  const wrongTypes = [null, true, false, 0.5, -1.5, Infinity, 'text', '', [], [[]], {}, { a: {} }, 12];
  const json = (value: unknown): string => (value === Infinity ? '1e400' : JSON.stringify(value));
  const withProperty = (body: object, name: string, value: unknown): string => {
    const others = Object.entries(body).filter(([key]) => key !== name);
    return `{${[...others.map(([key, kept]) => `"${key}":${JSON.stringify(kept)}`), `"${name}":${json(value)}`].join()}}`;
  };
  /** What the contract accepts for a property. */
  const isGood = (name: string, value: unknown): boolean => {
    switch (name) {
      case 'inventories':
        return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
      case 'aggregates':
      case 'traits':
        return Array.isArray(value) && value.length === 0;
      case 'parent_provider_uuid':
        return value === null;
      case 'name':
        return typeof value === 'string' && value !== '';
      case 'reserved':
      case 'total':
      case 'step_size':
      case 'resource_provider_generation':
        return value === 12;
      default:
        return false;
    }
  };

  for (const route of routes) {
    describe(`in ${route.method} ${route.path.replace(uuid, '{uuid}')}`, () => {
      for (const name of Object.keys(route.body)) {
        const isName = name === 'name' && route.path.startsWith('/resource_p');
        const bad = wrongTypes.filter((value) => !isGood(name, value) || (name === 'name' && !isName));
        it(`is rejected: ${name} of every wrong type`, async () => {
          // A provider may be renamed to the empty name.
          const values = bad.filter((value) => !(isName && route.method === 'PUT' && value === ''));
          await rejected(
            route,
            values.map((value) => withProperty(route.body, name, value)),
          );
        });
      }

      it('is rejected: unknown properties, __proto__ and constructor among them', async () => {
        const extras = ['unknown', '__proto__', 'constructor', 'toString', 'hasOwnProperty', '', 'Name', 'ключ', '\0'];
        await rejected(
          route,
          extras.map((name) => withProperty(route.body, JSON.stringify(name).slice(1, -1), { total: 1 })),
        );
      });

      it('is rejected: what is no JSON, no object, or no UTF-8', async () => {
        const text = JSON.stringify(route.body);
        const bodies = ['', ' ', '{', '[', 'null', '1', '"text"', '[]', '[1]', 'true', text.slice(0, -1), `${text}x`];
        const quirks = ["{'name': 1}", '{"name": NaN}', '{"name": Infinity}', '{"a":1,}', '// x\n{}', '{"a":"\n"}'];
        const bytes = [Buffer.from([0x7b, 0xff, 0x7d]), Buffer.from(text, 'utf16le'), Buffer.from([0])];
        const nonEmpty = [...bodies, ...quirks].filter((body) => body !== '');
        await rejected(route, [...nonEmpty, ...bytes]);
        assert.ok([400, 415].includes((await attempt(route, '')).status));
      });

      it('is rejected: a body of a megabyte, deep nesting, huge keys', async () => {
        const key = 'k'.repeat(1_000_000);
        const bodies = [
          JSON.stringify({ ...route.body, padding: 'x'.repeat(1_000_000) }),
          JSON.stringify({ ...route.body, name: 'x'.repeat(1_000_000), resource_class: 'x'.repeat(1_000_000) }),
          `${'['.repeat(500_000)}${']'.repeat(500_000)}`,
          `{"name":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
          `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`,
          JSON.stringify({ ...route.body, [key]: 1 }),
          `{${Array.from({ length: 50_000 }, (_, index) => `"k${index}":${index}`).join()}}`,
        ];
        await rejected(route, bodies, [400, 413]);
      });

      const texts = Object.entries(route.body).filter(([, value]) => typeof value === 'string' || Array.isArray(value));
      for (const [name, value] of texts) {
        it(`is rejected: ${name} with a NUL, half a surrogate pair or too much of it`, async () => {
          const strings = ['a\\u0000b', '\\u0000', '\\ud800', 'x\\udc00', '\\ud800\\ud800', '\u{1F600}'.repeat(256)];
          const wrap = (text: string): string => (Array.isArray(value) ? `["${text}"]` : `"${text}"`);
          await rejected(
            route,
            strings.map((text) => withProperty(route.body, name, null).replace(/null(?=\}$)/, () => wrap(text))),
          );
        });
      }

      if ('resource_provider_generation' in route.body) {
        it('is a conflict or rejected: a generation no provider can have', async () => {
          const numbers = ['-1', '2147483648', '-2147483649', '1e30', '9007199254740993', '99999999999999999999'];
          const bodies = numbers.map((number) =>
            JSON.stringify(route.body).replace(
              '"resource_provider_generation":0',
              `"resource_provider_generation":${number}`,
            ),
          );
          await rejected(route, bodies, [409]);
        });
      }
    });
  }
});

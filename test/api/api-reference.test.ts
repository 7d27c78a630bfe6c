import assert from 'node:assert/strict';
import { minorIn } from '../../api-ref/generator/versions.js';
import { readSamples, type Sample } from '../../api-ref/generator/samples.js';
import type { Operation } from '../../api-ref/site/model.js';
import { assertDocumented, document } from '../support/api-document.js';
import { messageOf, startTestService, type TestService } from '../support/service.js';

const samples = readSamples();
const listed = Object.entries(document.paths).flatMap(([path, item]) =>
  (['get', 'post', 'put', 'delete'] as const).flatMap((method) => {
    const operation = item[method];
    return operation === undefined ? [] : [{ path, method, operation }];
  }),
);
const queried = listed.flatMap(({ path, method, operation }) =>
  operation.parameters.filter((one) => one.in === 'query').map((parameter) => ({ path, method, operation, parameter })),
);

describe('the API reference', () => {
  describe('says since when', () => {
    let test: TestService;
    before(async () => {
      test = await startTestService();
    });
    after(() => test.close());

    const concrete = (path: string): string =>
      path
        .replace('{name}', 'CUSTOM_GOLD')
        .replace('{resource_class}', 'VCPU')
        .replaceAll(/\{\w+\}/g, 'c0ffee00-0000-4000-8000-000000000009');
    async function ask(method: string, path: string, minor: number): Promise<{ status: number; message: string }> {
      const { status, body, text } = await test.api
        .request(method as 'get', path)
        .set({ 'x-auth-token': 'admin', accept: 'application/json', 'openstack-api-version': `placement 1.${minor}` })
        .set('content-type', 'application/json')
        .send(method === 'get' || method === 'delete' ? undefined : '{}');
      return { status, message: text === '' || status < 400 ? '' : messageOf(body) };
    }
    /** Of a gate: any other 404 says what is not found. */
    const closedGate = ({ status, message }: { status: number; message: string }): number | null =>
      status === 405 || (status === 404 && message === '') ? status : null;

    for (const { path, method, operation } of listed) {
      const min = minorIn(operation['x-openstack-min-version']);
      it(`there is ${method.toUpperCase()} ${path}: 1.${min}`, async () => {
        assert.equal(closedGate(await ask(method, concrete(path), min)), null);
        if (min === 0) return;
        assert.equal(closedGate(await ask(method, concrete(path), min - 1)), operation['x-openstack-below']);
      });
    }

    async function isKnown(
      method: string,
      path: string,
      query: Record<string, string>,
      minor: number,
    ): Promise<boolean> {
      const target = `${concrete(path)}?${new URLSearchParams(query).toString()}`;
      const { status, message } = await ask(method, target, minor);
      // The service checks the query first, so the object of the path need not exist.
      assert.ok(status === 200 || status === 400 || (status === 404 && message !== ''), `${status}`);
      return !/unexpected\)|not match any of the regexes/.test(message);
    }
    const needed = (operation: Operation): Record<string, string> =>
      ({
        showUsages: { project_id: 'demo' },
        listAllocationCandidates: { resources: 'VCPU:1' },
        showCapacity: { resources: 'VCPU:1' },
        explainAllocationCandidates: { resources: 'VCPU:1' },
      })[operation.operationId] ?? {};

    for (const { path, method, operation, parameter } of queried) {
      const min = minorIn(parameter['x-openstack-min-version'] ?? operation['x-openstack-min-version']);
      it(`${method.toUpperCase()} ${path} takes ${parameter.name}: 1.${min}`, async () => {
        const query = { ...needed(operation), [parameter.name]: [parameter.example].flat()[0] as string };
        assert.ok(await isKnown(method, path, query, min));
        if (parameter['x-openstack-min-version'] !== undefined)
          assert.ok(!(await isKnown(method, path, query, min - 1)));
      });
      for (const [version, pattern] of Object.entries(parameter['x-openstack-suffix'] ?? {})) {
        it(`GET ${path} takes ${parameter.name} with suffixes of ${pattern}: ${version}`, async () => {
          const suffix = new RegExp(pattern).test('_X') ? '_X' : '1';
          const query = { ...needed(operation), [parameter.name + suffix]: [parameter.example].flat()[0] as string };
          assert.ok(await isKnown(method, path, query, minorIn(version)));
          assert.ok(!(await isKnown(method, path, query, minorIn(version) - 1)));
        });
      }
    }
  });

  describe('shows samples that', () => {
    let test: TestService;
    before(async () => {
      test = await startTestService();
    });
    after(() => test.close());

    it('are there for every operation', () => {
      const shown = new Set(samples.map(({ operation }) => operation));
      assert.deepEqual(
        listed.map(({ operation }) => operation.operationId).filter((id) => !shown.has(id)),
        [],
      );
    });

    for (const sample of samples) {
      it(`happen: ${sample.name}`, async () => {
        const { method, path, body } = sample.request;
        const response = await test.api
          .request(method.toLowerCase() as 'get', path)
          .set({ 'x-auth-token': 'admin', accept: 'application/json', 'openstack-api-version': 'placement 1.39' })
          .send(takenNow(body));
        const { location } = response.headers as { location?: string };
        const got: Sample['response'] = {
          status: response.status,
          ...(location === undefined ? {} : { location: new URL(location).pathname }),
          ...(response.text === '' ? {} : { body: JSON.parse(response.text) as unknown }),
        };
        assert.deepEqual(withoutVolatile(got), withoutVolatile(sample.response));
      });
      // Here there is something of everything.
      if (sample.operation === 'showUsages') it('look as documented at every version that can read them', readAll);
    }

    async function readAll(): Promise<void> {
      const reads = samples.filter(
        ({ request, response }) =>
          request.method === 'GET' &&
          response.status === 200 &&
          !request.path.includes('CUSTOM_TPU') &&
          // The job is made after this, and its routes are the same at every version.
          !request.path.startsWith('/stockroom/lists/'),
      );
      for (const { request, operation } of reads) {
        const { operation: about } = listed.find((one) => one.operation.operationId === operation)!;
        const isQuestion = /^\/stockroom\/(capacity|explain)/.test(request.path);
        // A question about candidates needs a version that has them.
        const first = isQuestion ? 10 : minorIn(about['x-openstack-min-version']);
        for (let minor = first; minor <= 39; minor++) {
          // What an older version does not know is left out of the query.
          const [path = '', query = ''] = request.path.split('?');
          const known = new URLSearchParams(query);
          for (const name of [...known.keys()]) {
            const parameter = about.parameters.find((one) => one.name === name);
            if (parameter === undefined ? minor < 33 : minor < minorIn(parameter['x-openstack-min-version'] ?? '1.0')) {
              known.delete(name);
            }
          }
          const target = known.size === 0 ? path : `${path}?${known.toString()}`;
          await test.api.get(target, `1.${minor}`).expect(200);
        }
      }
    }
  });

  describe('rejects a response', () => {
    const uuid = '4e8e5957-649f-477b-9e5b-f1f75b21c03c';
    const provider = samples.find(({ name }) => name.endsWith('create-provider'))!.response.body as Record<
      string,
      unknown
    >;
    const requestId = 'req-5c2f9a3e-7d41-4b8e-9a60-3f1e2d4c5b6a';
    const right = {
      method: 'GET',
      path: `/resource_providers/${uuid}`,
      status: 200,
      headers: {
        'content-type': 'application/json',
        'x-openstack-request-id': requestId,
        'openstack-api-version': 'placement 1.39',
        'cache-control': 'no-cache',
        'last-modified': 'Sat, 21 Nov 2026 15:00:00 GMT',
      },
      body: provider as unknown,
    };
    type Response = Omit<typeof right, 'headers'> & { headers: Record<string, string | undefined> };
    const check = (changed: Partial<Response>): void => {
      const { body, ...response } = { ...right, ...changed };
      assertDocumented({ ...response, text: body === undefined ? '' : JSON.stringify(body) });
    };
    const errors = (more: object) => ({
      errors: [{ status: 404, title: 'Not Found', detail: 'x', request_id: requestId, ...more }],
    });
    const plain = { ...right.headers, 'cache-control': undefined, 'last-modified': undefined };

    it('that is wrong only', () => {
      check({});
      check({ status: 404, headers: plain, body: errors({ code: 'placement.undefined_code' }) });
    });

    const wrong: Record<string, Partial<Response>> = {
      'with an unknown member': { body: { ...provider, color: 'red' } },
      'without a member': { body: { ...provider, root_provider_uuid: undefined } },
      'with a member that is newer than its version': {
        headers: { ...right.headers, 'openstack-api-version': 'placement 1.13' },
      },
      'with a generation that is text': { body: { ...provider, generation: '0' } },
      'with a uuid in capitals': { body: { ...provider, uuid: uuid.toUpperCase() } },
      'with a link too few': { body: { ...provider, links: (provider['links'] as unknown[]).slice(1) } },
      'without a body': { body: undefined },
      'of another type': { headers: { ...right.headers, 'content-type': 'text/css' } },
      'with a status that is not documented': { status: 202 },
      'with a status of older versions': { method: 'POST', path: '/resource_providers', status: 201, body: undefined },
      'without its request id': { headers: { ...right.headers, 'x-openstack-request-id': undefined } },
      'without last-modified': { headers: { ...right.headers, 'last-modified': undefined } },
      'with cache headers before 1.15': {
        headers: { ...right.headers, 'openstack-api-version': 'placement 1.14' },
      },
      'with a location that is not documented': { headers: { ...right.headers, location: 'http://x/' } },
      'with an error without code': { status: 404, headers: plain, body: errors({}) },
      'with an error of an unknown code': { status: 404, headers: plain, body: errors({ code: 'placement.new' }) },
      'with an error of another status': {
        status: 404,
        headers: plain,
        body: errors({ code: 'placement.undefined_code', status: 409 }),
      },
      'with an error of another request': {
        status: 404,
        headers: plain,
        body: errors({ code: 'placement.undefined_code', request_id: requestId.replace('5', '6') }),
      },
    };
    for (const [name, changed] of Object.entries(wrong)) {
      it(name, () => {
        assert.throws(() => {
          check(changed);
        }, assert.AssertionError);
      });
    }
  });
});

/** Only consumers that are older than the list are checked, and everything here was written just now. */
function takenNow(body: unknown): object | undefined {
  const at = body as { taken_at?: string } | undefined;
  return at?.taken_at === undefined ? at : { ...at, taken_at: new Date().toISOString() };
}

/** Request ids, times and sizes are others each time. */
function withoutVolatile(response: Sample['response']): unknown {
  const text = JSON.stringify(response)
    .replaceAll(/req-[0-9a-f-]{36}/g, 'req-...')
    .replaceAll(/"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)"/g, '"a time"')
    .replaceAll(/"\d+\.\d+\.\d+"/g, '"a cursor"');
  // `consumers` of the overview is an estimate of statistics that PostgreSQL writes now and then.
  return JSON.parse(
    text
      .replaceAll(/"(milliseconds|age_seconds|consumers)":[\d.]+/g, '"$1":0')
      .replaceAll(/"recording":true,"bytes":\d+/g, '"recording":true,"bytes":0'),
  );
}

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import pino from 'pino';
import { type ExplainDocument } from '../../src/explain/document.js';
import { logSettings } from '../../src/ops/log.js';
import { claim, generationOf } from '../support/claims.js';
import { lockedBy } from '../support/outside-locks.js';
import { PolicyFolder } from '../support/policy.js';
import { ROOT } from '../support/process.js';
import { codeOf, messageOf, setInventories, startTestService, type TestService } from '../support/service.js';
import { until } from '../support/until.js';

const AZ1 = 'a1000000-0000-4000-8000-000000000001';
const AZ2 = 'a2000000-0000-4000-8000-000000000002';
const QUERY = `resources=VCPU:8,MEMORY_MB:16384&required=CUSTOM_SSD,!COMPUTE_STATUS_DISABLED&member_of=${AZ1}`;
const ORIGIN = 'https://console.example';

const uuidOf = (n: number): string => `0000000${n}-0000-4000-8000-00000000000${n}`;

interface Host {
  readonly inventories: Record<string, { total: number; max_unit?: number }>;
  readonly used?: Record<string, number>;
  readonly traits: readonly string[];
  readonly aggregate: string;
}

/** World W of docs/contract/explain-and-capacity.md. */
const HOSTS: readonly Host[] = [
  {
    inventories: { VCPU: { total: 16 }, MEMORY_MB: { total: 65536 } },
    used: { VCPU: 12, MEMORY_MB: 49152 },
    traits: ['HW_CPU_X86_AVX2', 'CUSTOM_SSD'],
    aggregate: AZ1,
  },
  {
    inventories: { VCPU: { total: 16 }, MEMORY_MB: { total: 65536 } },
    traits: ['HW_CPU_X86_AVX2'],
    aggregate: AZ1,
  },
  {
    inventories: { VCPU: { total: 16 }, MEMORY_MB: { total: 65536 } },
    used: { VCPU: 4, MEMORY_MB: 57344 },
    traits: ['HW_CPU_X86_AVX2', 'CUSTOM_SSD'],
    aggregate: AZ2,
  },
  {
    inventories: { VCPU: { total: 32, max_unit: 4 }, MEMORY_MB: { total: 131072 } },
    traits: ['CUSTOM_SSD', 'COMPUTE_STATUS_DISABLED'],
    aggregate: AZ1,
  },
];

async function buildW({ api }: TestService): Promise<void> {
  await api.put('/traits/CUSTOM_SSD').expect(201);
  for (const [i, { inventories, used, traits, aggregate }] of HOSTS.entries()) {
    const uuid = uuidOf(i + 1);
    await api.post('/resource_providers', { name: `h${i + 1}`, uuid }).expect(200);
    await setInventories(api, uuid, inventories);
    const generation = async () => ({ resource_provider_generation: await generationOf(api, uuid) });
    await api.put(`/resource_providers/${uuid}/traits`, { traits, ...(await generation()) }).expect(200);
    const aggregates = { aggregates: [aggregate], ...(await generation()) };
    await api.put(`/resource_providers/${uuid}/aggregates`, aggregates).expect(200);
    if (used !== undefined) await claim(api, { [uuid]: used }).expect(204);
  }
}

describe('explain', () => {
  let test: TestService;
  let text = '';
  before(async () => {
    const log = pino(logSettings('info'), { write: (line: string) => void (text += line) });
    test = await startTestService({ config: { corsAllowedOrigin: [ORIGIN] }, log });
    await buildW(test);
  });
  after(() => test.close());

  const ask = async (query: string, version?: string) =>
    (await test.api.get(`/stockroom/explain?${query}`, version).expect(200)).body as ExplainDocument;

  it('says of the worked example what the contract says, word for word', async () => {
    const page = readFileSync(path.join(ROOT, 'docs/contract/explain-and-capacity.md'), 'utf8');
    const expected = JSON.parse(/### Response[^]*?```json\n([^]*?)```/.exec(page)?.[1] ?? '') as ExplainDocument;
    const { nearest, ...document } = await ask(QUERY);
    const { nearest: first, ...others } = expected;
    assert.deepEqual(document, others);
    assert.deepEqual(nearest.slice(0, 2), first);
    const [h3, h4] = nearest.slice(2).map(({ root, reasons }) => ({
      name: root.name,
      reasons: reasons.map(({ condition, code, text: sentence }) => [condition, code, sentence]),
    }));
    assert.deepEqual(h3, {
      name: 'h3',
      reasons: [
        ['resources.MEMORY_MB', 'capacity', 'MEMORY_MB: asks 16384, free 8192 (capacity 65536, used 57344)'],
        [`member_of.${AZ1}`, 'not_in_aggregate', `not in aggregate ${AZ1}`],
      ],
    });
    assert.deepEqual(h4, {
      name: 'h4',
      reasons: [
        ['resources.VCPU', 'max_unit', 'VCPU: asks 8, max_unit 4'],
        ['required.!COMPUTE_STATUS_DISABLED', 'forbidden_trait', 'has COMPUTE_STATUS_DISABLED'],
      ],
    });
  });

  it('makes each change that it offers true', async () => {
    const { changes } = await ask(QUERY);
    assert.equal(changes.length, 2);
    const lowered = await test.api.get(`/allocation_candidates?${QUERY.replace('VCPU:8', 'VCPU:4')}`).expect(200);
    const dropped = await test.api.get(`/allocation_candidates?${QUERY.replace('CUSTOM_SSD,', '')}`).expect(200);
    for (const { body } of [lowered, dropped])
      assert.equal((body as { allocation_requests: unknown[] }).allocation_requests.length, 1);
  });

  it('reads the query at the version of the header, and at the newest without one', async () => {
    for (const version of ['1.10', '1.28', '1.36', '1.39']) {
      const document = await ask('resources=VCPU:8', version);
      assert.deepEqual([document.version, document.trees.fitting], [version, 2]);
    }
    const response = await test.api
      .request('get', `/stockroom/explain?${QUERY}`)
      .set('x-auth-token', 'admin')
      .expect(200);
    assert.equal(response.headers['openstack-api-version'], 'placement 1.39');
    assert.equal(response.headers['cache-control'], 'no-cache');
    assert.ok(response.headers['last-modified'] !== undefined);
    const rejected = await test.api.get('/stockroom/explain?resources=VCPU:1&required=CUSTOM_SSD', '1.16').expect(400);
    assert.match(messageOf(rejected.body), /'required' was unexpected/);
    const old = await test.api.get('/stockroom/explain?resources=VCPU:1', '1.9').expect(400);
    assert.equal(
      messageOf(old.body),
      'Explain and capacity read queries of version 1.10 or later; this request is for 1.9. ' +
        'Leave the openstack-api-version header out for the newest.',
    );
  });

  it('lists as many trees as are asked for, and those of providers before them', async () => {
    const names = async (more: string) => (await ask(`${QUERY}&${more}`)).nearest.map(({ root }) => root.name);
    assert.deepEqual(await names('show=0'), []);
    assert.deepEqual(await names('show=1'), ['h1']);
    assert.deepEqual(await names(`show=1&provider=${uuidOf(4)}&provider=${uuidOf(3)}`), ['h4', 'h3', 'h1']);
    const { nearest, conflict } = await ask(`resources=VCPU:1&show=0&provider=${uuidOf(2)}`);
    assert.deepEqual([conflict, nearest], [null, [{ root: { uuid: uuidOf(2), name: 'h2' }, fits: true, reasons: [] }]]);
  });

  it('rejects values of its own parameters that make no sense', async () => {
    for (const [more, message] of [
      ['show=-1', 'show: expected an integer from 0 to 200, got "-1"'],
      ['show=201', 'show: expected an integer from 0 to 200, got "201"'],
      ['provider=h1', 'provider: expected the uuid of a resource provider, got "h1"'],
      [
        Array(21)
          .fill(`provider=${uuidOf(1)}`)
          .join('&'),
        'provider: expected at most 20 of them, got "21"',
      ],
    ] as const) {
      const { body } = await test.api.get(`/stockroom/explain?resources=VCPU:1&${more}`).expect(400);
      assert.deepEqual([codeOf(body), messageOf(body)], ['placement.query.bad_value', message]);
    }
    const unknown = await test.api.get(`/stockroom/explain?resources=VCPU:1&provider=${uuidOf(9)}`).expect(404);
    assert.equal(messageOf(unknown.body), `No resource provider with uuid ${uuidOf(9)} found`);
    const late = await test.api
      .get('/stockroom/explain?resources=CUSTOM_NONE:1&resources1=VCPU:1&required1=CUSTOM_NOT_THERE')
      .expect(400);
    assert.match(messageOf(late.body), /CUSTOM_NONE/);
  });

  for (const [route, rule] of [
    ['/stockroom/explain', 'stockroom:explain'],
    ['/stockroom/capacity', 'stockroom:capacity'],
  ] as const) {
    it(`has the methods, media types and CORS of every route at ${route}`, async () => {
      const token = { 'x-auth-token': 'admin' };
      await test.api.request('post', route).set(token).expect(405).expect('allow', 'GET');
      await test.api.request('get', route).expect(401);
      await test.api
        .request('get', `${route}?${QUERY}`)
        .set({ ...token, accept: 'text/plain' })
        .expect(406);
      const head = await test.api.request('head', `${route}?${QUERY}`).set(token);
      const upstream = await test.api.request('head', `/allocation_candidates?${QUERY}`).set(token);
      assert.deepEqual([head.status, head.headers['allow']], [upstream.status, upstream.headers['allow']]);
      await test.api
        .request('options', route)
        .set({ origin: ORIGIN, 'access-control-request-method': 'GET' })
        .expect(200)
        .expect('access-control-allow-origin', ORIGIN);
    });

    it(`obeys the policy rule ${rule}`, async () => {
      const folder = new PolicyFolder();
      const file = folder.write('policy.yaml', `"${rule}": "!"\n`);
      const strict = await startTestService({ databaseUrl: test.databaseUrl, config: { policyFile: file } });
      try {
        const { body } = await strict.api.get(`${route}?${QUERY}`).expect(403);
        assert.equal(messageOf(body), `Policy does not allow ${rule} to be performed.`);
      } finally {
        await strict.close();
        folder.close();
      }
    });
  }

  it('works two out at once, lets ten wait, and asks the others to come again', async () => {
    // No request gets the topology while its table is locked, so none comes to an end.
    const lock = await lockedBy(test.databaseUrl, 'lock table topology_epoch in access exclusive mode');
    let rejected = 0;
    const headers = { 'x-auth-token': 'admin', accept: 'application/json' };
    const responses = Array.from({ length: 15 }, async () => {
      const response = await fetch(`${test.url}/stockroom/explain?${QUERY}`, { headers });
      if (response.status === 503) rejected++;
      return { status: response.status, retryAfter: response.headers.get('retry-after') };
    });
    await until('three are rejected', () => rejected === 3);
    await lock.release();
    const done = await Promise.all(responses);
    assert.equal(done.filter(({ status }) => status === 200).length, 12);
    assert.deepEqual(
      done.filter(({ status }) => status !== 200),
      Array(3).fill({ status: 503, retryAfter: '1' }),
    );
  });

  it('says in the log why a response is empty, and counts the reasons', async () => {
    text = '';
    await test.api.get(`/allocation_candidates?${QUERY}`).expect(200);
    const line = await until(
      'the line is there',
      () => text.split('\n').find((one) => one.includes('nothing fits')) ?? false,
    );
    const { why } = JSON.parse(line) as { why: string };
    assert.equal(why, (await ask(QUERY)).summary);
    assert.ok(test.service.metrics.definitions().some(({ name }) => name === 'stockroom_explain_duration_seconds'));
    const shown = JSON.stringify(await test.service.metrics.snapshot());
    for (const code of ['capacity', 'max_unit', 'missing_trait'])
      assert.match(shown, new RegExp(`"value":1,"labels":\\{"code":"${code}"\\}`));
  });

  it('leaves the responses of GET /allocation_candidates as they are', async () => {
    const { text: body } = await test.api.get(`/allocation_candidates?${QUERY}`).expect(200);
    assert.equal(body, '{"allocation_requests": [], "provider_summaries": {}}');
  });
});

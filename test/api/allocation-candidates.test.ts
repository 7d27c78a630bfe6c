import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { claim, generationOf } from '../support/claims.js';
import {
  codeOf,
  createProvider,
  messageOf,
  setInventories,
  startTestService,
  type TestService,
} from '../support/service.js';

interface Response {
  allocation_requests: {
    allocations: Record<string, { resources: Record<string, number> }>;
    mappings?: Record<string, string[]>;
  }[];
  provider_summaries: Record<
    string,
    { resources: Record<string, { capacity: number; used: number }>; traits?: string[] }
  >;
}

describe('allocation candidates', () => {
  let test: TestService;
  /** cn (VCPU, MEMORY_MB; HW_CPU_X86_VMX) with the child pf (SRIOV_NET_VF), and flat (VCPU, SRIOV_NET_VF). */
  let cn: string;
  let pf: string;
  let flat: string;
  before(async () => {
    test = await startTestService();
    cn = await createProvider(test.api, 'cn');
    pf = await createProvider(test.api, 'pf', cn);
    flat = await createProvider(test.api, 'flat');
    await setInventories(test.api, cn, { VCPU: { total: 8, allocation_ratio: 1.5 }, MEMORY_MB: { total: 1024 } });
    await setInventories(test.api, pf, { SRIOV_NET_VF: { total: 4 } });
    await setInventories(test.api, flat, { VCPU: { total: 8 }, SRIOV_NET_VF: { total: 8 } });
    const traits = { traits: ['HW_CPU_X86_VMX'], resource_provider_generation: await generationOf(test.api, cn) };
    await test.api.put(`/resource_providers/${cn}/traits`, traits).expect(200);
    await claim(test.api, { [cn]: { VCPU: 2 } }).expect(204);
  });
  after(() => test.close());

  const ask = async (query: string, version?: string) =>
    (await test.api.get(`/allocation_candidates?${query}`, version).expect(200)).body as Response;
  const providersOf = ({ allocation_requests }: Response) =>
    allocation_requests.map(({ allocations }) => Object.keys(allocations).sort());

  it('show what could be claimed, with mappings, and how much is left on the trees concerned', async () => {
    const { allocation_requests, provider_summaries } = await ask(
      'resources=VCPU:1,SRIOV_NET_VF:2&required=HW_CPU_X86_VMX',
    );
    assert.deepEqual(allocation_requests, [
      {
        allocations: { [cn]: { resources: { VCPU: 1 } }, [pf]: { resources: { SRIOV_NET_VF: 2 } } },
        mappings: { '': [cn, pf] },
      },
    ]);
    assert.deepEqual(provider_summaries, {
      [cn]: {
        resources: { VCPU: { capacity: 12, used: 2 }, MEMORY_MB: { capacity: 1024, used: 0 } },
        traits: ['HW_CPU_X86_VMX'],
        parent_provider_uuid: null,
        root_provider_uuid: cn,
      },
      [pf]: {
        resources: { SRIOV_NET_VF: { capacity: 4, used: 0 } },
        traits: [],
        parent_provider_uuid: cn,
        root_provider_uuid: cn,
      },
    });
  });

  it('can be claimed as they are, from 1.12 on', async () => {
    for (const version of ['1.12', '1.28', '1.36', '1.39']) {
      const [candidate] = (await ask('resources=VCPU:1', version)).allocation_requests;
      const more = {
        project_id: 'p',
        user_id: 'u',
        ...(version === '1.12' ? {} : { consumer_generation: null }),
        ...(version === '1.39' ? { consumer_type: 'INSTANCE' } : {}),
      };
      const consumer = randomUUID();
      await test.api.put(`/allocations/${consumer}`, { ...candidate, ...more }, version).expect(204);
      await test.api.delete(`/allocations/${consumer}`).expect(204);
    }
  });

  it('are a list of providers before 1.12', async () => {
    const { body } = await test.api.get('/allocation_candidates?resources=MEMORY_MB:1', '1.11').expect(200);
    assert.deepEqual(body.allocation_requests, [
      { allocations: [{ resource_provider: { uuid: cn }, resources: { MEMORY_MB: 1 } }] },
    ]);
    assert.deepEqual(body.provider_summaries, { [cn]: { resources: { MEMORY_MB: { capacity: 1024, used: 0 } } } });
  });

  it('tell more in the summaries from version to version', async () => {
    const summary = async (version: string) =>
      (await ask('resources=MEMORY_MB:1', version)).provider_summaries[cn] ?? { resources: {} };
    assert.deepEqual(Object.keys(await summary('1.16')), ['resources']);
    assert.deepEqual(Object.keys(await summary('1.17')), ['resources', 'traits']);
    assert.deepEqual(Object.keys((await summary('1.26')).resources), ['MEMORY_MB']);
    assert.deepEqual(Object.keys((await summary('1.27')).resources), ['VCPU', 'MEMORY_MB']);
    assert.deepEqual(Object.keys(await summary('1.29')).sort(), [
      'parent_provider_uuid',
      'resources',
      'root_provider_uuid',
      'traits',
    ]);
    assert.deepEqual(Object.keys((await ask('resources=MEMORY_MB:1', '1.28')).provider_summaries), [cn]);
    assert.deepEqual(
      Object.keys((await ask('resources=MEMORY_MB:1', '1.29')).provider_summaries).sort(),
      [cn, pf].sort(),
    );
  });

  it('use several providers of one tree from 1.29 on only', async () => {
    const query = 'resources=VCPU:1,SRIOV_NET_VF:1';
    assert.deepEqual(providersOf(await ask(query, '1.28')), [[flat]]);
    assert.deepEqual(providersOf(await ask(query, '1.29')).length, 2);
  });

  it('have no mappings before 1.34', async () => {
    assert.equal((await ask('resources=VCPU:1', '1.33')).allocation_requests[0]?.mappings, undefined);
    assert.deepEqual((await ask('resources_A=MEMORY_MB:1', '1.34')).allocation_requests[0]?.mappings, { _A: [cn] });
  });

  it('are no more than the limit asks for, the first one when it is repeated', async () => {
    assert.equal((await ask('resources=VCPU:1')).allocation_requests.length, 2);
    const limited = await ask('resources=VCPU:1&limit=1');
    assert.equal(limited.allocation_requests.length, 1);
    assert.equal((await ask('resources=VCPU:1&limit=2&limit=1')).allocation_requests.length, 2);
    for (const limit of ['999999999999999', '9999999999999999', '9'.repeat(400)])
      assert.equal((await ask(`resources=VCPU:1&limit=${limit}`)).allocation_requests.length, 2, limit);
    const root = Object.keys(limited.allocation_requests[0]?.allocations ?? {})[0] ?? '';
    assert.deepEqual(Object.keys(limited.provider_summaries).includes(root), true);
  });

  it('are none, and no error, when nothing fits or nothing is called so', async () => {
    const empty = { allocation_requests: [], provider_summaries: {} };
    for (const query of [
      'resources=VCPU:100',
      `resources=VCPU:1&member_of=${randomUUID()}`,
      `resources=VCPU:1&in_tree=${randomUUID()}`,
      'resources=PGPU:1',
    ]) {
      assert.deepEqual(await ask(query), empty, query);
    }
  });

  it('count what is used at once', async () => {
    const consumer = randomUUID();
    assert.equal((await ask(`resources=SRIOV_NET_VF:4&in_tree=${cn}`)).allocation_requests.length, 1);
    await claim(test.api, { [pf]: { SRIOV_NET_VF: 1 } }, { consumer }).expect(204);
    assert.equal((await ask(`resources=SRIOV_NET_VF:4&in_tree=${cn}`)).allocation_requests.length, 0);
    await test.api.delete(`/allocations/${consumer}`).expect(204);
    assert.equal((await ask(`resources=SRIOV_NET_VF:4&in_tree=${cn}`)).allocation_requests.length, 1);
  });

  const uuid = randomUUID();
  const rejected: [version: string, query: string, text: RegExp, code?: string][] = [
    ['1.10', '', /'resources' is a required property/],
    ['1.10', 'resources=', /Got: empty string\./],
    ['1.10', 'resources=VCPU', /Badly formed resources parameter/],
    ['1.10', 'resources=VCPU:1:2', /Badly formed resources parameter/],
    ['1.10', 'resources=VCPU:0', /requires amount >= 1\. Got: 0\./],
    ['1.10', 'resources=VCPU:x', /expected positive integer amount\. Got: x\./],
    ['1.10', 'resources=COWS:1', /Invalid resource class in resources parameter: No such resource class COWS\./],
    ['1.15', 'resources=VCPU:1&limit=1', /'limit' was unexpected/],
    ['1.16', 'resources=VCPU:1&limit=0', /Failed validating 'pattern'/],
    ['1.16', 'resources=VCPU:1&limit=x&limit=1', /Failed validating 'pattern'/],
    ['1.16', 'resources=VCPU:1&required=HW_CPU_X86_VMX', /'required' was unexpected/],
    ['1.17', 'resources=VCPU:1&required=NO_SUCH', /No such trait\(s\): NO_SUCH\./],
    [
      '1.17',
      'resources=VCPU:1&required=!HW_CPU_X86_VMX',
      /of the form: HW_CPU_X86_VMX,CUSTOM_MAGIC\. Got: !HW_CPU_X86_VMX/,
    ],
    ['1.20', `resources=VCPU:1&member_of=${uuid}`, /'member_of' was unexpected/],
    ['1.21', 'resources=VCPU:1&member_of=no-uuid', /Expected 'member_of' parameter to contain valid UUID\(s\)/],
    ['1.21', `resources=VCPU:1&member_of=${uuid},${uuid}`, /must be prefixed with the 'in:'/],
    ['1.23', `resources=VCPU:1&member_of=${uuid}&member_of=${uuid}`, /Multiple member_of parameters are not supported/],
    ['1.22', 'resources=VCPU:1&required=HW_CPU_X86_VMX,!HW_CPU_X86_VMX', /required: \(HW_CPU_X86_VMX\)/],
    ['1.24', 'resources1=VCPU:1', /'resources' is a required property/],
    ['1.25', 'resources1=VCPU:1&resources2=VCPU:1', /"group_policy" parameter is required/],
    ['1.25', 'resources=VCPU:1&group_policy=bogus', /is not one of \['none', 'isolate'\]/],
    ['1.25', 'resources01=VCPU:1', /'resources01' does not match any of the regexes/],
    ['1.25', 'group_policy=none', /At least one request group/],
    ['1.25', 'resources1=VCPU:1&required2=HW_CPU_X86_VMX', /orphaned traits keys: required2/],
    ['1.25', `resources1=VCPU:1&member_of2=${uuid}`, /orphaned member_of keys: member_of2/],
    ['1.31', `resources1=VCPU:1&in_tree2=${uuid}`, /All request groups must specify resources/],
    ['1.30', `resources=VCPU:1&in_tree=${uuid}`, /'in_tree' does not match any of the regexes/],
    ['1.31', 'resources=VCPU:1&in_tree=no-uuid', /to be a format of uuid/],
    ['1.31', `resources=VCPU:1&member_of=!${uuid}`, /Forbidden member_of parameters are not supported/],
    ['1.32', 'resources_A=VCPU:1', /'resources_A' does not match any of the regexes/],
    ['1.34', 'resources=VCPU:1&root_required=HW_CPU_X86_VMX', /'root_required' does not match any of the regexes/],
    [
      '1.35',
      'resources=VCPU:1&root_required=HW_CPU_X86_VMX&root_required=HW_CPU_X86_VMX',
      /only once/,
      'placement.query.duplicate_key',
    ],
    [
      '1.35',
      'resources=VCPU:1&root_required=HW_CPU_X86_VMX,!HW_CPU_X86_VMX',
      /found in root_required/,
      'placement.query.bad_value',
    ],
    ['1.39', 'resources=VCPU:1&root_required=in:HW_CPU_X86_VMX', /only supported since microversion 1\.39/],
    ['1.35', 'resources=VCPU:1&same_subtree=_A', /'same_subtree' does not match any of the regexes/],
    ['1.36', 'required_A=HW_CPU_X86_VMX&same_subtree=_A', /at least one resources/, 'placement.query.missing_value'],
    ['1.36', 'resources=VCPU:1&required_A=HW_CPU_X86_VMX', /bad group\(s\) - \['_A'\]/, 'placement.query.bad_value'],
    ['1.36', 'resources=VCPU:1&same_subtree=_B', /\['_B'\] not found in/, 'placement.query.bad_value'],
    ['1.36', 'resources_A=VCPU:1&same_subtree=_A,', /Empty string/, 'placement.query.bad_value'],
    ['1.38', 'resources=VCPU:1&required=in:HW_CPU_X86_VMX', /only supported since microversion 1\.39/],
    ['1.39', 'resources=VCPU:1&required=in:HW_CPU_X86_VMX,!HW_CPU_X86_SSE', /does not support forbidden traits/],
    ['1.39', 'resources=VCPU:1&required=', /Got an empty trait in:/],
    ['1.39', 'resources=VCPU:1&colour=red', /'colour' does not match any of the regexes/],
  ];
  for (const [version, query, text, code] of rejected) {
    it(`return 400 at ${version} for ?${query.replaceAll(uuid, 'UUID')}`, async () => {
      const { body } = await test.api.get(`/allocation_candidates?${query}`, version).expect(400);
      assert.match(messageOf(body), text);
      if (code !== undefined) assert.equal(codeOf(body), code);
    });
  }

  it('exist from 1.10 on', async () => {
    await test.api.get('/allocation_candidates?resources=VCPU:1', '1.9').expect(404);
  });

  it('use the last of repeated required below 1.39, and all of them from then on', async () => {
    const query = 'resources=VCPU:1&required=HW_CPU_X86_SSE&required=HW_CPU_X86_VMX';
    assert.equal((await ask(query, '1.38')).allocation_requests.length, 1);
    assert.equal((await ask(query, '1.39')).allocation_requests.length, 0);
  });

  it('take any suffix from 1.33 on, without confusing it with members of an object', async () => {
    const { allocation_requests } = await ask('resources__proto__=VCPU:1');
    assert.equal(allocation_requests.length, 2);
  });
});

describe('allocation candidates, as configured', () => {
  const world = async (config: object) => {
    const test = await startTestService({ config });
    for (const name of ['h1', 'h2', 'h3']) {
      const host = await createProvider(test.api, name);
      await setInventories(test.api, host, { VCPU: { total: 4 } });
      for (const child of ['a', 'b']) {
        await setInventories(test.api, await createProvider(test.api, `${name}${child}`, host), { PGPU: { total: 2 } });
      }
    }
    const query = 'resources=VCPU:1&resources1=PGPU:1&resources2=PGPU:1&group_policy=isolate';
    const { body } = await test.api.get(`/allocation_candidates?${query}`).expect(200);
    const hosts = (body as Response).allocation_requests.map(({ mappings }) => mappings?.['']?.[0]);
    await test.close();
    return { count: hosts.length, hosts: new Set(hosts).size };
  };

  it('end at max_allocation_candidates, depth-first by default', async () => {
    assert.deepEqual(await world({}), { count: 6, hosts: 3 });
    assert.deepEqual(await world({ maxAllocationCandidates: 3 }), { count: 3, hosts: 2 });
  });

  it('take one of each host in turn when generated breadth-first', async () => {
    const config = { maxAllocationCandidates: 3, allocationCandidatesGenerationStrategy: 'breadth-first' };
    assert.deepEqual(await world(config), { count: 3, hosts: 3 });
  });

  it('are shuffled on request', async () => {
    assert.deepEqual(await world({ randomizeAllocationCandidates: true }), { count: 6, hosts: 3 });
  });
});

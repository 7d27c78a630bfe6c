import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createProvider, messageOf, setInventories, startTestService, type TestService } from '../support/service.js';

describe('filters of the list of providers', () => {
  let test: TestService;
  const uuids: Record<string, string> = {};
  const [agg1, agg2, agg3] = [randomUUID(), randomUUID(), randomUUID()];
  before(async () => {
    test = await startTestService();
    for (const [name, parent] of [['root'], ['child', 'root'], ['leaf', 'child'], ['other'], ['bare']] as const) {
      uuids[name] = await createProvider(test.api, name, parent === undefined ? undefined : uuids[parent]);
    }
    const set = async (name: string, kind: 'traits' | 'aggregates', values: string[]) => {
      const path = `/resource_providers/${uuids[name]}`;
      const { body } = await test.api.get(path).expect(200);
      await test.api
        .put(`${path}/${kind}`, { [kind]: values, resource_provider_generation: body.generation })
        .expect(200);
    };
    await setInventories(test.api, uuids['root'] ?? '', { VCPU: { total: 8, reserved: 2, max_unit: 5 } });
    await setInventories(test.api, uuids['child'] ?? '', {
      VCPU: { total: 2, allocation_ratio: 4, min_unit: 2, step_size: 2 },
      MEMORY_MB: { total: 1024 },
    });
    await setInventories(test.api, uuids['other'] ?? '', { MEMORY_MB: { total: 2048, reserved: 2048 } });
    await set('root', 'traits', ['HW_CPU_X86_AVX', 'HW_CPU_X86_AVX2']);
    await set('child', 'traits', ['HW_CPU_X86_AVX']);
    await set('other', 'traits', ['HW_CPU_X86_SSE']);
    await set('root', 'aggregates', [agg1, agg2]);
    await set('child', 'aggregates', [agg1]);
    await set('other', 'aggregates', [agg2]);
  });
  after(() => test.close());

  const find = async (query: string, version?: string): Promise<string[]> => {
    const { body } = await test.api.get(`/resource_providers?${fill(query)}`, version).expect(200);
    return body.resource_providers.map(({ name }: { name: string }) => name).sort();
  };
  const fill = (query: string): string =>
    query
      .replaceAll('AGG1', agg1)
      .replaceAll('AGG2', agg2)
      .replaceAll('AGG3', agg3)
      .replace(/\b(root|child|leaf|other|bare)\b(?<!name=\w*)/g, (name) => uuids[name] ?? name)
      .replaceAll('AVX', 'HW_CPU_X86_AVX')
      .replaceAll('SSE', 'HW_CPU_X86_SSE');

  const all = ['bare', 'child', 'leaf', 'other', 'root'];
  const cases: [string, string[]][] = [
    ['', all],
    ['name=', all],
    ['name=root', ['root']],
    ['name=Root', []],
    ['name=root&name=other', ['other']],
    ['uuid=root', ['root']],
    ['name=root&uuid=other', []],
    ['in_tree=root', ['child', 'leaf', 'root']],
    ['in_tree=leaf', ['child', 'leaf', 'root']],
    ['in_tree=bare', ['bare']],
    [`in_tree=${agg3}`, []],
    ['in_tree=leaf&uuid=other', []],
    ['resources=VCPU:1', ['root']],
    ['resources=VCPU:2', ['child', 'root']],
    ['resources=VCPU:5', ['root']],
    ['resources=VCPU:6', ['child']],
    ['resources=VCPU:8', ['child']],
    ['resources=VCPU:9', []],
    ['resources=VCPU:2,MEMORY_MB:1024', ['child']],
    ['resources=VCPU:2,MEMORY_MB:1025', []],
    ['resources=MEMORY_MB:1', ['child']],
    ['resources=VCPU:1,VCPU:8', ['child']],
    ['resources=VCPU:%2B1_0', []],
    ['resources=VCPU:%208%20', ['child']],
    ['resources=VCPU:99999999999999999999999', []],
    ['required=AVX', ['child', 'root']],
    ['required=AVX,AVX2', ['root']],
    ['required=%20AVX%20,AVX2', ['root']],
    ['required=!AVX', ['bare', 'leaf', 'other']],
    ['required=!!AVX', ['bare', 'leaf', 'other']],
    ['required=AVX,!AVX2', ['child']],
    ['required=AVX,!AVX', []],
    ['required=in:AVX2,SSE', ['other', 'root']],
    ['required=in:AVX,SSE&required=!AVX2', ['child', 'other']],
    ['required=AVX&required=AVX2', ['root']],
    ['member_of=AGG1', ['child', 'root']],
    ['member_of=in:AGG1', ['child', 'root']],
    ['member_of=in:AGG1,AGG2', ['child', 'other', 'root']],
    ['member_of=AGG3', []],
    ['member_of=AGG1&member_of=AGG2', ['root']],
    ['member_of=!AGG1', ['bare', 'leaf', 'other']],
    ['member_of=!in:AGG1,AGG2', ['bare', 'leaf']],
    ['member_of=AGG2&member_of=!AGG1', ['other']],
    ['in_tree=leaf&required=AVX&member_of=AGG1&resources=VCPU:6', ['child']],
  ];
  for (const [query, expected] of cases) {
    it(`?${query} finds ${expected.join(', ') || 'none'}`, async () => {
      assert.deepEqual(await find(query), expected);
    });
  }

  it('takes only the last required below 1.39, all of them from 1.39 on', async () => {
    assert.deepEqual(await find('required=AVX2&required=AVX', '1.38'), ['child', 'root']);
    assert.deepEqual(await find('required=NO_SUCH_TRAIT&required=AVX', '1.38'), ['child', 'root']);
    assert.deepEqual(await find('required=AVX2&required=AVX', '1.39'), ['root']);
  });

  // Query, the version that brings it, what is said below
  const gates: [string, string, string, RegExp][] = [
    ['member_of=AGG1', '1.3', '1.2', /'member_of' was unexpected/],
    ['resources=VCPU:1', '1.4', '1.3', /'resources' was unexpected/],
    ['in_tree=root', '1.14', '1.13', /'in_tree' was unexpected/],
    ['required=AVX', '1.18', '1.17', /'required' was unexpected/],
    [
      'required=!AVX',
      '1.22',
      '1.21',
      /parameter value of the form: HW_CPU_X86_VMX,CUSTOM_MAGIC\. Got: !HW_CPU_X86_AVX$/,
    ],
    ['member_of=AGG1&member_of=AGG2', '1.24', '1.23', /^Multiple member_of parameters are not supported$/],
    ['member_of=!AGG1', '1.32', '1.31', /^Forbidden member_of parameters are not supported/],
    ['member_of=!in:AGG1', '1.32', '1.31', /^Forbidden member_of parameters are not supported/],
    ['required=in:AVX,SSE', '1.39', '1.38', /only supported since microversion 1\.39\. Got: in:HW_CPU_X86_AVX/],
  ];
  for (const [query, since, below, why] of gates) {
    it(`?${query} works from ${since} on, and is a 400 that says why before`, async () => {
      await find(query, since);
      const { body } = await test.api.get(`/resource_providers?${fill(query)}`, below).expect(400);
      assert.match(messageOf(body), why);
    });
  }

  const wrong: [string, RegExp][] = [
    ['uuid=x', /'x' is not a 'uuid'/],
    ['uuid=', /is not a 'uuid'/],
    ['uuid=00000000000000000000000000000000', /is not a 'uuid'/],
    ['in_tree=x', /'x' is not a 'uuid'/],
    ['limit=1', /Additional properties are not allowed \('limit' was unexpected\)/],
    ['Name=root', /'Name' was unexpected/],
    ['__proto__=1', /'__proto__' was unexpected/],
    ['constructor=1&x=2', /\('constructor', 'x' were unexpected\)/],
    ['resources=', /^Badly formed resources parameter\..* Got: empty string\.$/],
    ['resources=%20', /Got: empty string\.$/],
    ['resources=VCPU', /^Badly formed resources parameter\..* Got: VCPU\.$/],
    ['resources=VCPU:1:2', /Got: VCPU:1:2\.$/],
    ['resources=VCPU:1,', /^Badly formed resources parameter/],
    ['resources=VCPU:x', /^Requested resource VCPU expected positive integer amount\. Got: x\.$/],
    ['resources=VCPU:1.5', /expected positive integer amount\. Got: 1\.5\.$/],
    ['resources=VCPU:', /expected positive integer amount/],
    ['resources=VCPU:0', /^Requested resource VCPU requires amount >= 1\. Got: 0\.$/],
    ['resources=VCPU:-1', /requires amount >= 1\. Got: -1\.$/],
    ['resources=vcpu:1', /^Invalid resource class in resources parameter: No such resource class vcpu\.$/],
    ['required=', /HW_CPU_X86_VMX,!CUSTOM_MAGIC\. Got an empty trait in:$/],
    ['required=AVX,', /Got an empty trait in: HW_CPU_X86_AVX,$/],
    ['required=!', /Got an empty trait in: !$/],
    ['required=in:', /form: in:HW_CPU_X86_VMX,CUSTOM_MAGIC\. Got an empty trait in: in:$/],
    ['required=in:!AVX', /does not support forbidden traits\. Got: in:!HW_CPU_X86_AVX$/],
    ['required=NO_SUCH', /^Invalid trait\(s\) in "required" parameter: No such trait\(s\): NO_SUCH\.$/],
    ['required=!NO_SUCH', /No such trait\(s\): NO_SUCH\.$/],
    ['required=in:AVX,NO_SUCH', /No such trait\(s\): NO_SUCH\.$/],
    ['member_of=', /Expected 'member_of' parameter to contain valid UUID\(s\)\. Got:/],
    ['member_of=x', /contain valid UUID\(s\)\. Got: x$/],
    ['member_of=in:AGG1,x', /contain valid UUID\(s\)\. Got: x$/],
    ['member_of=in:AGG1,!AGG2', /contain valid UUID\(s\)\. Got: !/],
    ['member_of=!!AGG1', /contain valid UUID\(s\)/],
    ['member_of=AGG1,AGG2', /^Multiple values for 'member_of' must be prefixed with the 'in:' or '!in:' keyword/],
  ];
  for (const [query, why] of wrong) {
    it(`?${query} is a 400 that says why`, async () => {
      const { body } = await test.api.get(`/resource_providers?${fill(query)}`).expect(400);
      assert.match(messageOf(body), why);
    });
  }
});

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { applyChange, conditionText, formatQuery, parseQuery, type Query } from '../../../console/query.js';

const AZ = 'a1000000-0000-4000-8000-000000000001';

describe('a query of the console', () => {
  it('is read from a line of the request log', () => {
    const path = `/allocation_candidates?resources=VCPU%3A8%2CMEMORY_MB:16384&required=CUSTOM_SSD,!CUSTOM_OLD&required=in:A,B&member_of=in:${AZ},${AZ}&limit=5`;
    assert.deepEqual(parseQuery(path), {
      groups: [
        {
          suffix: '',
          resources: [
            { resourceClass: 'VCPU', amount: '8' },
            { resourceClass: 'MEMORY_MB', amount: '16384' },
          ],
          required: ['CUSTOM_SSD', '!CUSTOM_OLD', 'in:A,B'],
          memberOf: [`in:${AZ},${AZ}`],
          inTree: '',
        },
      ],
      groupPolicy: '',
      sameSubtree: [],
      rootRequired: [],
      others: [['limit', '5']],
    });
    assert.equal(
      formatQuery(parseQuery(path)),
      `resources=VCPU:8,MEMORY_MB:16384&required=CUSTOM_SSD,!CUSTOM_OLD&required=in:A,B&member_of=in:${AZ},${AZ}&limit=5`,
    );
  });

  it('has groups by suffix, the unsuffixed one first', () => {
    const text =
      'resources_GPU=VGPU:1&in_tree1=x&resources=VCPU:1&group_policy=isolate&same_subtree=_GPU,1&root_required=T,!U';
    const query = parseQuery(text);
    assert.deepEqual(
      query.groups.map(({ suffix }) => suffix),
      ['', '_GPU', '1'],
    );
    assert.equal(
      formatQuery(query),
      'resources=VCPU:1&resources_GPU=VGPU:1&in_tree1=x&group_policy=isolate&same_subtree=_GPU,1&root_required=T,!U',
    );
  });

  it('is the same after it was written and read', () => {
    const word = fc.stringMatching(/^[A-Z][A-Z0-9_]{0,12}$/);
    const list = fc.uniqueArray(word, { maxLength: 3 });
    const group = fc.record({
      resources: fc.uniqueArray(fc.record({ resourceClass: word, amount: fc.nat().map(String) }), {
        minLength: 1,
        maxLength: 3,
      }),
      required: fc
        .tuple(list, list)
        .map(([some, any]) => [
          ...some,
          ...some.map((one) => `!${one}`),
          ...(any.length > 0 ? [`in:${any.join(',')}`] : []),
        ]),
      memberOf: fc.array(fc.constantFrom(AZ, `!${AZ}`, `in:${AZ},${AZ}`), { maxLength: 2 }),
      inTree: fc.constantFrom('', AZ),
    });
    const suffixes = fc
      .uniqueArray(fc.constantFrom('1', '2', '_A', '_GPU-0'), { maxLength: 3 })
      .map((some) => ['', ...some]);
    const queries: fc.Arbitrary<Query> = suffixes.chain((all) =>
      fc.record({
        groups: fc.tuple(...all.map((suffix) => group.map((one) => ({ suffix, ...one })))),
        groupPolicy: fc.constantFrom('', 'none', 'isolate'),
        sameSubtree: fc.uniqueArray(fc.constantFrom('_A,1', '1,2'), { maxLength: 2 }),
        rootRequired: list,
        // Names, blanks and signs of every kind: what the form has no field for is kept.
        others: fc.array(fc.tuple(fc.constantFrom('provider', 'limit', 'new'), fc.string({ unit: 'grapheme' })), {
          maxLength: 2,
        }),
      }),
    );
    fc.assert(
      fc.property(queries, (query) => {
        assert.deepEqual(parseQuery(formatQuery(query)), structuredClone(query));
      }),
    );
  });

  it('takes in what the service suggests', () => {
    const query = parseQuery(
      `resources=VCPU:8&resources_G=VGPU:2&required_G=A,!B&member_of=${AZ}&in_tree=x&group_policy=isolate&same_subtree=_G,_H&root_required=T`,
    );
    const after = (condition: string, to: string | null = null): string =>
      formatQuery(applyChange(query, condition, to).query);
    assert.match(after('resources.VCPU', '4'), /^resources=VCPU:4&/);
    assert.match(after('resources_G.VGPU', '1'), /resources_G=VGPU:1&/);
    assert.match(after('required_G.!B'), /required_G=A&/);
    assert.doesNotMatch(after(`member_of.${AZ}`), /member_of/);
    assert.doesNotMatch(after('in_tree.x'), /in_tree/);
    assert.doesNotMatch(after('group_policy'), /group_policy/);
    assert.doesNotMatch(after('same_subtree._G,_H'), /same_subtree/);
    assert.doesNotMatch(after('root_required.T'), /root_required/);
    assert.equal(applyChange(query, 'version.1.29', '1.29').version, '1.29');
  });

  it('names its conditions for people', () => {
    assert.equal(conditionText('resources.VCPU', 8), 'VCPU:8');
    assert.equal(conditionText('resources_GPU.VGPU', 1), 'VGPU:1 (group _GPU)');
    assert.equal(conditionText('required.!CUSTOM_OLD'), 'forbidden CUSTOM_OLD');
    assert.equal(conditionText('member_of.!x'), 'not in aggregate x');
    assert.equal(conditionText('group_policy'), 'group policy');
    assert.equal(conditionText('version.1.29'), 'microversion below 1.29');
  });
});

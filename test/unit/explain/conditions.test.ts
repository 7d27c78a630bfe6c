import assert from 'node:assert/strict';
import { conditionsOf } from '../../../src/explain/conditions.js';
import { parseQuery } from '../../../src/http/query.js';
import { NEWEST_VERSION, negotiate } from '../../../src/http/microversions.js';
import { parseAnalysisQuery, resolveAnalysisQuery } from '../../../src/resources/analysis/query.js';
import { requestFrom } from '../../support/candidates.js';
import { buildWorld } from '../../support/topology-world.js';

const A1 = 'a1000000-0000-4000-8000-000000000001';
const A2 = 'a2000000-0000-4000-8000-000000000001';
const view = buildWorld(
  {},
  { classes: ['VCPU', 'VGPU'], traits: ['CUSTOM_A', 'CUSTOM_B', 'CUSTOM_C', 'MISC_SHARES_VIA_AGGREGATE'] },
);

function idsOf(query: string, version = NEWEST_VERSION): string[] {
  return resolveAnalysisQuery(view, parseAnalysisQuery(parseQuery(query), version), version).conditions.map(
    ({ id }) => id,
  );
}

describe('the conditions of a query', () => {
  it('are named by parameter, suffix and item as they are written, in the order of the query', () => {
    const query =
      `required=!CUSTOM_B,CUSTOM_A&resources=VCPU:2&member_of=${A1}&resources_GPU=VGPU:1&required_GPU=in:CUSTOM_A,CUSTOM_C` +
      `&member_of_GPU=!in:${A1},${A2}&in_tree_GPU=${A2}&root_required=CUSTOM_C,!CUSTOM_B&required_X=CUSTOM_A` +
      '&same_subtree=_GPU,_X&group_policy=isolate';
    assert.deepEqual(idsOf(query), [
      'resources.VCPU',
      'required.!CUSTOM_B',
      'required.CUSTOM_A',
      `member_of.${A1}`,
      'resources_GPU.VGPU',
      'required_GPU.in:CUSTOM_A,CUSTOM_C',
      `member_of_GPU.!in:${A1},${A2}`,
      `in_tree_GPU.${A2}`,
      'required_X.CUSTOM_A',
      'root_required.CUSTOM_C',
      'root_required.!CUSTOM_B',
      'group_policy',
      'same_subtree._GPU,_X',
    ]);
  });

  it('are several for several member_of of a group, and one for an item that is repeated', () => {
    const query = `resources=VCPU:1&member_of=${A1}&member_of=${A2}&member_of=${A1}&required=CUSTOM_A,CUSTOM_A`;
    assert.deepEqual(idsOf(query), ['resources.VCPU', 'required.CUSTOM_A', `member_of.${A1}`, `member_of.${A2}`]);
  });

  it('leave out what does not count at the version, and have a rule of their own below 1.29', () => {
    const query = 'resources=VCPU:1&required=CUSTOM_A&required=CUSTOM_B';
    assert.deepEqual(idsOf(query, negotiate('placement 1.38')), ['resources.VCPU', 'required.CUSTOM_B']);
    assert.deepEqual(idsOf(query, negotiate('placement 1.28')), [
      'resources.VCPU',
      'required.CUSTOM_B',
      'version.1.29',
    ]);
  });

  it('leave out a group policy that cannot reject anything', () => {
    assert.deepEqual(idsOf('resources1=VCPU:1&resources=VCPU:1&group_policy=isolate'), [
      'resources1.VCPU',
      'resources.VCPU',
    ]);
  });

  it('are the same for a request that is written out first', () => {
    const query = `resources=VCPU:2&required=in:CUSTOM_A,CUSTOM_B&required=CUSTOM_C&member_of=in:${A1},${A2}&member_of=!${A2}&root_required=!CUSTOM_C`;
    assert.deepEqual(
      conditionsOf(requestFrom(view, query)).map(({ id }) => id),
      idsOf(query),
    );
  });
});

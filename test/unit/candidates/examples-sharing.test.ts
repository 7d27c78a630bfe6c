import assert from 'node:assert/strict';
import { responses, ask, summaries } from '../../support/candidates.js';
import { buildWorld, type WorldSpec } from '../../support/topology-world.js';

const SHARES = 'MISC_SHARES_VIA_AGGREGATE';

const world = buildWorld({
  cn1: { inventory: { VCPU: 8 }, traits: ['CUSTOM_T1'], aggregates: ['A'] },
  cn2: { inventory: { VCPU: 8, DISK_GB: 50 }, aggregates: ['A'] },
  cn3: { inventory: { VCPU: 8 } },
  ss: { inventory: { DISK_GB: 1000 }, traits: [SHARES, 'CUSTOM_SSD'], aggregates: ['A'] },
});
const Q = 'resources=VCPU:1,DISK_GB:10';

const CN1 = 'cn1(VCPU:1) + ss(DISK_GB:10)';
const ALONE = 'cn2(DISK_GB:10, VCPU:1)';
const CN2 = 'cn2(VCPU:1) + ss(DISK_GB:10)';

describe('candidates, worked example E6: sharing providers', () => {
  const rows: [query: string, expected: string[], options?: { nested: boolean }][] = [
    [Q, [CN1, ALONE, CN2]],
    [Q, [CN1, ALONE, CN2], { nested: false }],
    ['resources=DISK_GB:10', ['cn2(DISK_GB:10)', 'ss(DISK_GB:10)']],
    ['resources1=VCPU:1,DISK_GB:10', [ALONE]],
    ['resources=VCPU:1 & resources1=DISK_GB:10', [CN1, ALONE, CN2]],
    [`${Q} & required=CUSTOM_SSD`, [CN1, CN2]],
    [`${Q} & required=CUSTOM_T1`, [CN1]],
    [`${Q} & required=!CUSTOM_SSD`, [ALONE]],
    [`${Q} & in_tree=cn1`, []],
    [`${Q} & in_tree=cn2`, [ALONE]],
    [`${Q} & in_tree=ss`, []],
    ['resources=VCPU:1 & in_tree=cn1 & resources1=DISK_GB:10 & in_tree1=ss', [CN1]],
    [`${Q} & root_required=CUSTOM_T1`, [CN1]],
    ['resources=DISK_GB:10 & root_required=CUSTOM_T1', ['ss(DISK_GB:10)']],
    [`${Q} & member_of=A`, [CN1, ALONE, CN2]],
    [`${Q} & member_of=!A`, []],
  ];
  for (const [query, expected, options] of rows) {
    it(`${query}${options === undefined ? '' : ' below 1.29'}`, () => {
      assert.deepEqual(responses(world, query, options), expected);
    });
  }
  it('summarises the trees of all that gives', () => {
    assert.deepEqual(summaries(world, Q), ['cn1', 'cn2', 'ss']);
  });
  it('summarises only what is left after limit', () => {
    const { candidates, summarised } = ask(world, Q, { limit: 1 });
    assert.equal(candidates.length, 1);
    assert.deepEqual(
      summarised,
      candidates[0]?.allocations.map(({ provider }) => provider),
    );
  });
});

describe('candidates, worked example E6: who shares with whom', () => {
  function gives(title: string, spec: WorldSpec, query: string, expected: string[], options = {}): void {
    it(title, () => {
      assert.deepEqual(responses(buildWorld(spec), query, options), expected);
    });
  }
  const sharing = (className: string, ...aggregates: string[]) => ({
    inventory: { [className]: 1000 },
    traits: [SHARES],
    aggregates,
  });
  const host = (...aggregates: string[]) => ({ inventory: { VCPU: 8 }, aggregates });

  gives(
    'a child in the aggregate is enough',
    { cn1: host(), nic: { parent: 'cn1', inventory: { VF: 2 }, aggregates: ['A'] }, ss: sharing('DISK_GB', 'A') },
    Q,
    [CN1],
  );
  const three = { cn1: host('A', 'C'), ss: sharing('DISK_GB', 'A'), ss2: sharing('DISK_GB', 'A', 'C') };
  gives('a sharing provider is a member by itself', three, `${Q} & member_of=C`, ['cn1(VCPU:1) + ss2(DISK_GB:10)']);
  gives('member_of is about its own group', three, 'resources=VCPU:1 & member_of=C & resources1=DISK_GB:10', [
    CN1,
    'cn1(VCPU:1) + ss2(DISK_GB:10)',
  ]);
  gives(
    'the anchor is in no forbidden aggregate',
    { cn1: host('A', 'F'), cn2: host('A'), ss: sharing('DISK_GB', 'A') },
    `${Q} & member_of=!F`,
    [CN2],
  );
  gives(
    'sharing is not passed on',
    { cn1: host('A'), ss: sharing('DISK_GB', 'A', 'B'), ip: sharing('IP', 'B'), ip2: sharing('IP', 'A') },
    'resources=VCPU:1,DISK_GB:1,IP:1',
    ['cn1(VCPU:1) + ip2(IP:1) + ss(DISK_GB:1)'],
  );
  const two = { cn1: host('A'), ss: sharing('DISK_GB', 'A'), ss2: sharing('DISK_GB', 'A') };
  const granular = 'resources=VCPU:1 & resources1=DISK_GB:10 & resources2=DISK_GB:20';
  const apart = ['cn1(VCPU:1) + ss(DISK_GB:10) + ss2(DISK_GB:20)', 'cn1(VCPU:1) + ss(DISK_GB:20) + ss2(DISK_GB:10)'];
  gives('isolate keeps groups on two sharing providers', two, `${granular} & group_policy=isolate`, apart);
  gives('none lets them meet', two, `${granular} & group_policy=none`, [
    ...apart,
    'cn1(VCPU:1) + ss(DISK_GB:30)',
    'cn1(VCPU:1) + ss2(DISK_GB:30)',
  ]);
  const nested = {
    cn: host('A'),
    kid: { parent: 'cn', inventory: { MEMORY_MB: 8 } },
    ss: sharing('DISK_GB', 'A'),
  };
  const below = { nested: false };
  gives('below 1.29 root and sharing', nested, 'resources=VCPU:1,DISK_GB:1', ['cn(VCPU:1) + ss(DISK_GB:1)'], below);
  gives(
    'below 1.29 child and sharing',
    nested,
    'resources=MEMORY_MB:1,DISK_GB:1',
    ['kid(MEMORY_MB:1) + ss(DISK_GB:1)'],
    below,
  );
  gives('below 1.29 not both', nested, 'resources=VCPU:1,MEMORY_MB:1,DISK_GB:1', [], below);
  gives('from 1.29 both', nested, 'resources=VCPU:1,MEMORY_MB:1,DISK_GB:1', [
    'cn(VCPU:1) + kid(MEMORY_MB:1) + ss(DISK_GB:1)',
  ]);
  gives(
    'one choice an anchor is kept until all groups are together',
    { cn1: host('A'), cn2: host('A'), ss: sharing('DISK_GB', 'A') },
    'resources=DISK_GB:10 & resources1=VCPU:1',
    [CN1, CN2],
  );
  gives(
    'a sharing provider may be a child; its tree is summarised',
    { cn1: host('A'), box: { traits: ['CUSTOM_BOX'] }, ss: { parent: 'box', ...sharing('DISK_GB', 'A') } },
    Q,
    [CN1],
  );
});

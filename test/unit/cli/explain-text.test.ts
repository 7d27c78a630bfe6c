import assert from 'node:assert/strict';
import { explainText } from '../../../src/cli/analysis/explain-text.js';
import { explained } from '../../support/explain.js';
import { buildWorld, type ProviderSpec } from '../../support/topology-world.js';

const AZ1 = 'a1000000-0000-4000-8000-000000000001';
const AZ2 = 'a2000000-0000-4000-8000-000000000002';
const [AVX2, SSD] = ['HW_CPU_X86_AVX2', 'CUSTOM_SSD'];

/** World W of docs/contract/explain-and-capacity.md. */
const W = buildWorld({
  h1: {
    inventory: { VCPU: { total: 16, used: 12 }, MEMORY_MB: { total: 65536, used: 49152 } },
    traits: [AVX2, SSD],
    aggregates: [AZ1],
  },
  h2: { inventory: { VCPU: 16, MEMORY_MB: 65536 }, traits: [AVX2], aggregates: [AZ1] },
  h3: {
    inventory: { VCPU: { total: 16, used: 4 }, MEMORY_MB: { total: 65536, used: 57344 } },
    traits: [AVX2, SSD],
    aggregates: [AZ2],
  },
  h4: {
    inventory: { VCPU: { total: 32, maxUnit: 4 }, MEMORY_MB: 131072 },
    traits: [SSD, 'COMPUTE_STATUS_DISABLED'],
    aggregates: [AZ1],
  },
});

describe('the text of stockroom explain', () => {
  it('is that of the contract for its worked example', () => {
    const query = `resources=VCPU:8,MEMORY_MB:16384&required=CUSTOM_SSD,!COMPUTE_STATUS_DISABLED&member_of=${AZ1}`;
    assert.equal(
      explainText(explained(W, query)),
      `Nothing fits: none of 4 trees. One would if it were empty: h1.

  trees  that are left after
      4  all
      4  inventory
      2  capacity
      1  units
      0  required

  fails  only  condition (a tree may fail several)
      2     1  VCPU:8                     the largest that a provider can give is 16
      1     0  MEMORY_MB:16384
      1     1  required CUSTOM_SSD
      1     0  forbidden COMPUTE_STATUS_DISABLED
      1     0  member_of ${AZ1}

Each is met by some tree, all by none: VCPU:8, MEMORY_MB:16384, required CUSTOM_SSD

One change would do:
  VCPU:4 in place of VCPU:8           1 tree
  without required CUSTOM_SSD         1 tree

Nearest:
  h1  VCPU: asks 8, free 4 (capacity 16, used 12)
  h2  lacks CUSTOM_SSD
  h3  MEMORY_MB: asks 16384, free 8192 (capacity 65536, used 57344); not in aggregate a1000000-...
  h4  VCPU: asks 8, max_unit 4; has COMPUTE_STATUS_DISABLED`,
    );
  });

  it('tells of what fits, and of what would add trees', () => {
    assert.equal(
      explainText(explained(W, 'resources=VCPU:8&required=CUSTOM_SSD')),
      `1 of 4 trees fits. 2 would if they were empty.

  trees  that are left after
      4  all
      4  inventory
      3  capacity
      2  units
      1  required
      1  candidate

  fails  only  condition (a tree may fail several)
      2     2  VCPU:8                     the largest that a provider can give is 16
      1     1  required CUSTOM_SSD

One change would add trees:
  VCPU:4 in place of VCPU:8           3 trees
  without required CUSTOM_SSD         2 trees

Nearest:
  h1  VCPU: asks 8, free 4 (capacity 16, used 12)
  h4  VCPU: asks 8, max_unit 4
  h2  lacks CUSTOM_SSD`,
    );
  });

  it('names providers of a tree, groups by their suffix, and a class that no tree has', () => {
    const world = buildWorld({ cn: { inventory: { VCPU: 4 } }, gpu: { parent: 'cn', inventory: { VGPU: 1 } } });
    const text = explainText(explained(world, 'resources=VCPU:2&resources_GPU=VGPU:2'));
    assert.match(text, /^ {6}1 {5}1 {2}VGPU:2 \(_GPU\) {14}the largest that a provider can give is 1$/m);
    assert.match(text, /^No tree meets: VGPU:2 \(_GPU\)$/m);
    assert.match(text, /^ {2}VGPU:1 \(_GPU\) in place of VGPU:2 \(_GPU\) {2}1 tree$/m);
    assert.match(text, /^ {2}cn {2}VGPU: asks 2, free 1 \(capacity 1, used 0\) at gpu$/m);
  });

  it('stays within 100 columns, and cuts names but no numbers', () => {
    const long = (name: string): string => name.padEnd(60, '_abcdefgh');
    const spec: Record<string, ProviderSpec> = {};
    for (let i = 0; i < 12; i++) {
      spec[long(`host${i}`)] = {
        inventory: { VCPU: { total: 2147483647, used: 2147483640 }, [long('CUSTOM_CLASS').toUpperCase()]: 1 },
        aggregates: [AZ2],
      };
      spec[long(`child${i}`)] = { parent: long(`host${i}`), inventory: { VGPU: 1 } };
    }
    const world = buildWorld(spec, { traits: [long('CUSTOM_TRAIT').toUpperCase(), `${SSD}_2`] });
    const query =
      `resources=VCPU:2147483646,${long('CUSTOM_CLASS').toUpperCase()}:2147483647&required=${long('CUSTOM_TRAIT').toUpperCase()}` +
      `&member_of=in:${AZ1},a3000000-0000-4000-8000-000000000003&resources_${'G'.repeat(60)}=VGPU:2147483647`;
    const lines = explainText(explained(world, query)).split('\n');
    assert.deepEqual(
      lines.filter((line) => line.length > 100),
      [],
    );
    const text = lines.join('\n');
    for (const amount of ['2147483646', '2147483647']) assert.match(text, new RegExp(`:${amount}`));
    assert.match(text, /asks 2147483646, free 7 \(capacity 2147483647,\s+used\s+2147483640\)/);
    assert.match(text, /host0_.*….*/);
  });
});

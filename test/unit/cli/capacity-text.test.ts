import assert from 'node:assert/strict';
import { capacityText } from '../../../src/cli/analysis/capacity-text.js';
import { capacityOf } from '../../support/capacity.js';
import { buildWorld, type ProviderSpec } from '../../support/topology-world.js';

const AZ1 = 'a1000000-0000-4000-8000-000000000001';
const AZ2 = 'a2000000-0000-4000-8000-000000000002';

const W = buildWorld({
  h1: {
    inventory: { VCPU: { total: 16, used: 12 }, MEMORY_MB: { total: 65536, used: 49152 } },
    aggregates: [AZ1],
  },
  h2: { inventory: { VCPU: 16, MEMORY_MB: 65536 }, aggregates: [AZ1] },
  h3: {
    inventory: { VCPU: { total: 16, used: 4 }, MEMORY_MB: { total: 65536, used: 57344 } },
    aggregates: [AZ2],
  },
  h4: { inventory: { VCPU: { total: 32, maxUnit: 4 }, MEMORY_MB: 131072 }, aggregates: [AZ1] },
});

const TABLES = {
  aggregates: `  aggregate                                   fit
  ${AZ1}         26
  ${AZ2}          2`,
  trees: `  tree    fit  limited by
  h4       16  VCPU
  h2        8  VCPU
  h1        2  VCPU
  h3        2  MEMORY_MB`,
};
const HEAD = `28 more fit, on 4 of 4 trees.   (32 if all room were in one place)

  limited by     trees
  VCPU               3
  MEMORY_MB          1
`;

describe('the text of stockroom capacity', () => {
  const document = capacityOf(W, 'resources=VCPU:2,MEMORY_MB:4096');

  it('has the count, what limits it, and where it is', () => {
    assert.equal(capacityText(document, null), `${HEAD}\n${TABLES.aggregates}\n\n${TABLES.trees}`);
  });

  it('has one of the tables on request', () => {
    assert.equal(capacityText(document, 'aggregate'), `${HEAD}\n${TABLES.aggregates}`);
    assert.equal(capacityText(document, 'tree'), `${HEAD}\n${TABLES.trees}`);
  });

  it('says that none fits', () => {
    const full = capacityOf(W, 'resources=VCPU:200');
    assert.equal(capacityText(full, null), 'None more fit, on 0 of 4 trees.');
  });

  it('has both bounds where they differ, and says when the work ended early', () => {
    const hard = buildWorld({
      cn: {},
      ...Object.fromEntries([1, 2, 3, 4].map((i) => [`x${i}`, { parent: 'cn', inventory: { X: 6 } }])),
    });
    const query = 'resources_1=X:3&resources_2=X:4&group_policy=none';
    const tree = '  tree       fit  limited by\n  cn      2 to 3  _1.X, _2.X';
    const limits = '  limited by     trees\n  _1.X               1\n  _2.X               1';
    const text = `2 to 3 more fit, on 1 of 1 trees.\n\n${limits}\n\n${tree}`;
    assert.equal(capacityText(capacityOf(hard, query), null), text);
    const early = capacityText(capacityOf(hard, query, { maxSteps: 20 }), null);
    assert.match(early, /\n\nThe work ended at its bound: these numbers are true, but might be closer\.$/);
  });

  it('lists pools that are full', () => {
    const world = buildWorld({
      a: { inventory: { VCPU: 8 }, aggregates: ['A'] },
      pool: { inventory: { DISK_GB: 100 }, traits: ['MISC_SHARES_VIA_AGGREGATE'], aggregates: ['A'] },
    });
    const text = capacityText(capacityOf(world, 'resources=VCPU:1,DISK_GB:20'), 'tree');
    assert.match(text, /^5 more fit, on 1 of 1 trees\.\n/);
    assert.match(text, /\n\n {2}full pool {4}of\n {2}pool {9}DISK_GB\n\n/);
  });

  it('stays within 100 columns, and cuts names in the middle, never numbers', () => {
    const long = (start: string, end: string): string => `${start}${'-'.repeat(60 - start.length - end.length)}${end}`;
    const children: Record<string, ProviderSpec> = {};
    const suffixes = Array.from({ length: 12 }, (_, i) => `_${long(`GROUP${i}`, 'END')}`);
    for (const [i] of suffixes.entries()) {
      children[`c${i}`] = { parent: long('compute', '17'), inventory: { VCPU: 2_000_000_000 } };
    }
    const world = buildWorld({ [long('compute', '17')]: { aggregates: [long('az', '1')] }, ...children });
    const query = [...suffixes.map((suffix) => `resources${suffix}=VCPU:1`), 'group_policy=isolate'].join('&');
    const text = capacityText(capacityOf(world, query), null);
    assert.deepEqual(
      text.split('\n').filter((line) => line.length > 100),
      [],
    );
    assert.match(text, /\n {2}compute-+…-+17 {4}2000000000 {2}_GROUP0-+…VCPU and 11 more/);
  });
});

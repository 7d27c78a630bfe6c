import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { checkRoom, inventoriesAfter, providersToBump, resolveClaims } from '../../../src/ledger/rules.js';
import { inventoryKey, type Claim, type LockedState } from '../../../src/ledger/model.js';
import { createOwnersStatement } from '../../../src/ledger/owners.js';
import type { Divided } from '../../../src/slices.js';

const COUNT = 10_000;

/** The result of work, and how many parts it had. */
function counted<T>(work: Divided<T>): { result: T; parts: number } {
  for (let parts = 1; ; parts++) {
    const next = work.next();
    if (next.done === true) return { result: next.value, parts };
  }
}

describe('a claim of very many consumers', () => {
  const provider = randomUUID();
  const claims: Claim[] = Array.from({ length: COUNT }, (_, index) => ({
    consumerUuid: randomUUID(),
    projectId: `project ${index}`,
    userId: 'user',
    consumerType: 'INSTANCE',
    consumerGeneration: 1,
    allocations: [{ providerUuid: provider, resources: new Map([['VCPU', 1]]) }],
  }));
  const inventory = {
    ...{ providerId: 7, classId: 0, className: 'VCPU', total: COUNT, reserved: 0, used: COUNT },
    ...{ min_unit: 1, max_unit: COUNT, step_size: 1, allocation_ratio: 1 },
  };
  const state: LockedState = {
    consumers: new Map(claims.map(({ consumerUuid }, id) => [consumerUuid, { id, generation: 1 }])),
    providers: new Map([[provider, { id: 7, generation: 1 }]]),
    classes: new Map([['VCPU', 0]]),
    inventories: new Map([[inventoryKey(7, 0), inventory]]),
    held: claims.map((_, consumerId) => ({ consumerId, providerId: 7, classId: 0, used: 1 })),
    ...{ projects: new Map(), users: new Map(), consumerTypes: new Map() },
  };

  it('is checked in parts of some hundred, between which others have their turn', () => {
    const { result: wanted, parts } = counted(resolveClaims(claims, state));
    assert.equal(wanted.length, COUNT);
    const steps = {
      parts,
      room: counted(checkRoom(wanted, state)).parts,
      after: counted(inventoriesAfter(wanted, state)).parts,
      bump: counted(providersToBump(claims, wanted, state)).parts,
      owners: counted(createOwnersStatement(claims, state)).parts,
    };
    for (const [step, some] of Object.entries(steps)) assert.ok(some > COUNT / 1000, `${step}: ${some} parts`);
  });

  it('is checked in parts when it is one consumer on very many providers', () => {
    const providers = Array.from({ length: COUNT }, (_, id) => ({ uuid: randomUUID(), id }));
    const [one] = claims;
    assert.ok(one !== undefined);
    const allocations = providers.map(({ uuid }) => ({ providerUuid: uuid, resources: new Map([['VCPU', 1]]) }));
    const many = [{ ...one, allocations }];
    const wide: LockedState = {
      ...state,
      providers: new Map(providers.map(({ uuid, id }) => [uuid, { id, generation: 1 }])),
      inventories: new Map(providers.map(({ id }) => [inventoryKey(id, 0), { ...inventory, providerId: id, used: 0 }])),
      held: [],
    };
    const { result: wanted, parts } = counted(resolveClaims(many, wide));
    assert.equal(wanted.length, COUNT);
    const steps = {
      parts,
      room: counted(checkRoom(wanted, wide)).parts,
      after: counted(inventoriesAfter(wanted, wide)).parts,
      bump: counted(providersToBump(many, wanted, wide)).parts,
    };
    for (const [step, some] of Object.entries(steps)) assert.ok(some > COUNT / 1000, `${step}: ${some} parts`);
  });

  it('is checked at once when it is small, without a promise', () => {
    assert.equal(counted(resolveClaims(claims.slice(0, 100), state)).parts, 1);
  });
});

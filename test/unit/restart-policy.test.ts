import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createRestartPolicy, type WorkerExit } from '../../src/process/restart-policy.js';

const unserved: WorkerExit = { served: false, steady: false };

describe('the restart policy of a slot', () => {
  it('is exhausted by five deaths in a row before serving, not by deaths after serving', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ served: fc.boolean(), steady: fc.boolean() })), (ends) => {
        const policy = createRestartPolicy();
        for (const end of ends) policy.exited(end);
        const last = ends.slice(-5);
        assert.equal(policy.isExhausted(), last.length === 5 && last.every(({ served, steady }) => !served && !steady));
      }),
    );
  });

  it('is exhausted at once by a worker that says that another attempt would not help', () => {
    const policy = createRestartPolicy();
    policy.giveUp();
    assert.ok(policy.isExhausted());
    policy.exited({ served: true, steady: false });
    assert.ok(!policy.isExhausted());
  });

  it('replaces the first worker at once, then waits longer and longer, up to 1 s for workers that serve and 10 s otherwise', () => {
    for (const [end, longest] of [
      [unserved, 10_000],
      [{ served: true, steady: false }, 1000],
    ] as const) {
      const policy = createRestartPolicy();
      const pauses = Array.from({ length: 12 }, () => {
        policy.exited(end);
        return policy.delay();
      });
      assert.equal(pauses[0], 0);
      assert.deepEqual(
        pauses,
        pauses.toSorted((one, other) => one - other),
      );
      assert.equal(pauses.at(-1), longest);
      policy.exited({ served: true, steady: true });
      assert.equal(policy.delay(), 0);
    }
  });
});

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createChances, type WorkerEnd } from '../../src/cli/serve/chances.js';

const unserved: WorkerEnd = { served: false, steady: false };

describe('the chances of a place', () => {
  it('are used up by five deaths in a row before serving, not by deaths after serving', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ served: fc.boolean(), steady: fc.boolean() })), (ends) => {
        const chances = createChances();
        for (const end of ends) chances.ended(end);
        const last = ends.slice(-5);
        assert.equal(chances.areUsedUp(), last.length === 5 && last.every(({ served, steady }) => !served && !steady));
      }),
    );
  });

  it('are used up at once by a worker that says that another attempt would not help', () => {
    const chances = createChances();
    chances.forfeit();
    assert.ok(chances.areUsedUp());
    chances.ended({ served: true, steady: false });
    assert.ok(!chances.areUsedUp());
  });

  it('replace the first worker at once, then pause longer and longer, up to 1 s for workers that serve and 10 s otherwise', () => {
    for (const [end, longest] of [
      [unserved, 10_000],
      [{ served: true, steady: false }, 1000],
    ] as const) {
      const chances = createChances();
      const pauses = Array.from({ length: 12 }, () => {
        chances.ended(end);
        return chances.pause();
      });
      assert.equal(pauses[0], 0);
      assert.deepEqual(
        pauses,
        pauses.toSorted((one, other) => one - other),
      );
      assert.equal(pauses.at(-1), longest);
      chances.ended({ served: true, steady: true });
      assert.equal(chances.pause(), 0);
    }
  });
});

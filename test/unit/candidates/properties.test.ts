import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Candidate } from '../../../src/candidates/candidate.js';
import type { CandidatesRequest } from '../../../src/candidates/request.js';
import { findCandidates } from '../../../src/candidates/search.js';
import { cases } from './arbitrary.js';
import { candidateText, naiveCandidates } from './naive.js';

/** FAST_CHECK_RUNS sets how many cases: some hundreds are for every day, tens of thousands for the night. */
const numRuns = Number(process.env.FAST_CHECK_RUNS ?? 1000);

function textOf(request: CandidatesRequest, { allocations, mappings }: Candidate): string {
  const amounts = allocations.map(({ provider, resources }) => {
    const classes = new Map(resources.map(({ resourceClass, amount }) => [resourceClass.name, amount]));
    assert.equal(classes.size, resources.length, 'a class twice');
    return [provider.name, classes] as const;
  });
  const providers = request.groups.map(
    ({ suffix }, i) => [suffix, (mappings[i] ?? []).map(({ name }) => name)] as const,
  );
  assert.equal(new Set(amounts.map(([name]) => name)).size, amounts.length, 'a provider twice');
  return candidateText(new Map(amounts), new Map(providers));
}

describe('candidates, random worlds', function () {
  this.timeout(600_000);

  it('gives what the written rules give, whatever the strategy and limit', () => {
    let answered = 0;
    let many = 0;
    const strategies = fc.constantFrom('depth-first' as const, 'breadth-first' as const);
    const limits = fc.integer({ min: 1, max: 4 });
    fc.assert(
      fc.property(cases, strategies, limits, ({ view, request }, strategy, limit) => {
        const expected = naiveCandidates(view, request);
        if (expected.candidates.size > 0) answered++;
        if (expected.candidates.size > 3) many++;

        const all = findCandidates(view, { ...request, strategy });
        const texts = all.candidates.map((candidate) => textOf(request, candidate));
        assert.equal(new Set(texts).size, texts.length, 'a candidate twice');
        assert.deepEqual(texts.sort(), [...expected.candidates].sort());
        const summarised = all.summarised.map(({ name }) => name);
        assert.deepEqual(summarised.sort(), [...expected.summaries(texts)].sort());
        assert.deepEqual([all.truncated, all.trace.complete], [false, true]);

        const limited = findCandidates(view, { ...request, strategy, limit });
        const kept = limited.candidates.map((candidate) => textOf(request, candidate));
        assert.equal(kept.length, Math.min(limit, texts.length));
        assert.equal(new Set(kept).size, kept.length, 'a candidate twice');
        assert.ok(kept.every((text) => expected.candidates.has(text)));
        assert.deepEqual(limited.summarised.map(({ name }) => name).sort(), [...expected.summaries(kept)].sort());
      }),
      { numRuns, ...seed() },
    );
    console.log(`      ${numRuns} cases, ${answered} with an answer, ${many} with more than three candidates`);
    assert.ok(answered > numRuns / 4, `only ${answered} of ${numRuns} cases had an answer`);
  });
});

/** FAST_CHECK_SEED repeats a run that failed. */
function seed(): { seed?: number } {
  const given = process.env.FAST_CHECK_SEED;
  return given === undefined ? {} : { seed: Number(given) };
}

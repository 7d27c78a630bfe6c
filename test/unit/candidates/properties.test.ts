import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Candidate } from '../../../src/candidates/candidate.js';
import type { CandidatesRequest } from '../../../src/candidates/request.js';
import { findCandidates } from '../../../src/candidates/search.js';
import { cases, crowdedCases, type Case } from './arbitrary.js';
import { candidateText, naiveCandidates } from './naive.js';

/** FAST_CHECK_RUNS sets how many cases: some hundreds are for every day, tens of thousands for the night. */
const numRuns = Number(process.env.FAST_CHECK_RUNS ?? 1000);

const strategies = fc.constantFrom('depth-first' as const, 'breadth-first' as const);
const limits = fc.integer({ min: 1, max: 4 });

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

  const properties = [
    ['in all sorts of trees', cases, numRuns],
    ['where groups compete for few places', crowdedCases, Math.ceil(numRuns / 4)],
  ] as const;
  for (const [title, arbitrary, runs] of properties) {
    it(`gives what the written rules give, whatever the strategy and limit, ${title}`, () => {
      let answered = 0;
      let many = 0;
      fc.assert(
        fc.property(arbitrary, strategies, limits, (given, strategy, limit) => {
          const size = compare(given, strategy, limit);
          if (size > 0) answered++;
          if (size > 3) many++;
        }),
        { numRuns: runs, ...seed() },
      );
      console.log(`      ${runs} cases, ${answered} with an answer, ${many} with more than three candidates`);
      assert.ok(answered > runs / 5, `only ${answered} of ${runs} cases had an answer`);
    });
  }
});

/** Compares both searches, with and without a limit; gives the number of candidates. */
function compare({ view, request }: Case, strategy: CandidatesRequest['strategy'], limit: number): number {
  const expected = naiveCandidates(view, request);
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
  return texts.length;
}

/** FAST_CHECK_SEED repeats a run that failed. */
function seed(): { seed?: number } {
  const given = process.env.FAST_CHECK_SEED;
  return given === undefined ? {} : { seed: Number(given) };
}

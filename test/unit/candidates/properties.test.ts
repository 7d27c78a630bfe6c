import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Candidate } from '../../../src/candidates/candidate.js';
import type { Tuning } from '../../../src/candidates/effort.js';
import type { CandidatesRequest } from '../../../src/candidates/request.js';
import { DEFAULT_BOUNDS, searchCandidates } from '../../../src/candidates/search.js';
import type { Provider } from '../../../src/topology/model.js';
import type { ProviderState } from '../../../src/topology/changes.js';
import type { Topology } from '../../../src/topology/topology.js';
import { responseOf, findCandidates } from '../../support/candidates.js';
import { alikeCases, cases, crowdedCases, type Case } from './arbitrary.js';
import { candidateText, naiveCandidates } from './naive.js';

/** FAST_CHECK_RUNS sets how many cases: some hundreds are for every day, tens of thousands for the night. */
const numRuns = Number(process.env.FAST_CHECK_RUNS ?? 400);

const strategies = fc.constantFrom('depth-first' as const, 'breadth-first' as const);
const limits = fc.integer({ min: 1, max: 4 });
/** Small worlds end before the search would take care of dead ends by itself. */
const tunings = fc.record({ firstShare: fc.constantFrom(1, 3, 1000), triesBeforeCare: fc.constantFrom(0, 0, 2, 64) });

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
    ['where siblings are alike', alikeCases, Math.ceil(numRuns / 4)],
  ] as const;
  for (const [title, arbitrary, runs] of properties) {
    it(`gives what the written rules give, whatever the strategy and limit, ${title}`, () => {
      let responded = 0;
      let many = 0;
      fc.assert(
        fc.property(arbitrary, strategies, limits, tunings, (given, strategy, limit, tuning) => {
          const size = compare(given, strategy, limit, tuning);
          if (size > 0) responded++;
          if (size > 3) many++;
        }),
        { numRuns: runs, ...seed() },
      );
      console.log(`      ${runs} cases, ${responded} with a response, ${many} with more than three candidates`);
      assert.ok(responded > runs / 8, `only ${responded} of ${runs} cases had a response`);
    });
  }
});

describe('candidates, while the topology changes', function () {
  this.timeout(600_000);

  it('are those of the moment when the search began, whatever changes in its pauses', () => {
    const runs = Math.ceil(numRuns / 2);
    let paused = 0;
    fc.assert(
      fc.property(
        cases,
        strategies,
        fc.integer({ min: 1, max: 6 }),
        fc.infiniteStream(fc.nat()),
        (given, strategy, every, numbers) => {
          const { view } = given;
          const request = { ...given.request, strategy };
          const expected = naiveCandidates(view, request);
          const named = new Map([...view.providers.values()].map(({ name, rootId }) => [name, rootId]));
          let calls = 0;
          const pace = { isDue: () => ++calls % every === 0, seconds: () => 0 };
          const work = searchCandidates(view, request, DEFAULT_BOUNDS, pace);
          let next = work.next();
          for (; next.done !== true; next = work.next()) {
            paused++;
            changeSomething(view, numbers.next().value);
          }
          const found = responseOf(next.value);
          const texts = found.candidates.map((candidate) => textOf(request, candidate));
          assert.deepEqual(texts.sort(), [...expected.candidates].sort());
          const roots = new Set(
            found.candidates.flatMap(({ allocations }) => allocations.map((one) => named.get(one.provider.name))),
          );
          if (!request.nested) return;
          const told = [...named].filter(([, rootId]) => roots.has(rootId)).map(([name]) => name);
          assert.deepEqual(found.summarised.map(({ name }) => name).sort(), told.sort());
        },
      ),
      { numRuns: runs, ...seed() },
    );
    console.log(`      ${runs} cases, ${paused} changes`);
    assert.ok(paused > runs);
  });
});

/** Uses a provider up, deletes it, moves it to another tree or makes a new one beside it; what has children is only used up. */
function changeSomething(view: Topology, number: number): void {
  const all = [...view.providers.values()];
  const one = all[number % Math.max(all.length, 1)];
  if (one === undefined) return;
  const state = (change: Partial<Provider>): ProviderState => {
    const provider = { ...one, ...change };
    return [
      provider.id,
      provider.uuid,
      provider.name,
      provider.generation + 1,
      provider.parentId,
      provider.rootId,
      provider.modified,
      provider.inventories.map((row) => [
        row.resourceClass.id,
        row.total,
        row.reserved,
        row.minUnit,
        row.maxUnit,
        row.stepSize,
        row.allocationRatio,
        number % 3 === 0 ? row.total : 0,
        row.modified,
      ]),
      provider.traits.traits.map(({ id }) => id).join(),
      provider.aggregates.join(),
    ];
  };
  const isLeaf = !all.some(({ parentId }) => parentId === one.id);
  const other = all[(number >> 3) % all.length];
  const kind = isLeaf ? (number >> 6) % 4 : 0;
  const change: readonly [number, ProviderState | null] =
    kind === 1
      ? [one.id, null]
      : kind === 2 && other !== undefined && other !== one
        ? [one.id, state({ parentId: other.id, rootId: other.rootId })]
        : kind === 3
          ? [
              1000 + number,
              state({
                id: 1000 + number,
                uuid: `new${number}`,
                name: `new${number}`,
                ...(one.parentId === null ? { rootId: 1000 + number } : {}),
              }),
            ]
          : [one.id, state({})];
  view.apply({ resourceClasses: [], traits: [], providers: [change] });
}

/** Compares both searches, with and without a limit; gives the number of candidates. */
function compare(
  { view, request }: Case,
  strategy: CandidatesRequest['strategy'],
  limit: number,
  tuning: Tuning,
): number {
  const expected = naiveCandidates(view, request);
  const all = findCandidates(view, { ...request, strategy }, {}, tuning);
  const texts = all.candidates.map((candidate) => textOf(request, candidate));
  assert.equal(new Set(texts).size, texts.length, 'a candidate twice');
  assert.deepEqual(texts.sort(), [...expected.candidates].sort());
  const summarised = all.summarised.map(({ name }) => name);
  assert.deepEqual(summarised.sort(), [...expected.summaries(texts)].sort());
  assert.deepEqual([all.endedBy, all.trace.complete], [null, true]);

  const limited = findCandidates(view, { ...request, strategy, limit }, {}, tuning);
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

import type { Allocation, Candidate } from '../../candidates/candidate.js';
import type { Pace } from '../../candidates/effort.js';
import type { CandidatesRequest, ResourceAmount } from '../../candidates/request.js';
import type { CandidatesResult } from '../../candidates/search.js';
import { createByteWriter } from '../../http/byte-writer.js';
import { byVersion, type Version } from '../../http/microversions.js';
import { memberOf, type Inventory, type Provider, type Tree } from '../../topology/model.js';
import { perProvider } from '../render.js';

/**
 * A response with a thousand candidates has a megabyte, and JSON.stringify of its objects takes longer than the search. So the response is
 * put together from pieces that are rendered once: the summary of a provider, in bytes, for as long as the provider does not change; a
 * list of amounts once for each response. (1,000 of 100,000 hosts with 31 traits each: 106 responses a second when the summaries were
 * joined as strings, which Node.js copies again to send them; 250 when they are copied as bytes.)
 *
 * The generator makes the pieces one by one, so that a response of a hundred megabytes is never in memory as a whole.
 */
export function* renderCandidates(
  { combinations, toCandidate, summarised }: CandidatesResult,
  request: CandidatesRequest,
  version: Version,
  pace: Pace,
): Generator<Buffer | undefined, void, void> {
  const renderRequest = requestRenderer(request, version);
  const summaryOf = summaryRenderer(request, version);
  const out = createByteWriter();
  out.add('{"allocation_requests": [');
  let separator = '';
  for (const combination of combinations) {
    if (pace.isDue(WORK_FOR_A_PLACE * combination.chosen.length)) yield undefined;
    out.add(separator + renderRequest(toCandidate(combination)));
    separator = ', ';
    if (out.isFull()) yield* out.take();
  }
  out.add('], "provider_summaries": {');
  let isFirst = true;
  for (const { tree, members } of summarised) {
    for (const provider of members) {
      if (pace.isDue(WORK_FOR_A_SUMMARY)) yield undefined;
      if (!isFirst) out.add(COMMA);
      isFirst = false;
      out.add(summaryOf(provider, tree));
      if (out.isFull()) yield* out.take();
    }
  }
  out.add('}}');
  yield* out.take();
}

/** In the units of candidates/effort.ts. */
const WORK_FOR_A_PLACE = 10;
const WORK_FOR_A_SUMMARY = 50;

// Everything in a response is ASCII: uuids, names of classes and traits, suffixes.
const COMMA = Buffer.from(', ', 'latin1');

function requestRenderer(request: CandidatesRequest, version: Version): (candidate: Candidate) => string {
  const resources = remembering((amounts: readonly ResourceAmount[]) => {
    const items = amounts.map(({ resourceClass, amount }) => `"${resourceClass.name}": ${amount}`);
    return `{"resources": {${items.join(', ')}}}`;
  });
  if (!version.has('allocationsByProvider')) {
    const listed = ({ provider, resources: amounts }: Allocation): string =>
      `{"resource_provider": {"uuid": "${provider.uuid}"}, ${resources(amounts).slice(1)}`;
    return ({ allocations }) => `{"allocations": [${joined(allocations, listed)}]}`;
  }
  const keyed = ({ provider, resources: amounts }: Allocation): string => `"${provider.uuid}": ${resources(amounts)}`;
  if (!version.has('mappings')) return ({ allocations }) => `{"allocations": {${joined(allocations, keyed)}}}`;

  const keys = request.groups.map(({ suffix }) => `"${suffix}": `);
  const uuids = remembering((providers: readonly Provider[]) => `[${joined(providers, ({ uuid }) => `"${uuid}"`)}]`);
  // The text between the UUIDs of a candidate with one provider and one group. Most clouds are flat hosts: 1,000 of them are rendered in
  // 0.43 ms, and in 0.53 ms without this.
  const [key] = keys;
  const between = remembering(
    (amounts: readonly ResourceAmount[]) => `": ${resources(amounts)}}, "mappings": {${key}["`,
  );
  return ({ allocations, mappings }) => {
    const [first] = allocations;
    if (
      keys.length === 1 &&
      allocations.length === 1 &&
      first !== undefined &&
      mappings[0]?.length === 1 &&
      mappings[0][0] === first.provider
    ) {
      const { uuid } = first.provider;
      return `{"allocations": {"${uuid}${between(first.resources)}${uuid}"]}}`;
    }
    let text = '';
    for (let i = 0; i < keys.length; i++) {
      const providers = mappings[i];
      if (providers !== undefined) text += (i === 0 ? '' : ', ') + (keys[i] ?? '') + uuids(providers);
    }
    return `{"allocations": {${joined(allocations, keyed)}}, "mappings": {${text}}}`;
  };
}

interface SummaryForm {
  readonly allClasses: boolean;
  readonly traits: boolean;
  readonly tree: boolean;
}

const summaryForm = byVersion<SummaryForm>(
  { allClasses: false, traits: false, tree: false },
  {
    candidatesRequired: { allClasses: false, traits: true, tree: false },
    allClassesInSummaries: { allClasses: true, traits: true, tree: false },
    nestedCandidates: { allClasses: true, traits: true, tree: true },
  },
);

const kept = perProvider(() => new Map<SummaryForm, Buffer>());

/** A summary that shows all classes depends only on the provider, so it is kept for as long as the provider. */
function summaryRenderer(request: CandidatesRequest, version: Version): (provider: Provider, tree: Tree) => Buffer {
  const form = summaryForm(version);
  if (!form.allClasses) {
    const requested = new Set(request.groups.flatMap(({ resources }) => resources.map((one) => one.resourceClass.id)));
    return (provider, tree) =>
      renderSummary(provider, tree, form, ({ resourceClass }) => requested.has(resourceClass.id));
  }
  return (provider, tree) => {
    const texts = kept(provider);
    let text = texts.get(form);
    if (text === undefined) {
      text = renderSummary(provider, tree, form, () => true);
      texts.set(form, text);
    }
    return text;
  };
}

function renderSummary(
  provider: Provider,
  tree: Tree,
  form: SummaryForm,
  shown: (inventory: Inventory) => boolean,
): Buffer {
  const resources = provider.inventories
    .filter(shown)
    .map(
      ({ resourceClass, capacity, used }) =>
        `"${resourceClass.name}": {"capacity": ${Math.trunc(capacity)}, "used": ${used}}`,
    );
  let text = `"${provider.uuid}": {"resources": {${resources.join(', ')}}`;
  if (form.traits) text += `, "traits": [${joined(provider.traits.traits, ({ name }) => `"${name}"`)}]`;
  if (form.tree) {
    const parent = provider.parentId === null ? null : (memberOf(tree, provider.parentId)?.uuid ?? null);
    const root = memberOf(tree, provider.rootId)?.uuid ?? provider.uuid;
    text += `, "parent_provider_uuid": ${JSON.stringify(parent)}, "root_provider_uuid": "${root}"`;
  }
  return Buffer.from(`${text}}`, 'latin1');
}

/** Does the same as `map` and `join`, without an array. Most lists here have one element. */
function joined<T>(items: readonly T[], render: (item: T) => string): string {
  let text = '';
  for (let i = 0; i < items.length; i++) text += (i === 0 ? '' : ', ') + render(items[i] as T);
  return text;
}

function remembering<Key extends object>(make: (key: Key) => string): (key: Key) => string {
  const texts = new Map<Key, string>();
  return (key) => {
    let text = texts.get(key);
    if (text === undefined) {
      text = make(key);
      texts.set(key, text);
    }
    return text;
  };
}

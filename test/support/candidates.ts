import type { Candidate } from '../../src/candidates/candidate.js';
import type { CandidatesRequest, Group } from '../../src/candidates/request.js';
import type { Bounds, Pace, Tuning } from '../../src/candidates/effort.js';
import { DEFAULT_BOUNDS, searchCandidates, type CandidatesResult } from '../../src/candidates/search.js';
import type { Provider, View } from '../../src/topology/model.js';

export type Options = Partial<Pick<CandidatesRequest, 'nested' | 'limit' | 'maxCandidates' | 'strategy' | 'randomize'>>;

/** What a search found, as a client sees it. */
export interface Response extends Pick<CandidatesResult, 'endedBy' | 'trace'> {
  readonly candidates: readonly Candidate[];
  readonly summarised: readonly Provider[];
}

/** Runs a search to its end without a pause. */
export function searchAtOnce(
  view: View,
  request: CandidatesRequest,
  bounds: Partial<Bounds> = {},
  tuning?: Tuning,
): CandidatesResult {
  const next = searchCandidates(view, request, { ...DEFAULT_BOUNDS, ...bounds }, ENDLESS, tuning).next();
  if (next.done !== true) throw new Error('it paused');
  return next.value;
}

export function findCandidates(...given: Parameters<typeof searchAtOnce>): Response {
  return responseOf(searchAtOnce(...given));
}

const ENDLESS: Pace = { isDue: () => false, seconds: () => 0 };

export function responseOf({ combinations, toCandidate, summarised, endedBy, trace }: CandidatesResult): Response {
  const candidates = combinations.map(toCandidate);
  return { candidates, summarised: summarised.flatMap(({ members }) => members), endedBy, trace };
}

/** A request out of a query string as in the API, spaces and order of parameters free. Only for queries that are right. */
export function requestFrom(view: View, query: string, options: Options = {}): CandidatesRequest {
  const parameters = query
    .split('&')
    .map((item) => item.trim())
    .map((item) => [item.slice(0, item.indexOf('=')), item.slice(item.indexOf('=') + 1)] as const);
  const groups = new Map<string, Group>();
  const sameSubtrees: string[][] = [];
  let groupPolicy: CandidatesRequest['groupPolicy'] = null;
  let rootRequired: CandidatesRequest['rootRequired'] = null;
  for (const [key, value] of parameters) {
    if (key === 'same_subtree') sameSubtrees.push(value.split(','));
    else if (key === 'group_policy') groupPolicy = value === 'isolate' ? 'isolate' : 'none';
    else if (key === 'root_required') rootRequired = rootTraits(view, value);
    else {
      const [, name = '', suffix = ''] = /^(resources|required|member_of|in_tree)(.*)$/.exec(key) ?? [];
      groups.set(suffix, extended(view, groups.get(suffix) ?? emptyGroup(suffix), name, value));
    }
  }
  return {
    groups: [...groups.values()],
    groupPolicy,
    sameSubtrees,
    rootRequired,
    nested: true,
    limit: null,
    maxCandidates: null,
    strategy: 'depth-first',
    randomize: null,
    ...options,
  };
}

function emptyGroup(suffix: string): Group {
  return {
    suffix,
    resources: [],
    requiredTraits: [],
    forbiddenTraits: [],
    memberOf: [],
    forbiddenAggregates: [],
    inTree: null,
  };
}

function extended(view: View, group: Group, name: string, value: string): Group {
  switch (name) {
    case 'resources': {
      const resources = value.split(',').map((item) => {
        const [className = '', amount] = item.split(':');
        return { resourceClass: found(view.resourceClassByName(className), className), amount: Number(amount) };
      });
      return { ...group, resources };
    }
    case 'required': {
      const { required, forbidden } = traitsOf(view, value);
      return {
        ...group,
        requiredTraits: [...group.requiredTraits, ...required],
        forbiddenTraits: [...group.forbiddenTraits, ...forbidden],
      };
    }
    case 'member_of': {
      const uuids = value.replace(/^!?(in:)?/, '').split(',');
      return value.startsWith('!')
        ? { ...group, forbiddenAggregates: [...group.forbiddenAggregates, ...uuids] }
        : { ...group, memberOf: [...group.memberOf, uuids] };
    }
    case 'in_tree':
      return { ...group, inTree: value };
    default:
      throw new Error(`unknown parameter ${name}`);
  }
}

function traitsOf(view: View, value: string) {
  const trait = (name: string) => found(view.traitByName(name), name);
  if (value.startsWith('in:')) return { required: [value.slice(3).split(',').map(trait)], forbidden: [] };
  const names = value.split(',');
  return {
    required: names.filter((name) => !name.startsWith('!')).map((name) => [trait(name)]),
    forbidden: names.filter((name) => name.startsWith('!')).map((name) => trait(name.slice(1))),
  };
}

function rootTraits(view: View, value: string): CandidatesRequest['rootRequired'] {
  const { required, forbidden } = traitsOf(view, value);
  return { required: required.flat(), forbidden };
}

function found<Thing>(thing: Thing | undefined, name: string): Thing {
  if (thing === undefined) throw new Error(`no ${name} in this world`);
  return thing;
}

export function ask(view: View, query: string, options: Options = {}): Response {
  return findCandidates(view, requestFrom(view, query, options));
}

/** `cn(VCPU:1) + pf(VF:2)`, providers and classes sorted by name. */
export function allocationsText({ allocations }: Candidate): string {
  return allocations
    .map(({ provider, resources }) => {
      const amounts = resources.map(({ resourceClass, amount }) => `${resourceClass.name}:${amount}`);
      return `${provider.name}(${amounts.sort().join(', ')})`;
    })
    .sort()
    .join(' + ');
}

/** `{"": cn pf, 1: pf}`, groups and providers sorted by name. */
export function mappingsText(request: CandidatesRequest, { mappings }: Candidate): string {
  const items = request.groups.map(({ suffix }, position) => {
    const names = (mappings[position] ?? []).map(({ name }) => name).sort();
    return `${suffix === '' ? '""' : suffix}: ${names.join(' ')}`;
  });
  return `{${items.sort().join(', ')}}`;
}

/** All candidates of a query as sorted texts; with the mappings when `mapped`. */
export function responses(view: View, query: string, options: Options & { mapped?: boolean } = {}): string[] {
  const { mapped = false, ...rest } = options;
  const request = requestFrom(view, query, rest);
  return findCandidates(view, request)
    .candidates.map((candidate) =>
      mapped ? `${allocationsText(candidate)} ${mappingsText(request, candidate)}` : allocationsText(candidate),
    )
    .sort();
}

/** Names of the providers that the response's summaries would have, sorted. */
export function summaries(view: View, query: string, options: Options = {}): string[] {
  return ask(view, query, options)
    .summarised.map(({ name }) => name)
    .sort();
}

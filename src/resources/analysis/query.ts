import type { CandidatesRequest } from '../../candidates/request.js';
import { badQueryValue, noCandidatesAtVersion } from '../../errors.js';
import { conditionsOf, type Condition, type WrittenQuery } from '../../explain/conditions.js';
import type { Version } from '../../http/microversions.js';
import type { Query } from '../../http/query.js';
import { isUuidLike } from '../../http/validate.js';
import type { Provider, View } from '../../topology/model.js';
import { parseCandidatesQuery, type ParsedQuery } from '../allocation-candidates/parse.js';
import { resolveQuery } from '../allocation-candidates/resolve.js';
import { findProvider } from '../find-provider.js';

/**
 * The query of explain and capacity. It has the parameters of GET /allocation_candidates, and further ones of these routes.
 */
export interface ParsedAnalysisQuery {
  readonly candidates: ParsedQuery;
  readonly written: WrittenQuery;
  /** How many trees to list. */
  readonly show: number;
  /** UUIDs of providers whose trees are listed in any case. */
  readonly providers: readonly string[];
}

/** A query whose names have been looked up. */
export interface AnalysisQuery {
  readonly request: CandidatesRequest;
  readonly conditions: readonly Condition[];
  /** In the order of the query, each once. */
  readonly providers: readonly Provider[];
}

const DEFAULT_SHOW = 10;
const MOST_SHOWN = 200;
const MOST_PROVIDERS = 20;

/**
 * @param own the parameters of the route that GET /allocation_candidates does not have, without `show` and `provider`
 * @throws 400 like GET /allocation_candidates, for a version without candidates, and for a malformed `show` or `provider`
 */
export function parseAnalysisQuery(query: Query, version: Version, own: readonly string[] = []): ParsedAnalysisQuery {
  if (!version.has('allocationCandidates')) throw noCandidatesAtVersion(version.text);
  const others = new Set(['show', 'provider', ...own]);
  const rest: Query = new Map([...query].filter(([name]) => !others.has(name)));
  return {
    candidates: parseCandidatesQuery(rest, version),
    written: counting(rest, version),
    show: wholeNumber(query, 'show', { least: 0, most: MOST_SHOWN }) ?? DEFAULT_SHOW,
    providers: parseProviders(query.get('provider') ?? []),
  };
}

/** A parameter that is a whole number; null when it is not given. @throws 400 */
export function wholeNumber(
  query: Query,
  name: string,
  { least, most }: { readonly least: number; readonly most: number },
): number | null {
  const values = query.get(name);
  if (values === undefined) return null;
  for (const value of values) {
    if (/^\d{1,15}$/.test(value) && Number(value) >= least && Number(value) <= most) continue;
    const expected = most === Infinity ? `an integer of ${least} or more` : `an integer from ${least} to ${most}`;
    throw badQueryValue(name, expected, value);
  }
  return Number(values.at(-1));
}

function parseProviders(values: readonly string[]): string[] {
  const wrong = values.find((value) => !isUuidLike(value));
  if (wrong !== undefined) throw badQueryValue('provider', 'the uuid of a resource provider', wrong);
  if (values.length > MOST_PROVIDERS)
    throw badQueryValue('provider', `at most ${MOST_PROVIDERS} of them`, String(values.length));
  return [...new Set(values)];
}

/** Looks up the names of a query. @throws 400 for an unknown resource class or trait, 404 for an unknown provider */
export function resolveAnalysisQuery(view: View, parsed: ParsedAnalysisQuery, version: Version): AnalysisQuery {
  const request = resolveQuery(view, parsed.candidates, version, WITHOUT_LIMITS);
  const providers = parsed.providers.map((uuid) => findProvider(view, uuid));
  return {
    request: { ...request, limit: null },
    conditions: conditionsOf(request, parsed.written),
    providers,
  };
}

/** The analysis evaluates the whole cloud. It ignores `limit` and the configuration of candidates. */
const WITHOUT_LIMITS = {
  maxAllocationCandidates: null,
  allocationCandidatesGenerationStrategy: 'depth-first',
  randomizeAllocationCandidates: false,
  maxSearchSeconds: Infinity,
} as const;

/** Returns the values of each parameter that count at the version. */
function counting(query: Query, version: Version): WrittenQuery {
  const counts = (name: string): boolean =>
    name.startsWith('member_of') || (name.startsWith('required') && version.has('anyTraits'));
  return new Map([...query].map(([name, values]) => [name, counts(name) ? values : values.slice(-1)]));
}

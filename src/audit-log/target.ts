import { normalizeUuid } from '../http/validate.js';

/** The target of a request (CADF), by the nouns of its path. */
export interface Target {
  /** `service/placement/resource_provider/inventories` */
  readonly typeURI: string;
  /** The UUID in the path, in lower case with dashes; `unknown` when there is none. */
  readonly id: string;
  /** The name of a trait, a resource class or an inventory job. */
  readonly name?: string;
}

const SERVICE = 'service/placement';

/** The nouns of paths, each with its singular. Null for a noun without an id after it. */
const NOUNS: Readonly<Record<string, string | null>> = {
  resource_providers: 'resource_provider',
  inventories: 'inventory',
  resource_classes: 'resource_class',
  traits: 'trait',
  allocations: 'allocation',
  aggregates: null,
  usages: null,
  allocation_candidates: null,
  reshaper: null,
  stockroom: null,
  explain: null,
  capacity: null,
  changes: null,
  overview: null,
  providers: 'provider',
  whoami: null,
  login: null,
  orphans: null,
  delete: null,
  list_buckets: null,
  lists: 'list',
  runs: 'run',
  files: 'file',
  cancel: null,
  healthz: null,
  readyz: null,
  docs: 'page',
  console: 'page',
};

/** Nouns whose ids are uuids. */
const WITH_UUID = new Set(['resource_providers', 'allocations', 'providers']);
/** Nouns whose ids are names. */
const WITH_NAME = new Set(['resource_classes', 'traits', 'lists']);

/** @param path percent-encoded, without the query */
export function targetOf(path: string): Target {
  const segments = path.split('/').slice(1);
  if (segments.length === 1 && segments[0] === '') return { typeURI: SERVICE, id: UNKNOWN };
  const nouns: string[] = [];
  let [id, name]: [string | undefined, string | undefined] = [undefined, undefined];
  let before: string | null = null;
  for (const segment of segments) {
    if (before !== null) {
      const value = decoded(segment);
      nouns[nouns.length - 1] = NOUNS[before] ?? before;
      if (WITH_UUID.has(before)) id ??= normalizeUuid(value);
      if (WITH_NAME.has(before) && value !== '') name = value;
      before = null;
      continue;
    }
    if (!Object.hasOwn(NOUNS, segment)) return { typeURI: `${SERVICE}/${UNKNOWN}`, id: UNKNOWN };
    nouns.push(segment);
    before = NOUNS[segment] == null ? null : segment;
  }
  return {
    typeURI: [SERVICE, ...nouns].join('/'),
    id: id ?? UNKNOWN,
    // A path to the traits of a provider has no name after `traits`.
    ...(name === undefined ? {} : { name }),
  };
}

/** The word of CADF for a target that is unknown. */
export const UNKNOWN = 'unknown';

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

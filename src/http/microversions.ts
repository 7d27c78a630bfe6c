import { invalidVersionString, unacceptableVersion } from '../errors.js';

/**
 * The changes of each microversion, by name. Code never compares numbers: it asks `version.has('nestedProviders')`. Only
 * routes, schemas, rendering and the header code may ask.
 */
const CHANGES = [
  change('1.1', 'providerAggregates', 'GET and PUT of the aggregates of a provider'),
  change('1.2', 'resourceClasses', 'resource classes and custom ones'),
  change('1.3', 'providersMemberOf', 'member_of on the list of providers'),
  change('1.4', 'providersResources', 'resources on the list of providers'),
  change('1.5', 'deleteInventories', 'DELETE of all inventories of a provider'),
  change('1.6', 'traits', 'traits, and the traits of a provider'),
  change('1.7', 'resourceClassUpsert', 'PUT of a resource class creates it, without a body; renaming is gone'),
  change('1.8', 'projectAndUser', 'PUT of allocations requires project_id and user_id'),
  change('1.9', 'usages', 'usages by project and user'),
  change('1.10', 'allocationCandidates', 'GET allocation candidates'),
  change('1.11', 'allocationsLink', 'providers link to their allocations'),
  change('1.12', 'allocationsByProvider', 'allocations are an object with a key for each provider'),
  change('1.13', 'manageAllocations', 'POST of allocations of several consumers'),
  change('1.14', 'nestedProviders', 'parent and root of providers; in_tree'),
  change('1.15', 'cacheHeaders', 'last-modified and cache-control'),
  change('1.16', 'candidatesLimit', 'limit on allocation candidates'),
  change('1.17', 'candidatesRequired', 'required traits of allocation candidates; traits in summaries'),
  change('1.18', 'providersRequired', 'required traits on the list of providers'),
  change('1.19', 'aggregatesGeneration', 'provider generation in the aggregates of a provider'),
  change('1.20', 'createdProvider', 'POST of a provider returns 200 with the provider'),
  change('1.21', 'candidatesMemberOf', 'member_of on allocation candidates'),
  change('1.22', 'forbiddenTraits', '! before a trait forbids it'),
  change('1.23', 'errorCodes', 'errors carry a code'),
  change('1.24', 'repeatedMemberOf', 'member_of may be repeated'),
  change('1.25', 'granularGroups', 'numbered request groups and group_policy'),
  change('1.26', 'reservedMayEqualTotal', 'reserved may equal total'),
  change('1.27', 'allClassesInSummaries', 'provider summaries show every resource class'),
  change('1.28', 'consumerGenerations', 'consumers carry a generation; allocations may be empty'),
  change('1.29', 'nestedCandidates', 'candidates span the providers of a tree'),
  change('1.30', 'reshaper', 'POST reshaper'),
  change('1.31', 'candidatesInTree', 'in_tree on allocation candidates'),
  change('1.32', 'forbiddenAggregates', '! before an aggregate forbids it'),
  change('1.33', 'stringSuffixes', 'suffixes of request groups are strings'),
  change('1.34', 'mappings', 'candidates say which provider serves which group'),
  change('1.35', 'rootRequired', 'root_required on allocation candidates'),
  change('1.36', 'sameSubtree', 'same_subtree and groups without resources'),
  change('1.37', 'reparenting', 'a provider may change its parent or lose it'),
  change('1.38', 'consumerTypes', 'consumers have a type'),
  change('1.39', 'anyTraits', 'required=in:A,B (any of) and repeated required'),
] as const;

function change<Name extends string>(version: `1.${number}`, name: Name, summary: string) {
  return { version, minor: Number(version.slice(2)), name, summary };
}

export type MicroversionChange = (typeof CHANGES)[number]['name'];

/** The changes in the order of their versions, for the checks of the route table and for the documentation. */
export const changes: readonly { version: string; minor: number; name: MicroversionChange; summary: string }[] =
  CHANGES;

const MINOR_OF = new Map<MicroversionChange, number>(CHANGES.map(({ name, minor }) => [name, minor]));

export interface Version {
  /** 0 to 39. */
  readonly minor: number;
  /** `1.39` */
  readonly text: string;
  has(change: MicroversionChange): boolean;
}

const NEWEST = Math.max(...MINOR_OF.values());

/** Every supported version; the index is the minor number. */
const versions: readonly Version[] = Array.from({ length: NEWEST + 1 }, (_, minor) => ({
  minor,
  text: `1.${minor}`,
  has: (name) => minor >= minorOf(name),
}));

export const OLDEST_VERSION = versionOf(0);
export const NEWEST_VERSION = versionOf(NEWEST);

/** The first minor version with a change. */
export function minorOf(name: MicroversionChange): number {
  const minor = MINOR_OF.get(name);
  if (minor === undefined) throw new Error(`no microversion has the change ${name}`);
  return minor;
}

function versionOf(minor: number): Version {
  const version = versions[minor];
  if (version === undefined) throw new Error(`no version 1.${minor}`);
  return version;
}

/**
 * Returns the version that an `OpenStack-API-Version` header asks for, or `otherwise` when the header does not name this service.
 * Commas separate the entries of several services. The last entry for `placement` counts.
 *
 * @throws 400 for a malformed version, 406 for one that is not supported
 */
export function negotiate(header: string | undefined, otherwise: Version = OLDEST_VERSION): Version {
  if (header === undefined) return otherwise;
  const known = negotiated.get(header);
  if (known !== undefined) return known ?? otherwise;
  const version = parseHeader(header);
  if (header.length <= 100 && negotiated.size < 1000) negotiated.set(header, version);
  return version ?? otherwise;
}

// A cache: clients send a handful of different headers, millions of times. The number and the length of its entries are limited,
// because a hostile client may send many different headers of 64 KiB.
const negotiated = new Map<string, Version | null>();

/** Returns null when the header names only other services. */
function parseHeader(header: string): Version | null {
  let asked: string | undefined;
  for (const entry of header.split(',')) {
    const [service = '', ...rest] = entry.trim().split(/\s+/);
    // The text after the service is the version, so more words after the version make it malformed.
    if (rest.length > 0 && service.toLowerCase() === 'placement') asked = rest.join(' ');
  }
  if (asked === undefined) return null;
  if (asked === 'latest') return NEWEST_VERSION;
  const match = /^(\d+)\.(\d+)$/.exec(asked);
  if (match === null) throw invalidVersionString(asked);
  const [major, minor] = [Number(match[1]), Number(match[2])];
  const version = major === 1 ? versions[minor] : undefined;
  if (version === undefined) {
    throw unacceptableVersion(`${major}.${minor}`, { min: OLDEST_VERSION.text, max: NEWEST_VERSION.text });
  }
  return version;
}

/**
 * Returns a function that picks a value by version: `base` for the oldest versions, and the value of each step from the version of its
 * change on. The values for all versions are computed once, so that a request only reads an array.
 */
export function byVersion<T>(base: T, steps: Partial<Record<MicroversionChange, T>> = {}): (version: Version) => T {
  const ladder = versions.map((version) => {
    let chosen = base;
    let chosenMinor = -1;
    for (const [name, step] of Object.entries(steps) as [MicroversionChange, T][]) {
      const minor = minorOf(name);
      if (minor <= version.minor && minor > chosenMinor) [chosen, chosenMinor] = [step, minor];
    }
    return chosen;
  });
  return (version) => ladder[version.minor] as T;
}

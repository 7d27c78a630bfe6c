import { routeTable, type RouteDependencies } from '../../src/app.js';
import type { OperationReference, Reference } from '../../src/http/reference.js';
import type { Route } from '../../src/http/route.js';
import { aggregateReference } from '../../src/resources/aggregates/reference.js';
import { allocationCandidateReference } from '../../src/resources/allocation-candidates/reference.js';
import { allocationReference } from '../../src/resources/allocations/reference.js';
import { changesReference } from '../../src/resources/changes/reference.js';
import { capacityReference } from '../../src/resources/capacity/reference.js';
import { explainReference } from '../../src/resources/explain/reference.js';
import { healthReference } from '../../src/resources/health/reference.js';
import { inventoryReference } from '../../src/resources/inventories/reference.js';
import { listReference } from '../../src/resources/lists/reference.js';
import { orphanReference } from '../../src/resources/orphans/reference.js';
import { reshaperReference } from '../../src/resources/reshaper/reference.js';
import { resourceClassReference } from '../../src/resources/resource-classes/reference.js';
import { resourceProviderReference } from '../../src/resources/resource-providers/reference.js';
import { rootReference } from '../../src/resources/root/reference.js';
import { traitReference } from '../../src/resources/traits/reference.js';
import { usageReference } from '../../src/resources/usages/reference.js';

/** The nouns in the order of the reference, with what is said of each. */
const NOUNS: readonly { name: string; about: string; reference: Reference }[] = [
  { name: 'Versions', about: 'What the service speaks.', reference: rootReference },
  {
    name: 'Resource providers',
    about: 'Whatever has something to give: a host, one of its devices, a shared pool of disks. Providers form trees.',
    reference: resourceProviderReference,
  },
  {
    name: 'Inventories',
    about: 'How much a provider has of a resource class, and in which portions it may be taken.',
    reference: inventoryReference,
  },
  {
    name: 'Resource classes',
    about:
      'The kinds of things that can be counted. There are standard ones, and custom ones whose names begin with `CUSTOM_`.',
    reference: resourceClassReference,
  },
  {
    name: 'Traits',
    about:
      'What a provider is like rather than how much it has. There are standard ones, and custom ones whose names begin with `CUSTOM_`.',
    reference: traitReference,
  },
  { name: 'Aggregates', about: 'Groups of providers.', reference: aggregateReference },
  { name: 'Allocations', about: 'Who uses how much of which provider.', reference: allocationReference },
  { name: 'Usages', about: 'What all of it sums up to.', reference: usageReference },
  { name: 'Allocation candidates', about: 'Where something would fit.', reference: allocationCandidateReference },
  { name: 'Reshaper', about: 'For changes in the shape of what there is.', reference: reshaperReference },
  {
    name: 'Explain and capacity',
    about:
      'Why nothing fits, and how many more fit. Not a part of Placement: without a version header these routes have the newest version.',
    reference: { ...explainReference, ...capacityReference },
  },
  {
    name: 'History',
    about:
      'What changed, when, and from which request. Not a part of Placement: without a version header these routes have the newest version.',
    reference: changesReference,
  },
  {
    name: 'Orphans',
    about:
      'Allocations whose consumers are gone. Not a part of Placement: without a version header these routes have the newest version.',
    reference: orphanReference,
  },
  {
    name: 'Inventory lists',
    about:
      'Jobs that write a list of all inventories into a bucket or a folder at set times. Not a part of Placement: without a version header these routes have the newest version.',
    reference: listReference,
  },
  {
    name: 'Health',
    about: 'For supervisors and load balancers. Not a part of Placement.',
    reference: healthReference,
  },
];

export const tags = NOUNS.map(({ name, about }) => ({ name, description: about }));

export interface Operation {
  readonly route: Route;
  readonly tag: string;
  readonly reference: OperationReference;
}

/** The route table as data. No handler runs, so none needs its parts. */
export function routeRows(): readonly Route[] {
  return routeTable({} as RouteDependencies);
}

/** The routes with what is said of them, noun by noun. */
export function operations(): Operation[] {
  const routes = new Map(routeRows().map((route) => [`${route.method} ${route.path}`, route]));
  const found = NOUNS.flatMap(({ name, reference }) =>
    Object.entries(reference).map(([key, one]) => {
      const route = routes.get(key);
      if (route === undefined) throw new Error(`the reference of ${name} describes ${key}, which is no route`);
      routes.delete(key);
      return { route, tag: name, reference: one };
    }),
  );
  if (routes.size > 0) throw new Error(`no reference.ts describes ${[...routes.keys()].join(', ')}`);
  return found;
}

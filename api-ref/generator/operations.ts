import { routeTable, type RouteDependencies } from '../../src/app.js';
import type { OperationDocs, NounDocs } from '../../src/http/operation-docs.js';
import type { Route } from '../../src/http/route.js';
import { aggregateDocs } from '../../src/resources/aggregates/docs.js';
import { allocationCandidateDocs } from '../../src/resources/allocation-candidates/docs.js';
import { allocationDocs } from '../../src/resources/allocations/docs.js';
import { changesDocs } from '../../src/resources/changes/docs.js';
import { capacityDocs } from '../../src/resources/capacity/docs.js';
import { explainDocs } from '../../src/resources/explain/docs.js';
import { healthDocs } from '../../src/resources/health/docs.js';
import { inventoryDocs } from '../../src/resources/inventories/docs.js';
import { listDocs } from '../../src/resources/lists/docs.js';
import { loginDocs } from '../../src/resources/login/docs.js';
import { orphanDocs } from '../../src/resources/orphans/docs.js';
import { overviewDocs } from '../../src/resources/overview/docs.js';
import { reshaperDocs } from '../../src/resources/reshaper/docs.js';
import { resourceClassDocs } from '../../src/resources/resource-classes/docs.js';
import { resourceProviderDocs } from '../../src/resources/resource-providers/docs.js';
import { rootDocs } from '../../src/resources/root/docs.js';
import { whoamiDocs } from '../../src/resources/whoami/docs.js';
import { traitDocs } from '../../src/resources/traits/docs.js';
import { usageDocs } from '../../src/resources/usages/docs.js';

/** The nouns in the order of the reference, with what is said of each. */
const NOUNS: readonly { name: string; about: string; docs: NounDocs }[] = [
  { name: 'Versions', about: 'What the service speaks.', docs: rootDocs },
  {
    name: 'Resource providers',
    about: 'Whatever has something to give: a host, one of its devices, a shared pool of disks. Providers form trees.',
    docs: resourceProviderDocs,
  },
  {
    name: 'Inventories',
    about: 'How much a provider has of a resource class, and in which portions it may be taken.',
    docs: inventoryDocs,
  },
  {
    name: 'Resource classes',
    about:
      'The kinds of things that can be counted. There are standard ones, and custom ones whose names begin with `CUSTOM_`.',
    docs: resourceClassDocs,
  },
  {
    name: 'Traits',
    about:
      'What a provider is like rather than how much it has. There are standard ones, and custom ones whose names begin with `CUSTOM_`.',
    docs: traitDocs,
  },
  { name: 'Aggregates', about: 'Groups of providers.', docs: aggregateDocs },
  { name: 'Allocations', about: 'Who uses how much of which provider.', docs: allocationDocs },
  { name: 'Usages', about: 'What all of it sums up to.', docs: usageDocs },
  { name: 'Allocation candidates', about: 'Where something would fit.', docs: allocationCandidateDocs },
  { name: 'Reshaper', about: 'For changes in the shape of what there is.', docs: reshaperDocs },
  {
    name: 'Explain and capacity',
    about:
      'Why nothing fits, and how many more fit. Not a part of Placement: without a version header these routes have the newest version.',
    docs: { ...explainDocs, ...capacityDocs },
  },
  {
    name: 'History',
    about:
      'What changed, when, and from which request. Not a part of Placement: without a version header these routes have the newest version.',
    docs: changesDocs,
  },
  {
    name: 'Overview',
    about:
      'What the console shows. Not a part of Placement: without a version header these routes have the newest version.',
    docs: { ...overviewDocs, ...whoamiDocs, ...loginDocs },
  },
  {
    name: 'Orphans',
    about:
      'Allocations whose consumers are gone. Not a part of Placement: without a version header these routes have the newest version.',
    docs: orphanDocs,
  },
  {
    name: 'Inventory lists',
    about:
      'Jobs that write a list of all inventories into a bucket or a folder at set times. Not a part of Placement: without a version header these routes have the newest version.',
    docs: listDocs,
  },
  {
    name: 'Health',
    about: 'For supervisors and load balancers. Not a part of Placement.',
    docs: healthDocs,
  },
];

export const tags = NOUNS.map(({ name, about }) => ({ name, description: about }));

export interface Operation {
  readonly route: Route;
  readonly tag: string;
  readonly docs: OperationDocs;
}

/** The route table as data. No handler runs, so none needs its parts. */
export function routeRows(): readonly Route[] {
  return routeTable({} as RouteDependencies);
}

/** The routes with what is said of them, noun by noun. */
export function operations(): Operation[] {
  const routes = new Map(routeRows().map((route) => [`${route.method} ${route.path}`, route]));
  const found = NOUNS.flatMap(({ name, docs }) =>
    Object.entries(docs).map(([key, one]) => {
      const route = routes.get(key);
      if (route === undefined) throw new Error(`the reference of ${name} describes ${key}, which is no route`);
      routes.delete(key);
      return { route, tag: name, docs: one };
    }),
  );
  if (routes.size > 0) throw new Error(`no docs.ts describes ${[...routes.keys()].join(', ')}`);
  return found;
}

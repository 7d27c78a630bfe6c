import express, { type Express } from 'express';
import { installRoutes, type PipelineOptions } from './http/pipeline.js';
import type { Route } from './http/route.js';
import { aggregateRoutes, type AggregateRouteDependencies } from './resources/aggregates/route.js';
import {
  allocationCandidateRoutes,
  type AllocationCandidateRouteDependencies,
} from './resources/allocation-candidates/route.js';
import { allocationRoutes, type AllocationRouteDependencies } from './resources/allocations/route.js';
import { capacityRoutes, type CapacityRouteDependencies } from './resources/capacity/route.js';
import { changesRoutes, type ChangesRouteDependencies } from './resources/changes/route.js';
import { explainRoutes, type ExplainRouteDependencies } from './resources/explain/route.js';
import { healthRoutes, type HealthRouteDependencies } from './resources/health/route.js';
import { inventoryRoutes, type InventoryRouteDependencies } from './resources/inventories/route.js';
import { listRoutes, type ListRouteDependencies } from './resources/lists/route.js';
import { loginRoutes, type LoginRouteDependencies } from './resources/login/route.js';
import { orphanRoutes, type OrphanRouteDependencies } from './resources/orphans/route.js';
import { resourceClassRoutes, type ResourceClassRouteDependencies } from './resources/resource-classes/route.js';
import {
  resourceProviderRoutes,
  type ResourceProviderRouteDependencies,
} from './resources/resource-providers/route.js';
import { rootRoutes } from './resources/root/route.js';
import { overviewRoutes, type OverviewRouteDependencies } from './resources/overview/route.js';
import { reshaperRoutes, type ReshaperRouteDependencies } from './resources/reshaper/route.js';
import { traitRoutes, type TraitRouteDependencies } from './resources/traits/route.js';
import { usageRoutes, type UsageRouteDependencies } from './resources/usages/route.js';
import { whoamiRoutes, type WhoamiRouteDependencies } from './resources/whoami/route.js';

/** The dependencies of all routes. Each factory names the ones that it needs. */
export type RouteDependencies = InventoryRouteDependencies &
  ResourceProviderRouteDependencies &
  AggregateRouteDependencies &
  TraitRouteDependencies &
  ResourceClassRouteDependencies &
  AllocationRouteDependencies &
  UsageRouteDependencies &
  AllocationCandidateRouteDependencies &
  ReshaperRouteDependencies &
  HealthRouteDependencies &
  CapacityRouteDependencies &
  ExplainRouteDependencies &
  ChangesRouteDependencies &
  OrphanRouteDependencies &
  OverviewRouteDependencies &
  WhoamiRouteDependencies &
  LoginRouteDependencies &
  ListRouteDependencies;

/** The route table. Within a path the methods have the order of upstream, which the `allow` header shows. */
export function routeTable(dependencies: RouteDependencies): readonly Route[] {
  return [
    ...rootRoutes(),
    ...inventoryRoutes(dependencies),
    ...resourceProviderRoutes(dependencies),
    ...aggregateRoutes(dependencies),
    ...traitRoutes(dependencies),
    ...resourceClassRoutes(dependencies),
    ...allocationRoutes(dependencies),
    ...usageRoutes(dependencies),
    ...allocationCandidateRoutes(dependencies),
    ...reshaperRoutes(dependencies),
    ...healthRoutes(dependencies),
    ...capacityRoutes(dependencies),
    ...explainRoutes(dependencies),
    ...changesRoutes(dependencies),
    ...orphanRoutes(dependencies),
    ...overviewRoutes(dependencies),
    ...whoamiRoutes(dependencies),
    ...loginRoutes(dependencies),
    ...listRoutes(dependencies),
  ];
}

/** The service as an Express application. It opens no port or connection itself, so supertest can mount it directly. */
export function createApp(dependencies: RouteDependencies & PipelineOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('strict routing');
  app.enable('case sensitive routing');
  installRoutes(app, routeTable(dependencies), dependencies);
  return app;
}

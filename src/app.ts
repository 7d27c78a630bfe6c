import express, { type Express } from 'express';
import { installRoutes } from './http/pipeline.js';
import type { Route } from './http/route.js';
import type { Parts } from './parts.js';
import { aggregateRoutes } from './resources/aggregates/route.js';
import { allocationCandidateRoutes } from './resources/allocation-candidates/route.js';
import { allocationRoutes } from './resources/allocations/route.js';
import { capacityRoutes } from './resources/capacity/route.js';
import { changesRoutes } from './resources/changes/route.js';
import { explainRoutes } from './resources/explain/route.js';
import { healthRoutes } from './resources/health/route.js';
import { inventoryRoutes } from './resources/inventories/route.js';
import { listRoutes } from './resources/lists/route.js';
import { orphanRoutes } from './resources/orphans/route.js';
import { resourceClassRoutes } from './resources/resource-classes/route.js';
import { resourceProviderRoutes } from './resources/resource-providers/route.js';
import { rootRoutes } from './resources/root/route.js';
import { reshaperRoutes } from './resources/reshaper/route.js';
import { traitRoutes } from './resources/traits/route.js';
import { usageRoutes } from './resources/usages/route.js';

/** The route table, in the order of the `allow` header. Within a path the order of methods is upstream's. */
export function routeTable(parts: Parts): readonly Route[] {
  return [
    ...rootRoutes(),
    ...inventoryRoutes(parts),
    ...resourceProviderRoutes(parts),
    ...aggregateRoutes(parts),
    ...traitRoutes(parts),
    ...resourceClassRoutes(parts),
    ...allocationRoutes(parts),
    ...usageRoutes(parts),
    ...allocationCandidateRoutes(parts),
    ...reshaperRoutes(parts),
    ...healthRoutes(parts),
    ...capacityRoutes(parts),
    ...explainRoutes(parts),
    ...changesRoutes(parts),
    ...orphanRoutes(parts),
    ...listRoutes(parts),
  ];
}

/** The service as an Express application. It does no I/O by itself, so supertest mounts it as it is. */
export function createApp(parts: Parts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('strict routing');
  app.enable('case sensitive routing');
  installRoutes(app, routeTable(parts), parts);
  return app;
}

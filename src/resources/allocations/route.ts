import {
  malformedConsumerUuid,
  noAllocations,
  noSuchProviderForAllocations,
  unknownClassInAllocations,
  unknownClassInConsumerAllocations,
} from '../../errors.js';
import { nowSeconds } from '../../http/respond.js';
import type { Route } from '../../http/route.js';
import { normalizeUuid, validateInSlices } from '../../http/validate.js';
import { removeConsumer } from '../../ledger/write.js';
import { withPauses } from '../../slices.js';
import { findProvider } from '../find-provider.js';
import { toClaim, toClaims, type IncompleteConsumer } from './parse.js';
import type { ReadRenderedAllocations } from './cache.js';
import { consumerBody, manageBody } from './schema.js';
import type { ReadConsumer } from './store.js';
import { renderConsumer } from './render.js';
import type { Pool } from '../../db/pool.js';
import type { TopologyReader } from '../../topology/catch-up.js';
import type { AuthorOf } from '../author.js';
import type { WriteClaims } from '../../ledger/claims.js';

/** The dependencies of the routes of allocations. */
export interface AllocationRouteDependencies {
  readonly pool: Pool;
  readonly topology: TopologyReader;
  readonly authorOf: AuthorOf;
  readonly writeClaims: WriteClaims;
  readonly readConsumer: ReadConsumer;
  readonly readProviderAllocations: ReadRenderedAllocations;
  readonly incompleteConsumer: IncompleteConsumer;
}

export function allocationRoutes(dependencies: AllocationRouteDependencies): Route[] {
  const { pool, topology, authorOf, writeClaims, readConsumer, readProviderAllocations, incompleteConsumer } =
    dependencies;
  return [
    {
      method: 'GET',
      path: '/resource_providers/:uuid/allocations',
      rule: 'placement:resource_providers:allocations:list',
      checkAccept: true,
      async handle(request) {
        const uuid = request.param('uuid');
        const provider = findProvider(await topology.current(), uuid, noSuchProviderForAllocations);
        const found = await readProviderAllocations(provider, request.version.has('consumerGenerations'));
        if (found === null) throw noSuchProviderForAllocations(uuid);
        return { status: 200, body: found.body, modified: found.modified ?? nowSeconds() };
      },
    },
    {
      method: 'POST',
      path: '/allocations',
      introducedBy: 'manageAllocations',
      rule: 'placement:allocations:manage',
      jsonBody: true,
      async handle(request) {
        const { version } = request;
        const body = await validateInSlices(manageBody(version), await request.json());
        const claims = await toClaims(body, version, incompleteConsumer);
        await writeClaims(authorOf(request), claims, unknownClassInAllocations);
        return { status: 204 };
      },
    },
    {
      method: 'GET',
      path: '/allocations/:consumer_uuid',
      rule: 'placement:allocations:list',
      checkAccept: true,
      async handle(request) {
        const consumer = await readConsumer(request.param('consumer_uuid'));
        const body = await withPauses(renderConsumer(consumer, request.version));
        return { status: 200, body, modified: consumer?.modified ?? nowSeconds() };
      },
    },
    {
      method: 'PUT',
      path: '/allocations/:consumer_uuid',
      rule: 'placement:allocations:update',
      jsonBody: true,
      async handle(request) {
        const { version } = request;
        const given = request.param('consumer_uuid');
        const uuid = normalizeUuid(given);
        if (uuid === undefined) throw malformedConsumerUuid(given);
        const body = await validateInSlices(consumerBody(version), await request.json());
        const claims = [await withPauses(toClaim(uuid, body, version, incompleteConsumer))];
        await writeClaims(authorOf(request), claims, unknownClassInConsumerAllocations);
        return { status: 204 };
      },
    },
    {
      method: 'DELETE',
      path: '/allocations/:consumer_uuid',
      rule: 'placement:allocations:delete',
      async handle(request) {
        const uuid = request.param('consumer_uuid');
        if ((await removeConsumer(pool, authorOf(request), uuid)) === 0) throw noAllocations(uuid);
        return { status: 204 };
      },
    },
  ];
}

import { noSuchProviderTwice } from '../../errors.js';
import { lastValues } from '../../http/query.js';
import { nowSeconds } from '../../http/respond.js';
import type { Route } from '../../http/route.js';
import { findProvider } from '../find-provider.js';
import { usagesQuery } from './schema.js';
import type { ReadCachedUsages } from './cache.js';
import { renderByType, renderProviderUsages, renderTotals } from './render.js';
import type { TopologyReader } from '../../topology/catch-up.js';

/** The dependencies of the routes of usages. */
export interface UsageRouteDependencies {
  readonly topology: TopologyReader;
  readonly readUsages: ReadCachedUsages;
}

export function usageRoutes({ topology, readUsages }: UsageRouteDependencies): Route[] {
  return [
    {
      method: 'GET',
      path: '/resource_providers/:uuid/usages',
      rule: 'placement:resource_providers:usages',
      checkAccept: true,
      async handle(request) {
        const provider = findProvider(await topology.current(), request.param('uuid'), (uuid) =>
          noSuchProviderTwice(uuid, ': '),
        );
        return { status: 200, body: renderProviderUsages(provider), modified: nowSeconds() };
      },
    },
    {
      method: 'GET',
      path: '/usages',
      introducedBy: 'usages',
      rule: 'placement:usages',
      policyTarget: (query) => ({ project_id: query.get('project_id')?.at(-1) ?? null }),
      checkAccept: true,
      async handle({ query, version }) {
        const { project_id, user_id, consumer_type } = usagesQuery(version)(lastValues(query));
        const usages = await readUsages(project_id, user_id ?? null);
        const body = version.has('consumerTypes') ? renderByType(usages, consumer_type) : renderTotals(usages);
        return { status: 200, body, modified: nowSeconds() };
      },
    },
  ];
}

import { aggregateTooLong } from '../../errors.js';
import { jsonString } from '../../http/json.js';
import { listBody, type LongBody } from '../../http/long-body.js';
import type { Version } from '../../http/microversions.js';
import { nowSeconds } from '../../http/respond.js';
import type { Route } from '../../http/route.js';
import { bodyForProvider, findProvider } from '../find-provider.js';
import { aggregatesBody } from './schema.js';
import { replaceAggregates } from './store.js';
import type { Pool } from '../../db/pool.js';
import type { TopologyReader } from '../../topology/catch-up.js';
import type { AuthorOf } from '../author.js';

/** The service keeps the spelling of the UUIDs of aggregates. The column has no room for a spelling that is longer than the dashed one. */
const LONGEST_UUID = 36;

/** The dependencies of the routes of aggregates. */
export interface AggregateRouteDependencies {
  readonly pool: Pool;
  readonly topology: TopologyReader;
  readonly authorOf: AuthorOf;
}

export function aggregateRoutes({ pool, topology, authorOf }: AggregateRouteDependencies): Route[] {
  return [
    {
      method: 'GET',
      path: '/resource_providers/:uuid/aggregates',
      introducedBy: 'providerAggregates',
      rule: 'placement:resource_providers:aggregates:list',
      checkAccept: true,
      gateLast: true,
      async handle(request) {
        const provider = findProvider(await topology.current(), request.param('uuid'));
        const body = render(provider.aggregates, provider.generation, request.version);
        return { status: 200, body, modified: nowSeconds() };
      },
    },
    {
      method: 'PUT',
      path: '/resource_providers/:uuid/aggregates',
      introducedBy: 'providerAggregates',
      rule: 'placement:resource_providers:aggregates:update',
      jsonBody: true,
      gateLast: true,
      async handle(request) {
        const { version } = request;
        const uuid = request.param('uuid');
        const { aggregates, generation } = await bodyForProvider(topology, uuid, async () => {
          const body = await aggregatesBody(version)(await request.json());
          const tooLong = body.aggregates.find((aggregate) => aggregate.length > LONGEST_UUID);
          if (tooLong !== undefined) throw aggregateTooLong(tooLong);
          return body;
        });
        const newGeneration = await replaceAggregates(pool, authorOf(request), uuid, generation, aggregates);
        return { status: 200, body: render(aggregates, newGeneration, version), modified: nowSeconds() };
      },
    },
  ];
}

function render(aggregates: readonly string[], generation: number, version: Version): LongBody | readonly Buffer[] {
  const last = version.has('aggregatesGeneration') ? `,"resource_provider_generation":${generation}` : '';
  return listBody(['{"aggregates":[', ',', `]${last}}`], aggregates, jsonString, WORK_FOR_AN_AGGREGATE);
}

/** In the units of candidates/effort.ts. */
const WORK_FOR_AN_AGGREGATE = 10;

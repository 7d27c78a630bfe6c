import { tooManyAudits } from '../../errors.js';
import { toJson } from '../../http/json.js';
import { nowSeconds } from '../../http/respond.js';
import type { Route } from '../../http/route.js';
import { removeUnchanged } from '../../ledger/write.js';
import { withPauses } from '../../slices.js';
import { createSemaphore } from '../../semaphore.js';
import { checkPlausible } from './guard.js';
import { parseOrphansQuery, type OrphansQuery } from './parse.js';
import { deletionBody, LARGEST_LISTS } from './schema.js';
import { findOrphans, lastRequests } from './store.js';
import { renderReport } from './render.js';
import type { Pool } from '../../db/pool.js';
import type { AuthorOf } from '../author.js';

/** Each audit reads all allocations. More audits at a time would take connections from other requests, and would not be faster. */
const AUDITS = { places: 1, mostWaiting: 5 };

/** The dependencies of the routes of orphans. */
export interface OrphanRouteDependencies {
  readonly pool: Pool;
  readonly authorOf: AuthorOf;
}

/** The routes for allocations whose consumers do not exist any more (docs/contract/audit-and-orphans.md#orphans). */
export function orphanRoutes({ pool, authorOf }: OrphanRouteDependencies): Route[] {
  const audits = createSemaphore({ ...AUDITS, reject: tooManyAudits });
  return [
    {
      method: 'POST',
      path: '/stockroom/orphans',
      rule: 'stockroom:orphans',
      jsonBody: true,
      largeBodyBytes: LARGEST_LISTS,
      async handle(request) {
        const query = await parseOrphansQuery(await request.json());
        const leave = await audits.enter();
        try {
          return { status: 200, body: await report(pool, query), modified: nowSeconds() };
        } finally {
          leave();
        }
      },
    },
    {
      method: 'POST',
      path: '/stockroom/orphans/delete',
      rule: 'stockroom:orphans:delete',
      jsonBody: true,
      async handle(request) {
        const { consumers } = deletionBody(await request.json());
        const results = await removeUnchanged(
          pool,
          authorOf(request),
          consumers.map(({ consumer, consumer_generation: generation }) => ({ uuid: consumer, generation })),
        );
        const shown = results.map(({ uuid, result, allocations }) => ({ consumer: uuid, result, allocations }));
        return { status: 200, body: toJson({ results: shown }), modified: nowSeconds() };
      },
    },
  ];
}

/**
 * The report as JSON.
 *
 * @throws 400 for unknown homes and classes, 409 when it is implausible
 */
export async function report(pool: Pool, query: OrphansQuery): Promise<string> {
  const judgement = await findOrphans(pool, query);
  checkPlausible({
    live: query.live.keys.length,
    judged: judgement.judged,
    orphans: judgement.counts.orphans,
    expectAtMost: query.expectAtMost,
  });
  const { orphans, elsewhere, doubled } = judgement;
  const requests = await lastRequests(pool, [...orphans, ...elsewhere, ...doubled]);
  return withPauses(renderReport(judgement, requests));
}

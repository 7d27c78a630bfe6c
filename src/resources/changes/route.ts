import { clientGone } from '../../errors.js';
import { toJson } from '../../http/json.js';
import { nowSeconds } from '../../http/respond.js';
import type { Route } from '../../http/route.js';
import { parseChangesQuery } from './query.js';
import type { HistoryReader } from '../../history/reader.js';

/** The dependencies of the routes of changes. */
export interface ChangesRouteDependencies {
  readonly history: HistoryReader;
}

/** The stream of changes (docs/contract/history-and-audit.md). */
export function changesRoutes({ history }: ChangesRouteDependencies): Route[] {
  return [
    {
      method: 'GET',
      path: '/stockroom/changes',
      rule: 'stockroom:changes',
      checkAccept: true,
      async handle(request) {
        const asked = parseChangesQuery(request.query);
        const isGone = (): boolean => request.isGone();
        const page = await (asked.order === 'oldest' ? history.follow(asked, isGone) : history.look(asked));
        if (isGone()) throw clientGone();
        const { changes, next, more } = page;
        return { status: 200, body: toJson({ changes, next, more }), modified: nowSeconds() };
      },
    },
  ];
}

import type { RequestAuthor } from '../history/author.js';
import { shownId } from '../http/request-ids.js';
import type { RouteRequest } from '../http/route.js';

/** Returns the author of the changes of a request; null while no history is kept. */
export type AuthorOf = (request: RouteRequest) => RequestAuthor | null;

/** The author of a request, with the ids of its line in the log. */
export function authorOf({ requestId, globalRequestId, identity, route, version }: RouteRequest): RequestAuthor {
  return {
    requestId,
    globalRequestId,
    userId: shownId(identity?.userId ?? null) ?? null,
    projectId: shownId(identity?.projectId ?? null) ?? null,
    route,
    version: version.text,
  };
}

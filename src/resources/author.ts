import type { RequestAuthor } from '../history/author.js';
import { shownId } from '../http/request-ids.js';
import type { RouteRequest } from '../http/route.js';

/** Who asks for the changes of a request; null while no history is kept. */
export type AuthorOf = (request: RouteRequest) => RequestAuthor | null;

/** What the history keeps of a request: the ids that its line in the log shows. */
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

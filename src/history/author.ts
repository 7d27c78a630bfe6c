/** Who asked for a change: what is kept of a request. No tokens, roles, bodies or addresses of clients. */
export interface Author {
  readonly requestId: string;
  /** The id that the caller gives all requests of one operation. */
  readonly globalRequestId: string | null;
  readonly userId: string | null;
  readonly projectId: string | null;
  /** `PUT /allocations/{consumer_uuid}` */
  readonly route: string;
  /** The microversion. */
  readonly version: string;
}

/** The author of the changes of some consumers, where one transaction has the claims of several requests. */
export interface AuthorOfConsumers {
  readonly author: Author;
  readonly consumers: readonly string[];
}

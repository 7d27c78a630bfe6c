/** The author of a change: a request, or a command of Stockroom that works on the database. */
export type Author = RequestAuthor | CommandAuthor;

/** The data of a request that the history stores. It has no tokens, roles, bodies or addresses of clients. */
export interface RequestAuthor {
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

export interface CommandAuthor {
  /** `stockroom import` */
  readonly command: string;
}

/** The author of the changes of some consumers, for a transaction with the claims of several requests. */
export interface AuthorOfConsumers {
  readonly author: Author;
  readonly consumers: readonly string[];
}

/** Who calls, as policy sees it: docs/contract/policy.md#credentials. */
export interface Identity {
  readonly userId: string;
  /** Federated users may have none. */
  readonly userDomainId: string | null;
  /** Of tokens with a project's scope. */
  readonly projectId: string | null;
  readonly projectDomainId: string | null;
  /** Of tokens with a domain's scope. */
  readonly domainId: string | null;
  readonly systemScope: 'all' | null;
  /** `role:` checks compare them without case. */
  readonly roles: readonly string[];
  readonly isAdminProject: boolean;
  /** When the token expires, in milliseconds since the epoch. Undefined: never. */
  readonly expiresAt?: number;
  /** What a service token adds: the service that passes the user's request on. */
  readonly serviceUserId: string | null;
  readonly serviceUserDomainId: string | null;
  readonly serviceProjectId: string | null;
  readonly serviceProjectDomainId: string | null;
  readonly serviceRoles: readonly string[];
}

/** No service token came. */
export const NO_SERVICE = {
  serviceUserId: null,
  serviceUserDomainId: null,
  serviceProjectId: null,
  serviceProjectDomainId: null,
  serviceRoles: [],
} as const satisfies Partial<Identity>;

export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** The response to a request that is not let in: a 401, or a 503 when the token could not be validated. Its documents are not the API's own. */
export class Rejection {
  readonly status: 401 | 503;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;

  constructor(status: 401 | 503, document: object, headers: Readonly<Record<string, string>> = {}) {
    this.status = status;
    this.headers = headers;
    this.body = JSON.stringify(document);
  }
}

export type Admission = Identity | Rejection;

/**
 * Finds out who calls, from the headers of a request; its method and path are for tokens that may do only certain things.
 * Returns at once when Keystone need not be asked: requests with a known token, tens of thousands a second, pay no promise.
 */
export type Authenticate = (
  headers: RequestHeaders,
  method: string,
  path: string,
  client: string,
) => Admission | Promise<Admission>;

/** What the service itself says when no user is known; Keystone's middleware has a document of its own. */
export const WITHOUT_USER = {
  message:
    'This server could not verify that you are authorized to access the document you requested. ' +
    'Send a valid token in the x-auth-token header.',
  code: '401 Unauthorized',
  title: 'Unauthorized',
};

/** The caller, with the data that policy rules use (docs/contract/policy.md#credentials). */
export interface Identity {
  readonly userId: string;
  /** Null for some federated users. */
  readonly userDomainId: string | null;
  /** Only of tokens with project scope. */
  readonly projectId: string | null;
  readonly projectDomainId: string | null;
  /** Only of tokens with domain scope. */
  readonly domainId: string | null;
  readonly systemScope: 'all' | null;
  /** `role:` checks ignore their case. */
  readonly roles: readonly string[];
  readonly isAdminProject: boolean;
  /** When the token expires, in milliseconds since the epoch. Undefined when it does not expire. */
  readonly expiresAt?: number;
  /** The service that passes the request of the user on. Its service token identifies it. */
  readonly serviceUserId: string | null;
  readonly serviceUserDomainId: string | null;
  readonly serviceProjectId: string | null;
  readonly serviceProjectDomainId: string | null;
  readonly serviceRoles: readonly string[];
}

/** The members of the service when the request has no service token. */
export const NO_SERVICE = {
  serviceUserId: null,
  serviceUserDomainId: null,
  serviceProjectId: null,
  serviceProjectDomainId: null,
  serviceRoles: [],
} as const satisfies Partial<Identity>;

export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>;

/**
 * The response to a request that authentication rejects: 401, or 503 when Keystone could not validate the token. Its
 * document has another form than other errors of the API.
 */
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
 * Identifies the caller by the headers of a request. Method and path matter to tokens with access rules. It returns no
 * promise when the token is in the cache: a promise would slow down tens of thousands of requests a second.
 */
export type Authenticate = (
  headers: RequestHeaders,
  method: string,
  path: string,
  client: string,
) => Admission | Promise<Admission>;

/** The response of the service itself when the caller is unknown. Keystone's middleware has another document. */
export const WITHOUT_USER = {
  message:
    'This server could not verify that you are authorized to access the document you requested. ' +
    'Send a valid token in the x-auth-token header.',
  code: '401 Unauthorized',
  title: 'Unauthorized',
};

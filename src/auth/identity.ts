/** Who calls, as policy sees it: the credentials of policy.md. */
export interface Identity {
  readonly userId: string;
  readonly userDomainId: string | null;
  readonly projectId: string | null;
  readonly projectDomainId: string | null;
  /** Of a token for a domain, which has no project. */
  readonly domainId: string | null;
  /** Of a token for the whole deployment, which has no project either. */
  readonly systemScope: 'all' | null;
  readonly roles: readonly string[];
  readonly isAdminProject: boolean;
  readonly serviceUserId: string | null;
  readonly serviceUserDomainId: string | null;
  readonly serviceProjectId: string | null;
  readonly serviceProjectDomainId: string | null;
  readonly serviceRoles: readonly string[];
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Finds out who calls, from the headers of a request. Null: nobody we know, answer 401. */
export type Authenticate = (headers: Headers) => Identity | null;

/** Who calls, as policy sees it. */
export interface Identity {
  readonly userId: string;
  readonly projectId: string | null;
  readonly roles: readonly string[];
  readonly systemScope: boolean;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Finds out who calls, from the headers of a request. Null: nobody we know, answer 401. */
export type Authenticate = (headers: Headers) => Identity | null;

import type { Credentials, SignedIn } from '../../auth/keystone/sign-in.js';
import {
  ApiError,
  loginElsewhere,
  loginInTheClear,
  loginOff,
  loginRejected,
  malformedLogin,
  tooManyLogins,
} from '../../errors.js';
import { toJson } from '../../http/json.js';
import type { Route, RouteRequest } from '../../http/route.js';
import { createLoginRateLimit } from './rate-limit.js';
import { loginBody } from './schema.js';

/** The dependencies of the route of signing in. */
export interface LoginRouteDependencies {
  /** Asks Keystone, and returns null when it rejects the credentials. Throws 503. The member is null when signing in is switched off. */
  readonly signIn: ((credentials: Credentials) => Promise<SignedIn | null>) | null;
}

/** The most attempts a minute in one process. Keystone has its own rules for locking users out. */
const BY_ADDRESS = 10;
const BY_USER = 5;

const LARGEST_BYTES = 8192;

/**
 * Exchanges name and password, or an application credential, for a token (docs/contract/console.md#signing-in). Errors and the log never
 * contain any part of the body, because a rejected value may be a password.
 */
export function loginRoutes({ signIn }: LoginRouteDependencies): Route[] {
  const byAddress = createLoginRateLimit(BY_ADDRESS);
  const byUser = createLoginRateLimit(BY_USER);
  return [
    {
      method: 'POST',
      path: '/stockroom/login',
      rule: null,
      public: true,
      jsonBody: true,
      maxBodyBytes: LARGEST_BYTES,
      async handle(request) {
        if (signIn === null) throw loginOff();
        // The browser states in a header that another site sends the request.
        if (request.fetchSite !== null && request.fetchSite !== 'same-origin') throw loginElsewhere();
        if (!request.isConfidential) throw loginInTheClear();
        for (const address of request.senderAddresses) rejectAfterTooMany(byAddress.take(address));
        const credentials = await credentialsOf(request);
        rejectAfterTooMany(byUser.take(userOf(credentials)));
        const signedIn = await signIn(credentials);
        if (signedIn === null) throw loginRejected();
        const { user, project } = signedIn;
        return { status: 200, body: toJson(signedIn), signedIn: { userId: user.id, projectId: project?.id ?? null } };
      },
    },
  ];
}

function rejectAfterTooMany(seconds: number | null): void {
  if (seconds !== null) throw tooManyLogins(seconds);
}

async function credentialsOf(request: RouteRequest): Promise<Credentials> {
  try {
    return loginBody(await request.json());
  } catch (error) {
    if (error instanceof ApiError && error.status === 400) throw malformedLogin();
    throw error;
  }
}

function userOf(credentials: Credentials): string {
  const names =
    'application_credential' in credentials
      ? ['credential', credentials.application_credential.id]
      : ['user', credentials.user.domain, credentials.user.name];
  // The database of Keystone ignores case, and blanks at the end of names.
  return JSON.stringify(names.map((name) => name.trim().toLowerCase()));
}

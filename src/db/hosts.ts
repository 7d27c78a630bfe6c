import type { ClientConfig } from 'pg';
import { attemptsOf, FileProblem, type Attempt } from '../database-url/attempts.js';
import { parseDatabaseUrl } from '../database-url/parse.js';
import { isUnavailable, reasonOf, UnusableConnection } from './failures.js';

/** The servers of a URL, and which of them was the right one last. */
export interface Hosts {
  /** Whether there is a choice, so that one that cannot be written to is passed by. */
  readonly several: boolean;
  /** The server has to let sessions write by default, too. */
  readonly readWrite: boolean;
  /** Milliseconds, where the URL says it. */
  readonly connectTimeout: number | null;
  /** How to connect to the server that was right last, at first the first. @throws FileProblem */
  preferred(): ClientConfig;
  /**
   * Tries one server after the other, first the one that was right last, until one is right.
   *
   * @throws UnusableConnection when trying again would not help; what the driver throws for one server; else an error that names all
   */
  connect<T>(attempt: (config: ClientConfig) => Promise<T>): Promise<T>;
}

/** @throws UnusableConnection for a text that is no URL of a database */
export function createHosts(connectionString: string): Hosts {
  const url = parseDatabaseUrl(connectionString);
  if (url === undefined)
    throw new UnusableConnection('its URL is not of the form postgresql://user:password@host:port/database');
  const attempts = attemptsOf(url);
  let right = 0;
  const seconds = Number(url.parameters.get('connect_timeout') ?? 0);

  return {
    several: attempts.length > 1,
    readWrite: url.parameters.get('target_session_attrs') === 'read-write',
    connectTimeout: seconds > 0 ? seconds * 1000 : null,
    preferred: () => (attempts[right] as Attempt).config(),
    async connect(attempt) {
      const failures: Failure[] = [];
      const start = right;
      for (const [turn] of attempts.entries()) {
        const index = (start + turn) % attempts.length;
        const one = attempts[index] as Attempt;
        try {
          const result = await attempt(one.config());
          right = index;
          return result;
        } catch (error) {
          failures.push({ place: one.place, error: explained(error, one) });
        }
      }
      throw together(failures);
    },
  };
}

interface Failure {
  readonly place: string;
  readonly error: unknown;
}

/** One error for all. Its code is that of one that may go away, if there is one: then it is worth while to try again. */
function together(failures: readonly Failure[]): unknown {
  const chosen = failures.find(({ error }) => isUnavailable(error)) ?? failures.at(-1);
  if (failures.length === 1 || chosen === undefined) return chosen?.error;
  const message = failures.map(({ place, error }) => `${place}: ${reasonOf(error)}`).join('; ');
  if (chosen.error instanceof UnusableConnection) return new UnusableConnection(message, { cause: chosen.error });
  const { code } = chosen.error as { code?: string };
  return Object.assign(new Error(message, { cause: chosen.error }), { code });
}

/** What TLS and files have to do with it, in a sentence; other errors as they are. */
function explained(error: unknown, { place, sslmode }: Attempt): unknown {
  const { code = '', message } = error as Error & { code?: string };
  const unusable = (text: string): UnusableConnection => new UnusableConnection(text, { cause: error });
  if (error instanceof FileProblem) return unusable(message);
  if (message === 'The server does not support SSL connections') {
    return unusable(
      `${place} does not offer TLS, and sslmode=${sslmode ?? 'require'} asks for it: turn ssl on in the server, or use sslmode=disable`,
    );
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return unusable(
      `the certificate of ${place} is for another name: connect to a name that it has, or use sslmode=verify-ca`,
    );
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return unusable(`the certificate of ${place} is not valid now (${code}): renew it, or set the clock`);
  }
  if (UNTRUSTED.test(code)) {
    return unusable(
      `the certificate of ${place} is not trusted (${code}): name the certificate of the authority that signed it in sslrootcert`,
    );
  }
  if (/^ERR_(OSSL|SSL|TLS|CRYPTO)/.test(code)) {
    return unusable(`TLS with ${place} fails (${code}): check sslrootcert, sslcert, sslkey and sslpassword`);
  }
  return error;
}

const UNTRUSTED =
  /^(SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_\w+|CERT_\w+|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|PATH_LENGTH_EXCEEDED)$/;

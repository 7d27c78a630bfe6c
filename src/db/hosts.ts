import type { ClientConfig } from 'pg';
import { attemptsOf, FileError, type Attempt } from '../database-url/attempts.js';
import { parseDatabaseUrl } from '../database-url/parse.js';
import { isUnavailable, reasonOf, UnusableConnection } from './failures.js';

/** The servers of a URL, and the one that was usable last. */
export interface Hosts {
  /** Whether the URL has several servers, so that a read-only one is skipped. */
  readonly several: boolean;
  /** Sessions of the server must also be able to write by default. */
  readonly readWrite: boolean;
  /** Milliseconds, where the URL says it. */
  readonly connectTimeout: number | null;
  /** The configuration of a connection to the server that was usable last; at first, to the first one. @throws FileError */
  preferred(): ClientConfig;
  /**
   * Tries the servers one after the other, first the one that was usable last, until one is usable.
   *
   * @param discard closes a connection that is not needed. With it, the next server is also tried when one has not responded
   *   within 250 ms (the delay of RFC 8305, section 5): a server whose machine is gone does not respond before the connect
   *   timeout. While such a server is waited for, those that have failed are tried again each second: one may be promoted
   * @throws UnusableConnection when trying again would not help; what the driver throws for one server; else an error that names all
   */
  connect<T>(attempt: (config: ClientConfig) => Promise<T>, discard?: (result: T) => void): Promise<T>;
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
    async connect<T>(attempt: (config: ClientConfig) => Promise<T>, discard?: (result: T) => void) {
      // Only the last failure of each attempt: a server may fail several times.
      const failures = new Map<number, Failure>();
      let done = false;

      /** Undefined when no attempt at this server succeeds. */
      async function tryServer(indexes: readonly number[]): Promise<{ index: number; result: T } | undefined> {
        for (const index of indexes) {
          if (done) return undefined;
          const one = attempts[index] as Attempt;
          try {
            return { index, result: await attempt(one.config()) };
          } catch (error) {
            failures.set(index, { place: one.place, error: describeConnectionError(error, one) });
          }
        }
        return undefined;
      }

      const found = await firstOf(
        serversFrom(right, attempts).map((indexes) => () => tryServer(indexes)),
        discard === undefined ? Infinity : NEXT_SERVER_MS,
        (late) => discard?.(late.result),
      );
      done = true;
      if (found === undefined) throw together([...failures.values()]);
      right = found.index;
      return found.result;
    },
  };
}

const NEXT_SERVER_MS = 250;
const AGAIN_MS = 1000;

/** The attempts by server, first the server that was usable last. The attempts at one server run one after the other. */
function serversFrom(right: number, attempts: readonly Attempt[]): number[][] {
  const servers = new Map<string, number[]>();
  for (const [turn] of attempts.entries()) {
    const index = (right + turn) % attempts.length;
    const { place } = attempts[index] as Attempt;
    const ways = servers.get(place);
    if (ways === undefined) servers.set(place, [index]);
    else ways.push(index);
  }
  return [...servers.values()];
}

/**
 * The first result of several attempts. The next attempt begins when the one before fails, or has no result after `delay`
 * milliseconds. When all have begun and some have failed, the failed ones begin again each second until the first round is over.
 *
 * @param delay Infinity: one after the other, and each once
 * @param late gets each result after the first
 * @returns undefined when none has a result
 */
function firstOf<T>(
  starts: readonly (() => Promise<T | undefined>)[],
  delay: number,
  late: (result: T) => void,
): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const waiting = [...starts];
    let failed: (() => Promise<T | undefined>)[] = [];
    let [firstRound, settled] = [starts.length, false];
    let timer: NodeJS.Timeout | undefined;

    function settle(end: () => void): void {
      settled = true;
      clearTimeout(timer);
      end();
    }

    function begin(): void {
      clearTimeout(timer);
      const start = waiting.shift();
      if (start === undefined) {
        if (Number.isFinite(delay)) timer = setTimeout(beginAgain, AGAIN_MS);
        return;
      }
      if (Number.isFinite(delay)) timer = setTimeout(begin, delay);
      run(start, () => {
        firstRound--;
        if (firstRound > 0) begin();
        else
          settle(() => {
            resolve(undefined);
          });
      });
    }

    function beginAgain(): void {
      timer = setTimeout(beginAgain, AGAIN_MS);
      const again = failed;
      failed = [];
      for (const start of again) run(start, () => undefined);
    }

    function run(start: () => Promise<T | undefined>, onFailure: () => void): void {
      start().then((result) => {
        if (settled) {
          if (result !== undefined) late(result);
        } else if (result === undefined) {
          failed.push(start);
          onFailure();
        } else
          settle(() => {
            resolve(result);
          });
      }, reject);
    }

    begin();
  });
}

interface Failure {
  readonly place: string;
  readonly error: unknown;
}

/** One error for all. It has the code of a temporary failure, if there is one: then another attempt may succeed. */
function together(failures: readonly Failure[]): unknown {
  const chosen = failures.find(({ error }) => isUnavailable(error)) ?? failures.at(-1);
  if (failures.length === 1 || chosen === undefined) return chosen?.error;
  const message = failures.map(({ place, error }) => `${place}: ${reasonOf(error)}`).join('; ');
  if (chosen.error instanceof UnusableConnection) return new UnusableConnection(message, { cause: chosen.error });
  const { code } = chosen.error as { code?: string };
  return Object.assign(new Error(message, { cause: chosen.error }), { code });
}

/** Adds a sentence about TLS and files to an error that they cause; returns other errors unchanged. */
function describeConnectionError(error: unknown, { place, sslmode }: Attempt): unknown {
  const { code = '', message } = error as Error & { code?: string };
  const unusable = (text: string): UnusableConnection => new UnusableConnection(text, { cause: error });
  if (error instanceof FileError) return unusable(message);
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

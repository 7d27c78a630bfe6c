import type { Logger } from 'pino';
import { Circuit, KeystoneUnavailable, type CircuitOptions } from './circuit.js';
import { FairQueue, QueueFull } from './fair-queue.js';
import { BrokenAnswer, ConnectionFailure, type HttpAnswer, type HttpClient } from './http-client.js';
import type { KeystoneOptions } from './options.js';
import { LoginRefused, OwnTokens, type OwnToken } from './own-token.js';
import { askAboutSignature, type SignedText } from './signature.js';
import { parseToken, type TokenData } from './token.js';

/** Asks Keystone about a token: its data, or null when it is not valid. @throws KeystoneUnavailable when it cannot say */
export type Validate = (token: string, allowExpired: boolean, client: string) => Promise<TokenData | null>;

interface Validator {
  readonly validate: Validate;
  /** What a token of the credentials would say, or null for a signature that Keystone refuses. @throws KeystoneUnavailable */
  readonly checkSignature: (signed: SignedText) => Promise<TokenData | null>;
  /** Whether Keystone answered when it was last asked; null when it never was. */
  readonly answers: () => boolean | null;
}

export function createValidator(
  options: KeystoneOptions,
  client: HttpClient,
  log: Logger,
  circuitOptions: CircuitOptions = {},
): Validator {
  const now = circuitOptions.now ?? (() => performance.now());
  const circuit = new Circuit(circuitOptions);
  const ownTokens = new OwnTokens(options, client, log, now);
  let answers: boolean | null = null;

  const ask = (own: OwnToken, token: string, allowExpired: boolean): Promise<HttpAnswer> => {
    const query = [...(options.withCatalog ? [] : ['nocatalog']), ...(allowExpired ? ['allow_expired=1'] : [])].join(
      '&',
    );
    return client.request('GET', `${own.endpoint}/auth/tokens${query === '' ? '' : `?${query}`}`, {
      'x-auth-token': own.value,
      'x-subject-token': token,
      'openstack-identity-access-rules': '1',
    });
  };

  const converse = async (token: string, allowExpired: boolean): Promise<TokenData | null> => {
    const own = await ownTokens.get();
    let answer = await ask(own, token, allowExpired);
    if (answer.status === 401) answer = await ask(await ownTokens.get(own), token, allowExpired);
    return readAnswer(answer, token);
  };

  const queue = new FairQueue();
  const run = async (client: string, conversation: () => Promise<TokenData | null>): Promise<TokenData | null> => {
    try {
      const data = await queue.run(client, () => circuit.run(client, conversation, isSevere));
      if (answers === false) log.info('Keystone answers again');
      answers = true;
      return data;
    } catch (error) {
      if (error instanceof QueueFull) throw new KeystoneUnavailable('too many tokens wait to be validated', 1000);
      // What is thrown never holds a token: messages are made of statuses, addresses and Node's own words.
      if (answers !== false)
        log.warn({ reason: (error as Error).message }, 'Keystone cannot validate tokens; known ones go on working');
      answers = false;
      throw error;
    }
  };
  return {
    validate: (token, allowExpired, client) => run(client, () => converse(token, allowExpired)),
    checkSignature: (signed) => run(signed.accessKey, () => askAboutSignature(client, ownTokens, signed)),
    answers: () => answers,
  };
}

/** @throws BrokenAnswer for anything but a token's data or a clear no */
function readAnswer({ status, headers, text }: HttpAnswer, token: string): TokenData | null {
  if (status === 404) return null;
  if (status === 401) throw new LoginRefused('it refuses the token of the service that it has just given out');
  if (status === 502 || status === 503 || status === 504) throw new ConnectionFailure(`it answers ${status}`);
  if (status !== 200) throw new BrokenAnswer(`it answers ${status}`);
  const subject = headers['x-subject-token'];
  // A proxy that mixes answers up would turn one user into another.
  if (subject !== undefined && subject !== token) throw new BrokenAnswer('it answers for another token');
  const data = parseToken(text);
  if (data === null) throw new BrokenAnswer('its answer is no token document');
  return data;
}

function isSevere(error: unknown): boolean {
  return error instanceof ConnectionFailure || error instanceof LoginRefused;
}

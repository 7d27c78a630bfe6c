import type { Logger } from 'pino';
import { Circuit, KeystoneUnavailable, type CircuitOptions } from './circuit.js';
import { FairQueue, QueueFull } from './fair-queue.js';
import { BrokenResponse, ConnectionFailure, type HttpResponse, type HttpClient } from './http-client.js';
import type { KeystoneOptions } from './options.js';
import { LoginRejected, OwnTokens, type OwnToken } from './own-token.js';
import { askAboutSignature, type SignedText } from './signature.js';
import { parseToken, type TokenData } from './token.js';

/** Validates a token at Keystone. Returns its data, or null when it is not valid. @throws KeystoneUnavailable when Keystone cannot validate it */
export type Validate = (token: string, allowExpired: boolean, client: string) => Promise<TokenData | null>;

interface Validator {
  readonly validate: Validate;
  /** Returns the data that a token of the credentials would have, or null when Keystone rejects the signature. @throws KeystoneUnavailable */
  readonly checkSignature: (signed: SignedText, client: string) => Promise<TokenData | null>;
  /** Whether Keystone responded to the last request about a token; null before the first. */
  readonly responds: () => boolean | null;
}

export function createValidator(
  options: KeystoneOptions,
  client: HttpClient,
  log: Logger,
  circuitOptions: CircuitOptions = {},
): Validator {
  const now = circuitOptions.now ?? (() => performance.now());
  const ownTokens = new OwnTokens(options, client, log, now);

  const ask = (own: OwnToken, token: string, allowExpired: boolean): Promise<HttpResponse> => {
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
    let response = await ask(own, token, allowExpired);
    if (response.status === 401) response = await ask(await ownTokens.get(own), token, allowExpired);
    return readResponse(response, token);
  };

  const queue = new FairQueue();
  const ofTokens = conversations(queue, new Circuit(circuitOptions), {
    onFailure(reason) {
      log.warn({ reason }, 'Keystone cannot validate tokens; known ones go on working');
    },
    onRecovery() {
      log.info('Keystone responds again');
    },
  });
  // Any client may send a signature. So signatures have their own circuit: their failures must not prevent the validation of tokens.
  const ofSignatures = conversations(queue, new Circuit(circuitOptions), {
    onFailure(reason) {
      log.warn({ reason }, 'Keystone cannot check signatures; tokens go on working');
    },
    onRecovery() {
      log.info('Keystone checks signatures again');
    },
  });
  return {
    validate: (token, allowExpired, client) => ofTokens.run(client, () => converse(token, allowExpired)),
    checkSignature: (signed, sender) => ofSignatures.run(sender, () => askAboutSignature(client, ownTokens, signed)),
    responds: ofTokens.responds,
  };
}

type Conversation = () => Promise<TokenData | null>;

/** Conversations about one subject, which share a circuit. No reason contains a token: it has statuses, addresses and texts of Node.js. */
function conversations(
  queue: FairQueue,
  circuit: Circuit,
  { onFailure, onRecovery }: { readonly onFailure: (reason: string) => void; readonly onRecovery: () => void },
) {
  let responds: boolean | null = null;
  return {
    responds: () => responds,
    async run(client: string, conversation: Conversation): Promise<TokenData | null> {
      try {
        const data = await queue.run(client, () => circuit.run(client, conversation, isSevere));
        if (responds === false) onRecovery();
        responds = true;
        return data;
      } catch (error) {
        if (error instanceof QueueFull) throw new KeystoneUnavailable('too many tokens wait to be validated', 1000);
        if (responds !== false) onFailure((error as Error).message);
        responds = false;
        throw error;
      }
    },
  };
}

/** @throws BrokenResponse when the response neither has the data of a token nor rejects the token */
function readResponse({ status, headers, text }: HttpResponse, token: string): TokenData | null {
  if (status === 404) return null;
  if (status === 401) throw new LoginRejected('it rejects the token of the service that it has just issued');
  if (status === 502 || status === 503 || status === 504) throw new ConnectionFailure(`it returns ${status}`);
  if (status !== 200) throw new BrokenResponse(`it returns ${status}`);
  const subject = headers['x-subject-token'];
  // The response must be about this token. If a proxy mixed up responses, a caller would get the identity of another caller.
  if (subject !== undefined && subject !== token) throw new BrokenResponse('its response is about another token');
  const data = parseToken(text);
  if (data === null) throw new BrokenResponse('its response is no token document');
  return data;
}

function isSevere(error: unknown): boolean {
  return error instanceof ConnectionFailure || error instanceof LoginRejected;
}

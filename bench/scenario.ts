import type { Client } from './client.js';
import type { Request } from './request.js';

export type { Request } from './request.js';

/** What a benchmark does: a world built over REST, then the same kind of request again and again. */
export interface Scenario {
  readonly name: string;
  /** One line that describes it. */
  readonly about: string;
  /** How many times as many requests per second as the reference we aim for. */
  readonly aim: number;
  /** Fixed when the scenario is about concurrency (a storm) or about latency (one connection). */
  readonly connections?: number;
  /** Whether a bare server that sends the same bytes says something: for reads. */
  readonly bare: boolean;
  /** Builds a world with the API alone, so that any Placement can be measured. Called once for each server. */
  prepare(client: Client): Promise<Conversations | World>;
}

/** A world that is removed when its scenario is over, because it would appear in the responses of the next one. */
export interface World {
  readonly conversations: Conversations;
  cleanUp(): Promise<void>;
}

/**
 * Begins what one connection sends: 0, 1, 2... Called again for each repetition, so what must be remembered from one to the
 * next (a generation) belongs to the world, not to the conversation.
 */
export type Conversations = (connection: number) => Conversation;

/** One connection's requests, each sent when the one before has its response. */
export interface Conversation {
  /**
   * The request to send. Asked again without `responded` in between after a connection that broke: the same request is due.
   */
  next(): Request;
  /** Looks at a response; false when it is not what it should be, and the run fails. */
  responded(status: number, body: () => string): boolean;
}

/** Reads that go round a list of paths; each connection starts at another place. Anything but 200 is wrong. */
export function reading(paths: readonly string[], version?: string): Conversations {
  const requests = paths.map((path): Request => ({
    method: 'GET',
    path,
    ...(version === undefined ? {} : { version }),
  }));
  return (connection) => {
    let at = connection * 7;
    return {
      next: () => requests[at % requests.length]!,
      responded(status) {
        at++;
        return status === 200;
      },
    };
  };
}

import type { Attempt, Target } from '../attempt.js';
import { inAWord, talk } from '../raw.js';

const headers = ({ token }: Target): string =>
  `host: a\r\nx-auth-token: ${token}\r\nopenstack-api-version: placement 1.39\r\n`;

/** A letter now and then, of a head or of a body that is announced as large. */
export const slow: Attempt = {
  name: 'slow clients',
  clients: 200,
  share: 300,
  async make(target) {
    const head =
      target.next() % 2 === 0
        ? `GET /resource_providers HTTP/1.1\r\n${headers(target)}x-slow: `
        : `POST /resource_providers HTTP/1.1\r\n${headers(target)}content-type: application/json\r\ncontent-length: 10000000\r\n\r\n{"name": "`;
    function* letters(): Generator<Buffer> {
      yield Buffer.from(head);
      for (let i = 0; i < 20; i++) yield Buffer.from('x');
    }
    return inAWord(await talk(target.url, letters(), { pause: 500, patience: 1000, over: target.over }));
  },
};

/** Requests for a large listing by a client that does not read. */
export const pipelining: Attempt = {
  name: 'pipelining without reading',
  clients: 20,
  share: 80,
  async make(target) {
    const many = `GET /resource_providers HTTP/1.1\r\n${headers(target)}\r\n`.repeat(
      target.next() % 2 === 0 ? 2000 : 100,
    );
    return inAWord(await talk(target.url, [Buffer.from(many)], { deaf: true, patience: 5000, over: target.over }));
  },
};

/** A connection that sends nothing. */
export const silent: Attempt = {
  name: 'silent connections',
  clients: 200,
  share: 140,
  async make({ url, over }) {
    return inAWord(await talk(url, [], { patience: 10_000, over }));
  },
};

/** Node makes a Buffer of each chunk. Half of them wait behind a request whose response is not read. */
export const smallChunks: Attempt = {
  name: 'chunks of one byte',
  clients: 50,
  share: 80,
  async make(target) {
    const ahead = target.next() % 2 === 0 ? `GET /resource_providers HTTP/1.1\r\n${headers(target)}\r\n`.repeat(4) : '';
    const head = `POST /resource_providers HTTP/1.1\r\n${headers(target)}content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`;
    const chunks = Buffer.from('1\r\nx\r\n'.repeat(20_000));
    const pieces = [Buffer.from(ahead + head), chunks, chunks];
    return inAWord(
      await talk(target.url, pieces, { pause: 1000, deaf: ahead !== '', patience: 2000, over: target.over }),
    );
  },
};

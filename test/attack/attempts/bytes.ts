import type { Attempt, Target } from '../attempt.js';
import { inAWord, talk } from '../raw.js';
import { sequences } from '../sequences.js';

const SEQUENCES = sequences((index) => `attack=${index}`);

/** A request and bytes that are none: all 456, over and over. */
export const sequence: Attempt = {
  name: 'a request, then bytes that are none',
  clients: 16,
  share: 150,
  async make({ url, next, over }) {
    const one = SEQUENCES[next() % SEQUENCES.length]!;
    const heard = await talk(url, one.pieces, { patience: 10_000, over });
    return heard.statuses[0] === one.status ? `${one.status}, then ${inAWord(heard)}` : `WRONG: ${inAWord(heard)}`;
  },
};

/** Real requests with bytes changed, doubled, left out and moved. */
export const mutator: Attempt = {
  name: 'requests with random bytes changed',
  clients: 16,
  share: 150,
  async make(target) {
    const bytes = mutated(Buffer.concat([original(target), original(target)]));
    const cut = Math.floor(Math.random() * bytes.length);
    const heard = await talk(target.url, [bytes.subarray(0, cut), bytes.subarray(cut)], {
      patience: 200,
      over: target.over,
    });
    return inAWord(heard);
  },
};

function original({ token, next }: Target): Buffer {
  const body = `{"name": "attack-${next()}", "uuid": null}`;
  const texts = [
    'GET /resource_providers?name=a HTTP/1.1\r\n',
    `POST /resource_providers HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n`,
    `PUT /traits/custom_x HTTP/1.1\r\ntransfer-encoding: chunked\r\nexpect: 100-continue\r\n`,
    'GET /allocation_candidates?resources=VCPU:1&limit=1 HTTP/1.1\r\nconnection: upgrade\r\nupgrade: h2c\r\n',
    'OPTIONS * HTTP/1.0\r\nconnection: keep-alive\r\n',
  ];
  const kind = Math.floor(Math.random() * texts.length);
  const head = `${texts[kind]}host: a\r\nx-auth-token: ${token}\r\nopenstack-api-version: placement 1.39\r\n\r\n`;
  return Buffer.from(kind === 1 ? head + body : kind === 2 ? `${head}2\r\n{}\r\n0\r\n\r\n` : head);
}

const INTERESTING = [
  '\0',
  '\r',
  '\n',
  '\r\n\r\n',
  ':',
  ' ',
  '\xff',
  '0',
  '-1',
  '99999999999999999999',
  '\x16\x03\x01',
  '%00',
];

function mutated(bytes: Buffer): Buffer {
  let result = bytes;
  for (let count = 1 + Math.floor(Math.random() * 4); count > 0; count--) {
    const [a, b] = [Math.floor(Math.random() * result.length), Math.floor(Math.random() * result.length)].sort(
      (x, y) => x - y,
    );
    const [before, between, after] = [result.subarray(0, a), result.subarray(a, b), result.subarray(b)];
    switch (Math.floor(Math.random() * 4)) {
      case 0:
        result = Buffer.concat([before, Buffer.from([Math.floor(Math.random() * 256)]), result.subarray((a ?? 0) + 1)]);
        break;
      case 1:
        result = Buffer.concat([before, after]);
        break;
      case 2:
        result = Buffer.concat([before, between, between.subarray(0, 2000), after]);
        break;
      default:
        result = Buffer.concat([before, Buffer.from(pick(INTERESTING), 'latin1'), between, after]);
    }
  }
  return result;
}

function pick<T>(items: readonly T[]): T {
  return items[Math.floor(Math.random() * items.length)]!;
}

/**
 * Requests that are whole, each followed by bytes that are none, sent in several ways: 8 x 19 x 3 = 456 sequences. Node's
 * parser reports the second part while the first is being served.
 */

export interface Sequence {
  readonly name: string;
  /** The status of the response to the request alone. */
  readonly status: number;
  /** The pieces in which it is sent, each with a pause after it. */
  readonly pieces: readonly Buffer[];
}

interface Part {
  readonly name: string;
  readonly bytes: Buffer;
}

const HEADERS = 'host: a\r\nx-auth-token: admin\r\nopenstack-api-version: placement 1.39\r\n';
const JSON_HEADERS = `${HEADERS}content-type: application/json\r\n`;

/** Whole requests. Each carries `mark`, by which the log of the service tells how often it was handled. */
function requests(mark: string): readonly (Part & { readonly status: number })[] {
  const body = '{"name": 1}';
  const request = (name: string, status: number, text: string) => ({ name, status, bytes: latin1(text) });
  return [
    request('GET /', 200, `GET /?${mark} HTTP/1.1\r\nhost: a\r\n\r\n`),
    request('GET without a token', 401, `GET /traits?${mark} HTTP/1.1\r\nhost: a\r\n\r\n`),
    request('GET of a listing', 200, `GET /resource_classes?${mark} HTTP/1.1\r\n${HEADERS}\r\n`),
    request('GET of a path that is unknown', 404, `GET /nowhere?${mark} HTTP/1.1\r\n${HEADERS}\r\n`),
    request('HEAD', 405, `HEAD /traits?${mark} HTTP/1.1\r\n${HEADERS}\r\n`),
    request(
      'POST with a length',
      400,
      `POST /resource_providers?${mark} HTTP/1.1\r\n${JSON_HEADERS}content-length: ${body.length}\r\n\r\n${body}`,
    ),
    request(
      'POST in chunks',
      400,
      `POST /resource_providers?${mark} HTTP/1.1\r\n${JSON_HEADERS}transfer-encoding: chunked\r\n\r\nb\r\n${body}\r\n0\r\n\r\n`,
    ),
    request('GET of HTTP/1.0', 200, `GET /?${mark} HTTP/1.0\r\nhost: a\r\nconnection: keep-alive\r\n\r\n`),
  ];
}

/** What is no request. */
const FRAGMENTS: readonly Part[] = [
  ['an unknown method', 'FOO / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['such a method with a token', `BREW /traits HTTP/1.1\r\n${HEADERS}\r\n`],
  ['a method in lower case', 'get / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a body without a length', '{"name": "without a length"}'],
  ['the rest of a body whose length was counted in characters', '\xe9\xe9"}'],
  ['junk', 'x'.repeat(1000)],
  ['lines of junk', 'hello\r\nworld\r\n\r\n'],
  ['NULs', '\0'.repeat(64)],
  ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + '\x42'.repeat(64)],
  ['a chunk', '5\r\nhello\r\n0\r\n\r\n'],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['CONNECT', 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['an unknown version of HTTP', 'GET / HTTP/9.9\r\nHost: a\r\n\r\n'],
  ['a header without a colon', 'GET / HTTP/1.1\r\nHost a\r\n\r\n'],
  ['a NUL in a header', 'GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n'],
  ['a length that is no number', 'POST /traits HTTP/1.1\r\nHost: a\r\nContent-Length: many\r\n\r\n'],
  [
    'a length beside chunks',
    'POST /traits HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  ['headers without end', `GET / HTTP/1.1\r\nx: ${'y'.repeat(40_000)}`],
  ['a broken chunk', 'PUT /traits HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n'],
].map(([name = '', text = '']) => ({ name, bytes: latin1(text) }));

const WAYS: readonly { readonly name: string; cut(first: Buffer, second: Buffer): Buffer[] }[] = [
  { name: 'in one packet', cut: (first, second) => [Buffer.concat([first, second])] },
  { name: 'in two packets', cut: (first, second) => [first, second] },
  {
    name: 'cut in the middle of both',
    cut: (first, second) => [
      first.subarray(0, first.length >> 1),
      Buffer.concat([first.subarray(first.length >> 1), second.subarray(0, second.length >> 1)]),
      second.subarray(second.length >> 1),
    ],
  },
];

/** @param markOf a text for the URL of each sequence, of letters, digits and `=` */
export function sequences(markOf: (index: number) => string): Sequence[] {
  const all: Sequence[] = [];
  for (let kind = 0; kind < requests('').length; kind++) {
    for (const fragment of FRAGMENTS) {
      for (const way of WAYS) {
        const request = requests(markOf(all.length))[kind]!;
        all.push({
          name: `${request.name}, then ${fragment.name}, ${way.name}`,
          status: request.status,
          pieces: way.cut(request.bytes, fragment.bytes),
        });
      }
    }
  }
  return all;
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as a client has sent it. */
export interface RecordedRequest {
  readonly method: string;
  readonly url: string;
  /** Names and values in turn, as sent. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

export interface PlayedResponse {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  /** Of the error document; empty when there is none. */
  readonly code: string;
}

/** Records what a client sends when it works against the port that it is given. */
export async function record(work: (port: number) => Promise<unknown>): Promise<RecordedRequest> {
  const requests: RecordedRequest[] = [];
  const server = http.createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const { method = '', url = '', rawHeaders } = req;
      requests.push({ method, url, rawHeaders, body: Buffer.concat(chunks) });
      res.writeHead(404).end('<Error><Code>Recorded</Code></Error>');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // What the client makes of the response does not matter.
  await work((server.address() as AddressInfo).port).catch(() => undefined);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  const [first] = requests;
  if (first === undefined) throw new Error('nothing was sent');
  return first;
}

/** Sends a recorded request to another port, with changes. */
export function play(
  port: number,
  request: RecordedRequest,
  { headers = {}, ...changes }: { url?: string; method?: string; body?: Buffer; headers?: Record<string, string> } = {},
): Promise<PlayedResponse> {
  const { method, url, rawHeaders, body } = { ...request, ...changes };
  const all: Record<string, string> = {};
  for (let index = 0; index < rawHeaders.length; index += 2) {
    all[rawHeaders[index]!.toLowerCase()] = rawHeaders[index + 1]!;
  }
  delete all['expect'];
  delete all['transfer-encoding'];
  if (body.length > 0) all['content-length'] = String(body.length);
  return new Promise((resolve, reject) => {
    const sent = http.request(
      { host: '127.0.0.1', port, method, path: url, headers: { ...all, connection: 'close', ...headers } },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => {
          const code = /<Code>(.*?)<\/Code>/.exec(text)?.[1] ?? '';
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, code });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

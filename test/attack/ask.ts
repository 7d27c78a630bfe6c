import http from 'node:http';
import type { Target } from './attempt.js';

export interface AskOptions {
  readonly token?: string;
  readonly signal?: AbortSignal;
  readonly agent?: http.Agent;
}

export interface Response {
  /** 0: the connection was closed without a response, or the response did not come whole. */
  readonly status: number;
  readonly length: number;
  readonly text: string;
}

const MOST_TEXT = 65_536;
const PATIENCE_MS = 60_000;

/** One request, which never fails. */
export function ask(
  { url, token, over }: Pick<Target, 'url' | 'token' | 'over'>,
  method: string,
  path: string,
  body?: Buffer,
  options: AskOptions = {},
): Promise<Response> {
  return new Promise((resolve) => {
    const headers: Record<string, string | number> = {
      'x-auth-token': options.token ?? token,
      'openstack-api-version': 'placement 1.39',
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': body.length }),
    };
    let [text, length, status] = ['', 0, 0];
    const agent = options.agent ?? false;
    const request = http.request(url + path, { method, headers, agent }, (response) => {
      status = response.statusCode ?? 0;
      response.on('data', (bytes: Buffer) => {
        length += bytes.length;
        if (text.length < MOST_TEXT) text += bytes.toString('latin1');
      });
      response.on('end', finish);
      response.on('error', () => {
        status = 0;
        finish();
      });
    });
    // The server may respond and close while the body is still being sent.
    request.on('error', finish);
    request.on('close', finish);
    // Not AbortSignal.any: with Node.js 20 it may be collected before it is aborted.
    const signals = [over, ...(options.signal === undefined ? [] : [options.signal])];
    const leave = (): void => void request.destroy();
    const late = setTimeout(leave, PATIENCE_MS);
    for (const signal of signals) {
      signal.addEventListener('abort', leave);
      if (signal.aborted) leave();
    }
    function finish(): void {
      clearTimeout(late);
      for (const signal of signals) signal.removeEventListener('abort', leave);
      resolve({ status, length, text });
    }
    request.end(body);
  });
}

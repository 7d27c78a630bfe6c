import { createHash } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { setTimeout } from 'node:timers/promises';
import { freePorts } from './free-ports.js';

/**
 * A stand-in for an S3 server: it records what it is asked, keeps objects in memory, checks no signature, and has the faults
 * that a real server does not have on demand.
 */
export interface FaultyStore {
  readonly endpoint: string;
  readonly requests: Recorded[];
  readonly objects: Map<string, Buffer>;
  /** What the next requests meet, one each; then `otherwise`. */
  readonly faults: Fault[];
  otherwise: Fault | null;
  /** Is told of each request; the store responds when it has resolved. */
  onRequest: ((request: Recorded) => Promise<void>) | null;
  /** How fast it reads bodies, in bytes per second; null for as fast as they come, also the rest of those that it is reading. */
  speed: number | null;
  /** Requests whose body it is reading, or that it has not responded to. */
  readonly open: Set<http.IncomingMessage>;
  /** Bytes that it has sent as the text of an error without end. */
  readonly poured: { bytes: number };
  stop(): Promise<void>;
}

export interface Recorded {
  readonly method: string;
  /** As sent. */
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly bodyBytes: number;
}

export type Fault =
  | {
      readonly kind: 'error';
      readonly status: number;
      readonly code?: string;
      readonly message?: string;
      readonly headers?: Record<string, string>;
    }
  | { readonly kind: 'redirect'; readonly to: string }
  | { readonly kind: 'headers'; readonly headers: Record<string, string> }
  | { readonly kind: 'hang' | 'close' | 'half' | 'drip' | 'pour' | 'wrong etag' | 'reject the body' };

/** @param givenPort an earlier one again; a free one, unless given */
export async function startFaultyStore(tls?: { key: string; cert: string }, givenPort?: number): Promise<FaultyStore> {
  const port = givenPort ?? (await freePorts(1));
  const requests: Recorded[] = [];
  const objects = new Map<string, Buffer>();
  const poured = { bytes: 0 };

  const response = async (req: http.IncomingMessage, res: http.ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of req as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      // What is not read waits in the buffers of the connection, and then at the sender. Until it is read, the end of the
      // connection is not seen, either.
      const start = performance.now();
      while (store.speed !== null && performance.now() - start < (chunk.length / store.speed) * 1000)
        await setTimeout(50);
    }
    const body = Buffer.concat(chunks);
    const [method, url] = [req.method ?? '', req.url ?? ''];
    const request = { method, path: url, headers: req.headers, bodyBytes: body.length };
    requests.push(request);
    await store.onRequest?.(request);
    const fault = store.faults.shift() ?? store.otherwise;
    switch (fault?.kind) {
      case 'error': {
        const { status, code = '', message = '', headers = {} } = fault;
        const text =
          code === '' ? 'nothing that is XML' : `<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
        res.writeHead(status, { 'content-type': 'application/xml', ...headers }).end(text);
        return;
      }
      case 'redirect':
        res.writeHead(307, { location: fault.to }).end();
        return;
      case 'hang':
        return;
      case 'close':
        req.socket.destroy();
        return;
      case 'half':
        res.writeHead(500, { 'content-length': '1000' }).write('<Error><Code>Inter');
        setImmediate(() => req.socket.destroy());
        return;
      case 'drip':
        res.writeHead(200, { 'content-length': '100000' });
        while (!res.destroyed) {
          res.write('x');
          await setTimeout(50);
        }
        return;
      case 'pour':
        res.writeHead(500, { 'content-type': 'application/xml' });
        pour(res, poured);
        return;
      case 'headers':
      case 'wrong etag':
      case 'reject the body':
      case undefined:
        keep(method, url, body, res, fault);
    }
  };

  function keep(method: string, url: string, body: Buffer, res: http.ServerResponse, fault: Fault | null): void {
    const headers = fault?.kind === 'headers' ? fault.headers : {};
    if (method === 'PUT') {
      objects.set(url, body);
      const etag = createHash('md5')
        .update(fault?.kind === 'wrong etag' ? 'other bytes' : body)
        .digest('hex');
      res.writeHead(200, { etag: `"${etag}"`, ...headers }).end();
    } else if (method === 'DELETE') {
      res.writeHead(objects.delete(url) ? 204 : 404).end();
    } else if (objects.has(url)) {
      res.writeHead(200, headers).end(method === 'HEAD' ? undefined : objects.get(url));
    } else {
      res.writeHead(404).end('<Error><Code>NoSuchKey</Code></Error>');
    }
  }

  const handle = (req: http.IncomingMessage, res: http.ServerResponse): void => {
    store.open.add(req);
    res.once('close', () => store.open.delete(req));
    response(req, res).catch(() => req.socket.destroy());
  };
  const server = tls === undefined ? http.createServer(handle) : https.createServer(tls, handle);
  server.on('checkContinue', (req: http.IncomingMessage, res: http.ServerResponse) => {
    if (store.faults[0]?.kind === 'reject the body') {
      store.faults.shift();
      requests.push({ method: req.method ?? '', path: req.url ?? '', headers: req.headers, bodyBytes: 0 });
      res.writeHead(403, { connection: 'close' }).end('<Error><Code>AccessDenied</Code></Error>');
      return;
    }
    res.writeContinue();
    handle(req, res);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const store: FaultyStore = {
    endpoint: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    requests,
    objects,
    faults: [],
    otherwise: null,
    onRequest: null,
    speed: null,
    open: new Set(),
    poured,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return store;
}

/** 1 GB of text. */
function pour(res: http.ServerResponse, poured: { bytes: number }): void {
  const chunk = Buffer.alloc(64 * 1024, ' ');
  const more = (): void => {
    while (!res.destroyed && poured.bytes < 1e9) {
      poured.bytes += chunk.length;
      if (!res.write(chunk)) {
        res.once('drain', more);
        return;
      }
    }
    res.end();
  };
  res.on('error', () => undefined);
  more();
}

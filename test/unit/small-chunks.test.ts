import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import express from 'express';
import fc from 'fast-check';
import { readBody } from '../../src/http/body.js';
import { createMemoryBudget } from '../../src/http/memory-budget.js';
import { createServer } from '../../src/http/server.js';
import { until } from '../support/until.js';

describe('a body in small chunks', () => {
  let requests: IncomingMessage[];
  const server = createServer(express().use((req) => void requests.push(req)));
  let port: number;
  before((done) => {
    server.listen(0, '127.0.0.1', () => {
      port = (server.address() as AddressInfo).port;
      done();
    });
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => (requests = []));

  const chunked = (pieces: readonly string[]): string =>
    `POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n` +
    [...pieces, ''].map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('');

  /** Sends a request that is not read yet. */
  async function arrive(text: string): Promise<IncomingMessage> {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(text);
    return until('the request', () => requests.pop() ?? false);
  }

  it('is not a Buffer for each chunk while no code reads it', async () => {
    const req = await arrive(chunked(Array.from({ length: 10_000 }, () => 'x')));
    await until('all of it', () => req.readableLength === 10_000);
    let [pieces, length] = [0, 0];
    req.on('data', (piece: Buffer) => {
      pieces++;
      length += piece.length;
    });
    await until('its end', () => req.readableEnded);
    assert.equal(length, 10_000);
    assert.ok(pieces < 20, `${pieces} pieces`);
  });

  it('is the same text in the end, however it is cut', async () => {
    const sizes = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constantFrom(511, 512, 513, 1024, 16_384, 40_000));
    await fc.assert(
      fc.asyncProperty(fc.array(sizes, { minLength: 1, maxLength: 200 }), fc.boolean(), async (cuts, late) => {
        const pieces = cuts.map((size, i) => String.fromCharCode(97 + (i % 26)).repeat(size));
        const req = await arrive(chunked(pieces));
        if (late) await new Promise(setImmediate);
        const { bytes } = await readBody(req, 100_000_000, createMemoryBudget(Infinity));
        assert.equal(bytes.toString(), pieces.join(''));
        req.socket.destroy();
      }),
      { numRuns: 100 },
    );
  });
});

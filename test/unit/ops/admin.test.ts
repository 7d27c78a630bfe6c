import assert from 'node:assert/strict';
import { once } from 'node:events';
import type http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { createAdminServer } from '../../../src/ops/admin.js';
import { until } from '../../support/until.js';

const ASKED = 500;

describe('the admin listener, asked for metrics', () => {
  let server: http.Server;
  let made = 0;
  let release: () => void;
  beforeEach(async () => {
    made = 0;
    const released = new Promise<void>((resolve) => (release = resolve));
    server = createAdminServer({
      alive: () => ({}),
      readiness: () => Promise.reject(new Error('is not asked')),
      async metrics() {
        made++;
        await released;
        return 'a_metric 1\n';
      },
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  it('many times in one packet, makes them once, and again for a request that comes later', async () => {
    const { port } = server.address() as AddressInfo;
    const socket = net.connect(port, '127.0.0.1');
    let received = '';
    socket.on('data', (bytes) => (received += bytes.toString()));
    const request = 'GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n';
    const responses = (): number => received.split('a_metric 1').length - 1;
    let arrived = 0;
    server.on('request', () => arrived++);
    socket.write(request.repeat(ASKED));
    await until('all have arrived', () => arrived === ASKED);
    release();
    await until('all have a response', () => responses() === ASKED);
    assert.equal(made, 1);
    socket.write(request);
    await until('one more has a response', () => responses() === ASKED + 1);
    assert.equal(made, 2);
    socket.destroy();
  });
});

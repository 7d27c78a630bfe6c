import assert from 'node:assert/strict';
import pino from 'pino';
import { each, talk } from '../attack/raw.js';
import { sequences } from '../attack/sequences.js';
import { patience } from '../support/patience.js';
import { startTestService, type TestService } from '../support/service.js';

/** An exception that is not caught fails this file: the service runs in its process. */
describe('a request and bytes that are none, on one connection', () => {
  let test: TestService;
  let log = '';
  before(async () => {
    // A connection whose fragment is the beginning of a request is closed by this deadline.
    const server = { headersTimeout: patience(1000) };
    test = await startTestService({
      server,
      log: pino({ level: 'debug' }, { write: (line: string) => (log += line) }),
    });
  });
  after(() => test.close());

  const countOf = (mark: string): number => log.split(mark).length - 1;

  it('456 sequences: each request is handled once and has its response, and the service lives', async () => {
    const all = sequences((index) => `mark=${index}end`);
    assert.equal(all.length, 456);
    const wrong: string[] = [];
    await each([...all.entries()], 152, async ([index, { name, status, pieces }]) => {
      const { statuses, closed } = await talk(test.url, pieces, { patience: patience(20_000) });
      const count = countOf(`mark=${index}end`);
      const [first, ...others] = statuses;
      if (count !== 1) wrong.push(`${name}: handled ${count} times`);
      if (first !== status) wrong.push(`${name}: ${first ?? 'no response'}, not ${status}`);
      // A fragment may be a request by itself, up to where it breaks.
      if (others.length > 1 || others.some((other) => other < 400 || other >= 500)) {
        wrong.push(`${name}: then ${others.join()}`);
      }
      if (!closed) wrong.push(`${name}: the connection stays open`);
    });
    assert.deepEqual(wrong, []);
    await test.api.get('/resource_providers').expect(200);
  });

  it('the example of the report: the first is served, the second is a 400', async () => {
    const packet = 'GET / HTTP/1.1\r\nHost: a\r\n\r\nFOO / HTTP/1.1\r\nHost: a\r\n\r\n';
    const { statuses, closed } = await talk(test.url, [Buffer.from(packet)], { patience: patience(20_000) });
    assert.deepEqual([statuses, closed], [[200, 400], true]);
  });
});

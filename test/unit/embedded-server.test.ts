import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { EmbeddedError } from '../../src/db/embedded/error.js';
import { launch } from '../../src/db/embedded/server.js';

describe('an embedded server that does not start', () => {
  let folder: string;
  const stop = new AbortController();
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'embedded-'));
  });
  after(() => {
    stop.abort();
    fs.rmSync(folder, { recursive: true });
  });

  const start = () =>
    launch('/bin/false', folder, {}, { cluster: folder, password: '', account: null, stop: stop.signal });

  it('fails with the last lines of its log, however large that is', async () => {
    const log = path.join(folder, 'postgresql.log');
    fs.writeFileSync(log, '');
    fs.truncateSync(log, 3 * 1024 ** 3);
    fs.appendFileSync(log, '\nsomething\nFATAL:  the last words\n');
    await assert.rejects(start(), (error: unknown) => {
      assert.ok(error instanceof EmbeddedError);
      assert.match(error.message, /did not start; .*FATAL: {2}the last words$/s);
      assert.ok(error.message.length < 5000);
      return true;
    });
  });
});

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { spoolBytes } from '../../src/lists/run/gauges.js';
import { cleanUp, temporaryFolder } from '../support/process.js';

describe('the bytes of the spool', () => {
  after(cleanUp);

  it('are those of runs: what others keep in the folder is not looked into', async () => {
    const spool = await temporaryFolder();
    assert.equal(spoolBytes(path.join(spool, 'none')), 0);
    const write = (...names: string[]): void => {
      const file = path.join(spool, ...names);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, '12345');
    };
    write(`${randomUUID()}.7`, randomUUID(), 'part-0.csv.gz');
    write('of-others', 'deep', 'file');
    write('file');
    assert.equal(spoolBytes(spool), 5);
  });
});

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { AuditEvent } from '../../src/audit-log/event.js';
import { createTestDatabase, dropTestDatabase } from '../support/database.js';
import { parseMetrics } from '../support/metrics.js';
import { cleanUp, startProcess, temporaryFolder, type RunningProcess } from '../support/process.js';
import { until } from '../support/until.js';

describe('the audit log of a process', () => {
  let databaseUrl: string;
  let folder: string;
  before(async () => {
    databaseUrl = await createTestDatabase();
    folder = await temporaryFolder();
  });
  after(async () => {
    await cleanUp();
    await dropTestDatabase(databaseUrl);
  });

  const start = (env: Record<string, string>, ...args: string[]): RunningProcess =>
    startProcess(['--port', '0', ...args], {
      OS_PLACEMENT_DATABASE__CONNECTION: databaseUrl,
      OS_STOCKROOM__AUDIT_LOG: 'writes',
      ...env,
    });
  const eventsIn = (text: string): AuditEvent[] =>
    text
      .split('\n')
      .filter((line) => line.startsWith('{"typeURI"'))
      .map((line) => JSON.parse(line) as AuditEvent);

  it('goes to standard error beside the log, and what waits is written when the process ends', async () => {
    const run = start({});
    const { api } = await run.listening();
    for (let i = 0; i < 20; i++) await api.put(`/traits/CUSTOM_T${i}`).expect(201);
    run.signal('SIGTERM');
    assert.equal(await run.ended(), 0);
    const events = eventsIn(run.errors());
    assert.deepEqual(
      events.map(({ requestPath }) => requestPath),
      Array.from({ length: 20 }, (_, i) => `/traits/CUSTOM_T${i}`),
    );
    // The lines of the log are whole, too.
    for (const line of run.errors().split('\n').filter(Boolean)) assert.doesNotThrow(() => JSON.parse(line) as unknown);
  });

  it('is one file for all workers, which SIGHUP opens again', async () => {
    const file = path.join(folder, 'audit.log');
    const run = start({ OS_STOCKROOM__AUDIT_LOG_FILE: file, OS_STOCKROOM__WORKERS: '2' });
    const { api } = await run.listening();
    await Promise.all(Array.from({ length: 40 }, (_, i) => api.delete(`/traits/CUSTOM_A${i}`).expect(404)));
    await until('forty lines', () => eventsIn(fs.readFileSync(file, 'utf8')).length === 40);
    fs.renameSync(file, `${file}.1`);
    run.signal('SIGHUP');
    await run.logged(/read again and is in force/);
    await api.delete('/traits/CUSTOM_B').expect(404);
    const [event] = await until('a line in the new file', () => {
      const found = fs.existsSync(file) ? eventsIn(fs.readFileSync(file, 'utf8')) : [];
      return found.length > 0 && found;
    });
    assert.equal(event?.requestPath, '/traits/CUSTOM_B');
    run.signal('SIGTERM');
    assert.equal(await run.ended(), 0);
  });

  it('on a full disk costs lines and no request: the log says so once, a metric counts what is lost', async () => {
    // /dev/full fails each write as a full disk does.
    const run = start({ OS_STOCKROOM__AUDIT_LOG_FILE: '/dev/full', OS_STOCKROOM__ADMIN_PORT: '0' });
    const { api } = await run.listening();
    const [, admin = ''] = await run.printed(/metrics: (http:\S+)\n/);
    const metrics = async () => parseMetrics(await (await fetch(admin)).text());
    // Lines of some 2,500 bytes: 1 MiB of them may wait.
    const long = `/traits/CUSTOM_${'X'.repeat(240)}?x=${'y'.repeat(1500)}`;
    await until(
      'a lost line',
      async () => {
        await Promise.all(Array.from({ length: 50 }, () => api.delete(long).expect(404)));
        return ((await metrics()).value('stockroom_audit_lines_lost_total') ?? 0) > 0;
      },
      60_000,
    );
    run.signal('SIGTERM');
    assert.equal(await run.ended(), 0);
    assert.equal(run.errors().match(/the audit log cannot be written/g)?.length, 1);
    assert.match(run.errors(), /ENOSPC/);
  });

  it('that cannot be opened is an error of the configuration', async () => {
    const run = start({ OS_STOCKROOM__AUDIT_LOG_FILE: path.join(folder, 'none/audit.log') });
    assert.notEqual(await run.ended(), 0);
    assert.match(run.errors(), /\[stockroom\] audit_log_file.*ENOENT/);
  });
});

import assert from 'node:assert/strict';
import { createConnection } from 'mysql2/promise';
import { fillCloud, showCloud, type Cloud } from '../support/cloud.js';
import { createEmptyDatabase, sql } from '../support/database.js';
import { importInto, type Report } from '../support/placement-source.js';
import { cleanUp, temporaryFolder } from '../support/process.js';
import { hasReference, startMariadb, startReference, type Running } from '../support/reference.js';
import { apiAt, startTestService } from '../support/service.js';

/** Leaves the tests pending, and says why. */
function pending(context: Mocha.Context, reason: string): never {
  for (const test of context.test?.parent?.tests ?? []) test.title += ` (${reason})`;
  context.skip();
}

const KINDS = ['PostgreSQL', 'MariaDB'] as const;

for (const kind of KINDS) {
  describe(`importing what the real Placement wrote, in ${kind}`, () => {
    const running: Running[] = [];
    let source: string;
    let placement: Running;
    let cloud: Cloud;
    let target: string;

    before(async function () {
      if (!hasReference) pending(this, 'the reference server is not beside the project');
      const folder = await temporaryFolder();
      if (kind === 'MariaDB') {
        const mariadb = await startMariadb(folder);
        if ('missing' in mariadb) pending(this, mariadb.missing);
        running.push(mariadb);
        source = mariadb.url;
      } else {
        source = (await createEmptyDatabase()).replace('postgresql:', 'postgresql+psycopg2:');
      }
      const reference = await startReference(source, folder);
      if ('missing' in reference) pending(this, reference.missing);
      running.push(reference);
      placement = reference;
      cloud = await fillCloud(apiAt(placement.url));
      target = await createEmptyDatabase();
    });
    after(async () => {
      for (const one of running.reverse()) await one.stop();
      await cleanUp();
    });

    it('imports everything, and verifies it', async () => {
      const { code, output, errors } = await importInto(target, source, '--verify', '--json');
      assert.equal(code, 0, output + errors);
      const report = JSON.parse(output) as Report;
      assert.deepEqual(report.differences, []);
      assert.deepEqual(
        [...new Set(report.findings.map((one) => one.kind))],
        ['unusual_uuid', 'over_capacity'],
        JSON.stringify(report.findings),
      );
      assert.ok(
        !(output + errors).includes('p@ss') && !(output + errors).includes('p%40ss'),
        'the password is not printed',
      );
    });

    it('responds to every request as the old one does', async () => {
      const service = await startTestService({ databaseUrl: target });
      // These fail there on PostgreSQL (known-upstream-defects, 1).
      const usages = kind === 'MariaDB' ? ['/usages?project_id=project-a', '/usages?project_id=project-b'] : [];
      const before = await showCloud(apiAt(placement.url), cloud, usages);
      const now = await showCloud(service.api, cloud, usages);
      assert.ok(before.size > 100);
      for (const [path, response] of before) assert.deepEqual(now.get(path), response, path);
      const candidates = before.get('/allocation_candidates?resources=VCPU:1,MEMORY_MB:256,DISK_GB:10') as {
        body: { allocation_requests: unknown[] };
      };
      assert.ok(candidates.body.allocation_requests.length > 3);
      await service.close();
    });

    if (kind === 'MariaDB') {
      it('reads what only MySQL can hold', async () => {
        const mysql = await createConnection(source.replace('mysql+pymysql', 'mysql').replace('?charset=utf8', ''));
        await mysql.query("set sql_mode = ''");
        await mysql.query("update resource_providers set created_at = '0000-00-00 00:00:00' where name = 'host-1'");
        await mysql.query("update resource_providers set name = 'nul\\0name' where name = 'host-2'");
        const [consumer = ''] = cloud.consumers;
        await mysql.query('update allocations set consumer_id = upper(?) where consumer_id = ?', [
          consumer.replace('0000-4000', 'abcd-4000'),
          consumer,
        ]);
        await mysql.query('update consumers set uuid = ? where uuid = ?', [
          consumer.replace('0000-4000', 'abcd-4000'),
          consumer,
        ]);
        await mysql.end();
        const { code, output, errors } = await importInto(target, source, '--replace', '--verify', '--json');
        assert.equal(code, 0, output + errors);
        const { findings, removed } = JSON.parse(output) as Report;
        const rowsOf = (wanted: string) => findings.find((one) => one.kind === wanted)?.rows;
        assert.deepEqual(rowsOf('zero_date'), [{ subject: 'resource_providers 1', detail: 'created_at' }]);
        assert.deepEqual(rowsOf('nul_character'), [{ subject: 'resource_providers 4', detail: 'name' }]);
        assert.deepEqual(
          rowsOf('consumer_in_other_case')?.map(({ subject }) => subject),
          [`consumer ${consumer.replace('0000-4000', 'abcd-4000')}`],
        );
        assert.equal(rowsOf('allocation_without_consumer'), undefined);
        assert.equal(removed?.['resource providers'], cloud.providers.length);
        assert.equal((await sql(target, "select from resource_providers where name = 'nul\uFFFDname'")).length, 1);
      });
    }
  });
}

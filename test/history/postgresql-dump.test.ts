import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { defaultConfig } from '../../src/config.js';
import { migrateDatabase } from '../../src/db/migrate.js';
import { removeClusters } from '../support/cluster.js';
import { sql } from '../support/database.js';
import { debianPrograms, startDebianServer, type DebianServer } from '../support/debian-postgresql.js';
import { changesPage, changesSince, historyNow } from '../support/history.js';
import { ROOT } from '../support/process.js';
import { codeOf, createProvider, startTestService, type Api, type TestService } from '../support/service.js';

/** docs/how-to/back-up-and-restore.md, "With PostgreSQL's tools". */
describe('The history in a dump of pg_dump', () => {
  const programs = debianPrograms();
  let server: DebianServer;
  let test: TestService | undefined;
  before(async function () {
    if (programs === null) {
      for (const one of this.test?.parent?.tests ?? [])
        one.title += ' (no PostgreSQL of Debian is installed: postgresql)';
      this.skip();
    }
    server = await startDebianServer(programs);
  });
  afterEach(async () => {
    await test?.close();
    test = undefined;
  });
  after(async () => {
    await (server as DebianServer | undefined)?.stop();
    await removeClusters();
  });

  const open = async (database: string): Promise<Api> => {
    test = await startTestService({ databaseUrl: server.urlOf(database) });
    return test.api;
  };

  /** Cursors of a database of which a dump was made in between. */
  interface Dumped {
    readonly ofDump: string;
    readonly afterwards: string;
  }

  /** `kept` and `renamed` are in the dump, `lost` came afterwards. */
  async function dump(database: string, file: string): Promise<Dumped> {
    assert.deepEqual(server.client('createdb', database), { code: 0, errors: '' });
    await migrateDatabase(defaultConfig(), server.urlOf(database));
    const api = await open(database);
    await historyNow(api);
    const uuid = await createProvider(api, 'kept');
    await api.put(`/resource_providers/${uuid}`, { name: 'renamed' }).expect(200);
    const ofDump = await historyNow(api);
    const made = server.client('pg_dump', '--format=custom', `--file=${file}`, server.urlOf(database));
    assert.deepEqual(made, { code: 0, errors: '' });
    await createProvider(api, 'lost');
    const afterwards = await historyNow(api);
    assert.deepEqual(
      (await changesSince(api, ofDump)).map(({ after }) => after?.['name']),
      ['lost'],
    );
    await test?.close();
    test = undefined;
    return { ofDump, afterwards };
  }

  /** After any changes, a cursor from before the restore leads to 410 with two cursors from which a reader continues. */
  async function assertRejected(api: Api, { ofDump, afterwards }: Dumped): Promise<void> {
    for (const name of ['one', 'two', 'three']) {
      for (const cursor of [ofDump, afterwards]) {
        const { body } = await api.get(`/stockroom/changes?since=${cursor}`).expect(410);
        assert.equal(codeOf(body), 'stockroom.changes.gone');
        const { oldest, now } = (body as { errors: [{ oldest: string; now: string }] }).errors[0];
        assert.deepEqual(await changesSince(api, now), []);
        assert.deepEqual(await changesSince(api, oldest), await changesSince(api, 'start'));
      }
      // The numbers of marks and of changes come to those of the cursors, and past them.
      const before = await historyNow(api);
      await createProvider(api, name);
      assert.deepEqual(
        (await changesSince(api, before)).map(({ after }) => after?.['name']),
        [name],
      );
    }
    assert.deepEqual(
      (await changesSince(api, 'start')).map(({ after }) => after?.['name']),
      ['one', 'two', 'three'],
    );
    const { changes } = await changesPage(api, 'order=newest&kind=provider');
    assert.deepEqual(
      changes.map(({ before, after }) => [before?.['name'], after?.['name']]),
      [
        [undefined, 'three'],
        [undefined, 'two'],
        [undefined, 'one'],
        ['kept', 'renamed'],
        [undefined, 'kept'],
      ],
      'what the dump has can be read, and what came after it is not there',
    );
  }

  it('that is restored into a new database: cursors of before and after it are rejected', async () => {
    const cursors = await dump('source', 'source.dump');
    assert.deepEqual(server.client('createdb', 'restored'), { code: 0, errors: '' });
    const how = ['--no-owner', '--single-transaction', `--dbname=${server.urlOf('restored')}`];
    assert.deepEqual(server.client('pg_restore', ...how, 'source.dump'), { code: 0, errors: '' });
    await assertRejected(await open('restored'), cursors);
  });

  it('that is restored into a database of the same name: cursors are rejected', async () => {
    const cursors = await dump('again', 'again.dump');
    for (const program of ['dropdb', 'createdb']) assert.equal(server.client(program, 'again').code, 0);
    const how = ['--no-owner', '--single-transaction', `--dbname=${server.urlOf('again')}`];
    assert.deepEqual(server.client('pg_restore', ...how, 'again.dump'), { code: 0, errors: '' });
    await assertRejected(await open('again'), cursors);
  });

  it('that pg_restore --clean puts into the same database, as the page warns of: cursors are rejected', async () => {
    const cursors = await dump('cleaned', 'cleaned.dump');
    const { code, errors } = server.client(
      'pg_restore',
      '--clean',
      `--dbname=${server.urlOf('cleaned')}`,
      'cleaned.dump',
    );
    assert.equal(code, 1);
    const page = fs.readFileSync(path.join(ROOT, 'docs/how-to/back-up-and-restore.md'), 'utf8');
    for (const message of ['cannot drop inherited constraint', 'errors ignored on restore']) {
      assert.ok(errors.includes(message), errors);
      assert.ok(page.includes(message));
    }
    assert.deepEqual(await sql(server.urlOf('cleaned'), 'select name from resource_providers'), [{ name: 'renamed' }]);
    await assertRejected(await open('cleaned'), cursors);
  });
});

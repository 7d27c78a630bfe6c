import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { createTestDatabase, dropTestDatabase, sql } from '../support/database.js';
import { startFaultyStore, type FaultyStore } from '../support/faulty-store.js';
import { SDKS } from '../support/inventory-sdks.js';
import { cleanUp, ROOT, startProcess, temporaryFolder } from '../support/process.js';
import { freePorts } from '../support/free-ports.js';
import { until } from '../support/until.js';

/** Every key of the configuration has this in it. */
const MARK = 'recognisable';

describe('keys of inventory lists', function () {
  let store: FaultyStore;
  let databaseUrl: string;
  before(async () => {
    store = await startFaultyStore();
    databaseUrl = await createTestDatabase();
  });
  after(async () => {
    await cleanUp();
    await store.stop();
    await dropTestDatabase(databaseUrl);
  });

  it('are in no log, response, error, metric or run, and masked in config show', async () => {
    const folder = await temporaryFolder();
    const port = await freePorts(2);
    const adminPort = port + 1;
    const file = (name: string): string => path.join(folder, name);
    writeFileSync(file('secret'), `${MARK}-secret-of-the-file\n`);
    writeFileSync(file('hook'), `${MARK}-secret-of-the-hook\n`);
    writeFileSync(file('keys'), `client ${MARK}-secret-of-a-client user project admin\n`);
    const lines = [
      ...['[stockroom]', `lists_s3_port = ${port}`, `lists_s3_keys_file = ${file('keys')}`, `data_dir = ${folder}`],
      ...[`admin_port = ${adminPort}`, 'log_format = json', '[DEFAULT]', 'debug = true'],
      ...['[api]', 'auth_strategy = noauth2', '[placement_database]', `connection = ${databaseUrl}`],
      ...['[list_bucket:cloud-lists]', 'type = s3', `endpoint = ${store.endpoint}`],
      ...[`access_key = ${MARK}-access`, `secret_key = ${MARK}-secret`],
      ...['[list_bucket:filed]', 'type = s3', `endpoint = ${store.endpoint}`],
      ...[`access_key = ${MARK}-access`, `secret_key_file = ${file('secret')}`],
      ...['[list_hook:billing]', `url = ${store.endpoint}/hook`, `secret_file = ${file('hook')}`],
    ];
    writeFileSync(file('placement.conf'), lines.join('\n'));
    const service = startProcess(['--config-file', file('placement.conf'), '--port', '0']);
    const { api } = await service.listening();
    const seen: string[] = [];
    const get = async (url: string): Promise<void> => {
      seen.push((await api.get(url)).text);
    };
    for (const [bucket, secret] of [
      ['cloud-lists', `${MARK}-secret`],
      ['filed', `${MARK}-secret-of-the-file`],
    ] as const) {
      // A store that repeats what it was sent.
      const message = `${MARK}-access and ${secret} are wrong`;
      store.otherwise = { kind: 'error', status: 403, code: 'AccessDenied', message };
      const destination = { bucket };
      const job = { enabled: true, schedule: { frequency: 'daily' }, destination, notify: ['billing'] };
      seen.push((await api.put(`/stockroom/lists/${bucket}`, job).expect(201)).text);
      const error = await until(
        'a run has failed',
        async () => {
          const [row] = await sql(
            databaseUrl,
            `select error from list_runs where job = '${bucket}' and error is not null`,
          );
          return row === undefined ? false : (row['error'] as { code: string });
        },
        60_000,
      );
      assert.equal(error.code, 'AccessDenied');
      for (const url of ['', '/runs', '/runs/latest']) await get(`/stockroom/lists/${bucket}${url}`);
    }
    for (const url of ['/stockroom/lists', '/stockroom/list_buckets']) await get(url);
    const client = { port, access: 'client', secret: `${MARK}-secret-of-a-client` };
    seen.push(JSON.stringify(await SDKS['AWS SDK'](client).get('filed').catch(String)));
    seen.push(
      JSON.stringify(
        await SDKS['AWS SDK']({ ...client, secret: 'wrong' })
          .list()
          .catch(String),
      ),
    );
    seen.push(await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text());
    seen.push(
      execFileSync(
        process.execPath,
        [path.join(ROOT, 'dist/main.js'), 'config', 'show', '--config-file', file('placement.conf')],
        { encoding: 'utf8', env: { PATH: process.env['PATH'] } },
      ),
    );
    seen.push(JSON.stringify(await sql(databaseUrl, 'select settings, warnings, error, manifest_key from list_runs')));
    service.signal('SIGTERM');
    await service.ended();
    seen.push(service.output(), service.errors());

    const all = seen.join('\n');
    assert.match(all, /are wrong/, "the store's message is passed on");
    assert.match(all, /endpoint/, 'config show has the sections');
    const place = all.indexOf(MARK);
    assert.equal(place, -1, all.slice(Math.max(0, place - 200), place + 200));
  });
});

import assert from 'node:assert/strict';
import { DEFAULT_RULES } from '../../src/policy/defaults.js';
import { sql } from '../support/database.js';
import { PolicyFolder } from '../support/policy.js';
import { codeOf, messageOf, startTestService, type Api, type TestService } from '../support/service.js';

const DAILY = { enabled: true, schedule: { frequency: 'daily', at: '02:00' }, destination: { format: 'csv' } };

interface JobDocument {
  readonly id: string;
  readonly enabled: boolean;
  readonly created_at: string;
  readonly updated_at: string;
  readonly next_run_at: string | null;
  readonly last_run: { run: number; reason: string; state: string; due_at: string } | null;
  readonly running: boolean;
}

describe('inventory jobs over HTTP', () => {
  let test: TestService;
  let api: Api;
  before(async () => {
    test = await startTestService({
      config: {
        listHooks: [{ name: 'billing', url: 'http://127.0.0.1:9/', secretFile: '/nowhere', events: ['failed'] }],
        listBuckets: [{ type: 'folder', name: 'archive', path: '/nowhere/at/all' }],
      },
    });
    ({ api } = test);
  });
  after(() => test.close());
  afterEach(async () => {
    await sql(test.databaseUrl, 'delete from list_runs');
    await sql(test.databaseUrl, 'delete from list_jobs');
  });
  const set = async (id: string, body: object = DAILY, status = 201): Promise<JobDocument> =>
    (await api.put(`/stockroom/lists/${id}`, body).expect(status)).body as JobDocument;
  const show = async (id: string): Promise<JobDocument> =>
    (await api.get(`/stockroom/lists/${id}`).expect(200)).body as JobDocument;

  it('are set, shown, replaced and deleted', async () => {
    const before = Date.now();
    const job = await set('nightly');
    const after = Date.now();
    assert.deepEqual(
      { ...job, created_at: '', updated_at: '', next_run_at: '', last_run: null },
      {
        id: 'nightly',
        ...{ enabled: true, filter: null, included_versions: 'current' },
        optional_fields: [
          ...['LastModifiedDate', 'ProviderUuid', 'ProviderName', 'RootName', 'ResourceClass', 'Total', 'Reserved'],
          ...['AllocationRatio', 'Capacity', 'Used', 'Free', 'Generation'],
        ],
        schedule: { frequency: 'daily', at: '02:00' },
        destination: { bucket: 'local', prefix: '', format: 'csv', encryption: null },
        ...{ keep_days: null, notify: [], source: 'placement' },
        ...{ created_at: '', updated_at: '', next_run_at: '', last_run: null, running: true },
      },
    );
    assert.ok(Math.abs(Date.parse(job.created_at) - before) < 60_000);
    const next = Date.parse(job.next_run_at ?? '');
    assert.ok(next > before && next <= after + 86_400_000);
    assert.match(job.next_run_at ?? '', /T02:00:00Z$/);
    // The first run is queued at once, of this minute.
    assert.deepEqual([job.last_run?.reason, job.last_run?.state], ['first', 'queued']);
    assert.deepEqual(await show('nightly'), job);

    const replaced = await set('nightly', { ...DAILY, keep_days: 9, enabled: false }, 200);
    assert.deepEqual([replaced.enabled, replaced.next_run_at, replaced.created_at], [false, null, job.created_at]);
    assert.ok(replaced.updated_at > job.updated_at);
    // The run that was queued stays, with its settings.
    assert.equal(replaced.last_run?.run, job.last_run?.run);

    await api.delete('/stockroom/lists/nightly').expect(204);
    const gone = await api.get('/stockroom/lists/nightly').expect(404);
    assert.equal(messageOf(gone.body), 'There is no inventory job called nightly.');
    assert.equal(codeOf(gone.body), 'stockroom.lists.not_found');
    await api.delete('/stockroom/lists/nightly').expect(404);
    // Runs outlive their job; DELETE has cancelled this one.
    const { body } = await api.get('/stockroom/lists/nightly/runs').expect(200);
    assert.deepEqual(
      (body as { runs: { state: string }[] }).runs.map(({ state }) => state),
      ['cancelled'],
    );
  });

  it('get a run when they become enabled, and none when they stay so', async () => {
    const off = await set('a', { ...DAILY, enabled: false });
    assert.deepEqual([off.last_run, off.running, off.next_run_at], [null, false, null]);
    const on = await set('a', DAILY, 200);
    assert.equal(on.last_run?.reason, 'first');
    await api.post(`/stockroom/lists/a/runs/${on.last_run.run}/cancel`).expect(200);
    const again = await set('a', DAILY, 200);
    assert.equal(again.last_run?.run, on.last_run.run);
    assert.equal(again.running, false);
  });

  it('compute the next due time again when their schedule changes', async () => {
    await set('a');
    const moved = await set('a', { ...DAILY, schedule: { frequency: 'weekly', day: 'monday', at: '23:15' } }, 200);
    const next = new Date(moved.next_run_at ?? '');
    assert.deepEqual([next.getUTCDay(), next.toISOString().slice(11, 16)], [1, '23:15']);
  });

  it('are not replaced with if-none-match: *', async () => {
    const putNew = () => api.put('/stockroom/lists/a', DAILY).set('if-none-match', '*');
    await putNew().expect(201);
    const rejected = await putNew().expect(409);
    assert.equal(codeOf(rejected.body), 'stockroom.lists.exists');
    assert.equal(messageOf(rejected.body), 'There is already an inventory job called a.');
  });

  it('are rejected with the member that is wrong; a body that is large, no JSON or of another type as everywhere', async () => {
    const wrong = await api.put('/stockroom/lists/a', { ...DAILY, destination: { bucket: 'elsewhere' } }).expect(400);
    assert.equal(codeOf(wrong.body), 'stockroom.lists.invalid');
    assert.equal(
      messageOf(wrong.body),
      'destination.bucket: expected a bucket of the configuration (local, archive), got "elsewhere".',
    );
    await api.put('/stockroom/lists/now', DAILY).expect(400);
    await api.put('/stockroom/lists/a%20b', DAILY).expect(400);
    await api
      .put('/stockroom/lists/a', { ...DAILY, notify: ['billing'], filter: { prefix: 'x'.repeat(70_000) } })
      .expect(413);
    await api.put('/stockroom/lists/a').set('content-type', 'text/plain').send('{}').expect(415);
    await api.put('/stockroom/lists/a').set('content-type', 'application/json').send('{').expect(400);
    await api.get('/stockroom/lists?limit=0').expect(400);
    await api.get('/stockroom/lists?limit=1001').expect(400);
    await api.get('/stockroom/lists?after=%C3%BC').expect(400);
    await api.get('/stockroom/lists?page=2').expect(400);
    await api.get('/stockroom/lists/a/runs').expect(404);
    await api.get('/stockroom/lists/a/runs/latest').expect(404);
    for (const run of ['0', '-1', 'x', '99999999999999999999'])
      await api.get(`/stockroom/lists/a/runs/${run}`).expect(404);
  });

  it('are 1,000 at most, also when ten clients set 1,001 at once', async () => {
    await sql(
      test.databaseUrl,
      `insert into list_jobs (id, settings, enabled) select 'old-' || n, $1, false from generate_series(1, 940) n`,
      [(await settingsOf(api)) as object],
    );
    const ids = Array.from({ length: 61 }, (_, index) => `new-${index}`);
    const statuses = new Map<number, number>();
    const messages = new Set<string>();
    await Promise.all(
      Array.from({ length: 10 }, async (_, client) => {
        for (const id of ids.filter((__, index) => index % 10 === client)) {
          const { status, body } = await api.put(`/stockroom/lists/${id}`, { ...DAILY, enabled: false });
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
          if (status === 400) messages.add(`${codeOf(body) ?? ''} ${messageOf(body)}`);
        }
      }),
    );
    // One of settingsOf was deleted again.
    assert.deepEqual([...statuses].sort(), [
      [201, 60],
      [400, 1],
    ]);
    assert.deepEqual(
      [...messages],
      ['stockroom.lists.too_many There are already 1,000 inventory jobs, which is the limit.'],
    );
    // What is there may be set again.
    await set('old-1', DAILY, 200);
  });

  it('are listed in pages while others come and go: none twice, no other lost', async () => {
    const ids = Array.from(
      { length: 30 },
      (_, index) => `${index % 2 === 0 ? 'A' : 'a'}-${String(index).padStart(2, '0')}`,
    );
    for (const id of ids) await set(id, { ...DAILY, enabled: false });
    const seen: string[] = [];
    let next: string | null = '';
    for (let page = 0; next !== null; page++) {
      const { body } = await api.get(`/stockroom/lists?limit=7${next === '' ? '' : `&after=${next}`}`).expect(200);
      const response = body as { lists: JobDocument[]; next: string | null };
      assert.ok(response.lists.length <= 7);
      seen.push(...response.lists.map(({ id }) => id));
      ({ next } = response);
      await set(`A-${String(page)}x`, { ...DAILY, enabled: false });
      await set(`z-${String(page)}`, { ...DAILY, enabled: false });
      if (seen.length < 20) await api.delete(`/stockroom/lists/${seen.at(-1) ?? ''}`).expect(204);
    }
    assert.equal(new Set(seen).size, seen.length);
    assert.deepEqual(seen, [...seen].sort());
    assert.deepEqual(
      ids.filter((id) => !seen.includes(id)),
      [],
    );
  });

  it('run on request, one run at a time, each of a minute of its own', async () => {
    await set('a', { ...DAILY, enabled: false });
    const requested = await api.post('/stockroom/lists/a/runs').expect(202);
    const run = requested.body as { run: number; due_at: string; reason: string; state: string; files: unknown[] };
    assert.deepEqual([run.reason, run.state, run.files], ['request', 'queued', []]);
    assert.match(String(requested.headers['location']), new RegExp(`/stockroom/lists/a/runs/${run.run}$`));
    const rejected = await api.post('/stockroom/lists/a/runs').expect(409);
    assert.equal(codeOf(rejected.body), 'stockroom.lists.running');
    assert.match(messageOf(rejected.body), new RegExp(`Run ${run.run} of a is queued`));
    const { body } = await api.post(`/stockroom/lists/a/runs/${run.run}/cancel`).expect(200);
    assert.equal((body as { state: string }).state, 'cancelled');
    // Cancelling what has ended changes nothing.
    await api.post(`/stockroom/lists/a/runs/${run.run}/cancel`).expect(200);
    const second = (await api.post('/stockroom/lists/a/runs').expect(202)).body as typeof run;
    assert.equal(Date.parse(second.due_at) - Date.parse(run.due_at), 60_000);
    await api.post('/stockroom/lists/b/runs').expect(404);
    await api.post(`/stockroom/lists/b/runs/${run.run}/cancel`).expect(404);
    const { body: page } = await api.get(`/stockroom/lists/a/runs?limit=1&before=${second.run}`).expect(200);
    assert.deepEqual(
      (page as { runs: { run: number }[] }).runs.map((one) => one.run),
      [run.run],
    );
  });

  it('leave the minute of the next due time to the schedule', async () => {
    await set('a', { ...DAILY, enabled: false });
    await sql(
      test.databaseUrl,
      `update list_jobs set enabled = true, next_due = date_trunc('minute', now()) + interval '1 minute'`,
    );
    await sql(
      test.databaseUrl,
      `insert into list_runs (job, due_at, reason, settings, state) select 'a', date_trunc('minute', now()), 'request', settings, 'failed' from list_jobs`,
    );
    const { body } = await api.post('/stockroom/lists/a/runs').expect(202);
    const [{ next_due: nextDue } = {}] = await sql<{ next_due: Date }>(
      test.databaseUrl,
      'select next_due from list_jobs',
    );
    assert.equal(Date.parse((body as { due_at: string }).due_at), (nextDue?.getTime() ?? 0) + 60_000);
  });

  it('are set by one of two clients at once, and replaced by the other', async () => {
    const statuses = await Promise.all(
      Array.from({ length: 8 }, async () => (await api.put('/stockroom/lists/a', DAILY)).status),
    );
    assert.deepEqual(statuses.sort(), [200, 200, 200, 200, 200, 200, 200, 201]);
    const [{ revision } = {}] = await sql(test.databaseUrl, 'select revision from list_jobs');
    assert.equal(revision, 8);
  });

  it('have the newest version without a header, and say so; Placement keeps 1.0', async () => {
    const bare = (path: string) => test.api.request('get', path).set('x-auth-token', 'admin');
    const { headers } = await bare('/stockroom/lists').expect(200);
    assert.equal(headers['openstack-api-version'], 'placement 1.39');
    const other = await bare('/stockroom/lists').set('openstack-api-version', 'compute 2.90').expect(200);
    assert.equal(other.headers['openstack-api-version'], 'placement 1.39');
    const old = await bare('/stockroom/lists').set('openstack-api-version', 'placement 1.5').expect(200);
    assert.equal(old.headers['openstack-api-version'], 'placement 1.5');
    assert.equal((await bare('/resource_providers').expect(200)).headers['openstack-api-version'], 'placement 1.0');
    const unknown = await bare('/stockroom/nothing').expect(404);
    assert.equal(unknown.headers['openstack-api-version'], 'placement 1.39');
  });

  it('may write to what list_buckets names, without addresses, keys and paths', async () => {
    const { body } = await api.get('/stockroom/list_buckets').expect(200);
    assert.deepEqual(body, {
      buckets: [
        { name: 'local', type: 'folder', here: true, default: true, encryption: ['none'] },
        { name: 'archive', type: 'folder', here: false, encryption: ['none'] },
      ],
      hooks: ['billing'],
    });
  });

  it('note who has set them', async () => {
    await set('a');
    const [row] = await sql(test.databaseUrl, 'select created_by from list_jobs');
    assert.deepEqual(row, { created_by: { user_id: 'admin', project_id: 'admin' } });
  });

  describe('and the policy', () => {
    const rules = DEFAULT_RULES.filter(({ name }) => name.startsWith('stockroom:lists:'));

    it('has a rule for each route, of which each can be overridden', async () => {
      const folder = new PolicyFolder();
      const policyFile = folder.write('policy.yaml', rules.map(({ name }) => `"${name}": "!"\n`).join(''));
      const strict = await startTestService({ databaseUrl: test.databaseUrl, config: { policyFile } });
      try {
        let routes = 0;
        for (const { name, routes: own } of rules) {
          for (const route of own) {
            const [method = '', path = ''] = route.split(' ');
            const target = path.replace('{id}', 'a').replace('{run}', '1').replace('{name}', 'manifest.json');
            const { status, body } = await strict.api
              .request(method.toLowerCase() as 'get', target)
              .set({ 'x-auth-token': 'admin', accept: 'application/json', 'content-type': 'application/json' });
            assert.equal(status, 403, route);
            assert.equal(messageOf(body), `Policy does not allow ${name} to be performed.`);
            routes++;
          }
        }
        assert.equal(routes, 10);
      } finally {
        await strict.close();
        folder.close();
      }
    });

    it('does not let in the member of a project, nor a caller without a token', async () => {
      const strict = await startTestService({ databaseUrl: test.databaseUrl, config: { enforceNewDefaults: true } });
      const ask = (token: string | null, path: string) =>
        strict.api
          .request('get', path)
          .set(token === null ? {} : { 'x-auth-token': token, 'x-roles': 'member,reader' });
      try {
        for (const path of ['/stockroom/lists', '/stockroom/lists/a', '/stockroom/list_buckets']) {
          assert.equal((await ask('ada:demo', path)).status, 403);
          assert.equal((await ask(null, path)).status, 401);
        }
        assert.equal(
          (await strict.api.request('options', '/stockroom/lists').set('x-auth-token', 'admin')).status,
          405,
        );
      } finally {
        await strict.close();
      }
    });
  });
});

/** Settings as the service stores them. */
async function settingsOf(api: Api): Promise<unknown> {
  const { body } = await api.put('/stockroom/lists/template', { ...DAILY, enabled: false }).expect(201);
  await api.delete('/stockroom/lists/template').expect(204);
  const { filter, included_versions, optional_fields, schedule, destination, keep_days, notify, enabled } =
    body as Record<string, unknown>;
  return { filter, included_versions, optional_fields, schedule, destination, keep_days, notify, enabled };
}

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { ChangesPage } from '../../src/history/model.js';
import { removeClusters, startCluster, type Cluster } from '../support/cluster.js';
import { sql } from '../support/database.js';
import { changesSince, historyNow } from '../support/history.js';
import { patience } from '../support/patience.js';
import { cleanUp, startProcess, type RunningProcess } from '../support/process.js';
import { codeOf, createProvider, type Api } from '../support/service.js';
import { until } from '../support/until.js';
import { sendElsewhere, type Response } from '../support/raw-request.js';

/** Sockets that wait for changes. */
const READERS = 500;
const WRITERS = 4;

describe('The stream of changes when processes end', () => {
  let cluster: Cluster;
  let run: RunningProcess;
  let api: Api;
  let url: string;
  let metrics: string;
  before(async () => {
    cluster = await startCluster();
    await start();
  });
  after(async () => {
    await cleanUp();
    await removeClusters();
  });

  async function start(): Promise<void> {
    const args = ['--port', '0', '--admin-port', '0'];
    run = startProcess(args, { OS_PLACEMENT_DATABASE__CONNECTION: cluster.url });
    ({ url, api } = await run.listening());
    metrics = (await run.printed(/Health and metrics: (http:\S+)\/metrics\n/))[1] ?? '';
  }

  const defaultRows = (): Promise<object[]> => sql(cluster.url, 'select from history_changes_default');

  it('has all that was acknowledged, and nothing twice, for a reader that goes on with its cursor', async () => {
    const since = await historyNow(api);
    const acknowledged: string[] = [];
    const seen: string[] = [];
    let next = since;
    let isWriting = true;

    const write = async (): Promise<void> => {
      while (isWriting) {
        const uuid = randomUUID();
        const body = JSON.stringify({ uuid, name: uuid });
        const response = await attempt({ method: 'POST', path: '/resource_providers', body });
        if (response?.status === 200) acknowledged.push(uuid);
        else await setTimeout(20);
      }
    };
    const read = async (): Promise<boolean> => {
      const response = await attempt({ path: `/stockroom/changes?since=${next}&limit=7&wait=1` });
      if (response?.status !== 200) {
        assert.notEqual(response?.status, 410, 'no change is lost, so no cursor is rejected');
        await setTimeout(20);
        return true;
      }
      const page = JSON.parse(response.text) as ChangesPage;
      for (const { provider } of page.changes) seen.push(provider?.uuid ?? '');
      next = page.next;
      return page.more || page.changes.length > 0;
    };
    const follow = async (): Promise<void> => {
      while (isWriting) await read();
      while (await read());
    };
    const attempt = (request: Parameters<typeof sendElsewhere>[1]): Promise<Response | null> =>
      sendElsewhere(url, request).catch(() => null);
    const more = async (what: string): Promise<void> => {
      const [written, read] = [acknowledged.length, seen.length];
      await until(what, () => acknowledged.length > written + 20 && seen.length > read + 20, 30_000);
    };

    const all = Promise.all([follow(), ...Array.from({ length: WRITERS }, write)]);
    await more('changes come');
    run.signal('SIGKILL');
    assert.equal(await run.ended(), 'SIGKILL');
    await start();
    await more('changes come from the next process');
    await cluster.stop('kill');
    await cluster.start();
    await more('changes come from the next start of the database');
    isWriting = false;
    await all;

    assert.equal(new Set(seen).size, seen.length, 'nothing is twice in the stream');
    assert.deepEqual(
      acknowledged.filter((uuid) => !seen.includes(uuid)),
      [],
    );
    // The stream had each provider that exists, also when the response to its client was lost.
    const providers = await sql<{ uuid: string }>(cluster.url, 'select uuid from resource_providers');
    assert.deepEqual(seen.toSorted(), providers.map(({ uuid }) => uuid).toSorted());
    const again = await changesSince(api, since, 'limit=1000');
    assert.deepEqual(
      again.map(({ provider }) => provider?.uuid),
      seen,
    );
    assert.deepEqual(await defaultRows(), [], 'each change is in the partition of its day');
  });

  /** Requests that wait for a change, on a socket each. */
  async function waiting(count: number): Promise<{ since: string; responses: Promise<Response[]> }> {
    const since = await historyNow(api);
    const readers = Array.from({ length: count }, () =>
      sendElsewhere(url, { path: `/stockroom/changes?since=${since}&wait=60` }),
    );
    const responses = Promise.all(readers);
    responses.catch(() => undefined);
    await until(
      'all wait',
      async () => {
        const { text } = await sendElsewhere(metrics, { path: '/metrics' });
        return new RegExp(`^stockroom_changes_readers\\{state="waiting"\\} ${count}$`, 'm').test(text);
      },
      30_000,
    );
    return { since, responses };
  }

  it('rejects those who wait when the database goes away, and their cursors stay good', async () => {
    const { since, responses } = await waiting(20);
    const start = performance.now();
    await cluster.stop('immediate');
    for (const { status, text } of await responses) {
      assert.equal(status, 503);
      assert.equal(codeOf(JSON.parse(text)), 'placement.undefined_code');
    }
    assert.ok(performance.now() - start < patience(10_000), 'they did not wait for their 60 seconds');
    await cluster.start();
    await until('the service is back', async () => (await api.get('/resource_providers?name=none')).status === 200);
    const uuid = await createProvider(api, 'after the outage');
    assert.deepEqual(
      (await changesSince(api, since)).map(({ provider }) => provider?.uuid),
      [uuid],
    );
  });

  it(`gives ${READERS} sockets that wait what they have when the service ends`, async () => {
    const { since, responses } = await waiting(READERS);
    run.signal('SIGTERM');
    for (const { status, text } of await responses) {
      assert.equal(status, 200);
      assert.deepEqual(JSON.parse(text), { changes: [], next: since, more: false });
    }
    assert.equal(await run.ended(), 0);
    await start();
    const uuid = await createProvider(api, 'after the restart');
    assert.deepEqual(
      (await changesSince(api, since)).map(({ provider }) => provider?.uuid),
      [uuid],
    );
  });
});

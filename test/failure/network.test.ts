import assert from 'node:assert/strict';
import { claim, claimBody } from '../support/claims.js';
import { connect, createTestDatabase, dropTestDatabase, sql } from '../support/database.js';
import { checkLedger } from '../support/ledger.js';
import { assertByTurns, HASTY, LONGEST_RESPONSE, startPatient, type Patient } from '../support/outage.js';
import { startProxy, type Proxy } from '../support/proxy.js';
import { messageOf } from '../support/service.js';
import { until } from '../support/until.js';
import { assertWithin } from '../support/patience.js';

/** The statement, which ends with a zero, and not the isolation level of BEGIN. */
const COMMIT = 'commit\0';

/** The server is well, and no client reaches it. */
describe('a network that fails', () => {
  let url: string;
  let proxy: Proxy;
  let test: Patient;
  beforeEach(async () => {
    url = await createTestDatabase();
    proxy = await startProxy(url);
    test = await startPatient(proxy.url(url));
  });
  /** For tests that wait until the service notices. */
  async function makeHasty(): Promise<void> {
    await test.close();
    test = await startPatient(proxy.url(url), HASTY);
  }
  afterEach(async () => {
    await test.close();
    await proxy.close();
    await dropTestDatabase(url);
  });

  it('rejects connections: 503 at once, one line when it begins and one when it is over', async () => {
    await proxy.reject();
    for (let n = 0; n < 20; n++) await test.rejectsAtOnce();
    await proxy.accept();
    await test.recovers(url);
    const [away, back, ...more] = test.troubles();
    assert.match(away ?? '', /^database away: .*ECONNREFUSED/);
    assert.match(back ?? '', /^database back after [\d.]+ s, \d+ requests were rejected$/);
    assert.equal(Number(/(\d+) requests/.exec(back ?? '')?.[1]), test.rejected());
    assert.deepEqual(more, []);
  });

  it('swallows what is sent while requests wait: 503 within the deadline, then at once', async function () {
    await makeHasty();
    // All kinds are under way when it happens: their statements have been sent, their results do not come.
    await test.askEverything();
    const sent = proxy.sent('lock_consumers');
    proxy.hold();
    const underWay = test.rejectsEverything();
    await sent;
    proxy.swallow();
    await underWay;
    await test.rejectsAtOnce();
    proxy.release();
    // PostgreSQL is told at last of the sessions that were cut off: else they would keep their rows for 30 s.
    proxy.cut();
    await test.recovers(url);
    assertByTurns(test.troubles(), /^database away: /, /^database back after /);
  });

  it('has swallowed idle connections, and takes new ones: no request waits for long, none is rejected', async () => {
    await makeHasty();
    await test.askEverything();
    proxy.forget();
    const responses = await test.askEverything();
    for (const [what, { ms, status }] of Object.entries(responses)) {
      assert.ok(ms < LONGEST_RESPONSE, `${what} took ${ms} ms`);
      // Of a write that was sent on a dead connection the service does not know the outcome; a claim is sent in two steps.
      const isOneStatement = what === 'a write of one statement';
      assert.ok(status < 300 || (isOneStatement && status === 503), `${what}: ${status}`);
    }
    assert.deepEqual(test.troubles(), []);
    await test.recovers(url);
  });

  it('swallows everything while the service is idle: the first request learns it within the deadline', async () => {
    await makeHasty();
    await test.askEverything();
    proxy.swallow();
    await test.rejectsEverything();
    proxy.release();
    await test.recovers(url);
  });

  it('does not keep the service from closing, with idle connections and busy ones', async () => {
    await test.askEverything();
    proxy.swallow();
    const asked = test.askEverything().catch(() => undefined);
    const start = performance.now();
    await test.close();
    assertWithin(3000, start);
    await asked;
    proxy.release();
    test = await startPatient(proxy.url(url));
  });

  it('takes the connection of a claim during COMMIT: 503 that says so, and a retry with the same generation is right', async () => {
    const consumer = '5c2ed9b6-5a5c-4e0e-8b1f-6f2f6a6f0a01';
    for (const [round, consumer_generation] of [
      [1, null],
      [2, 1],
    ] as const) {
      const body = claimBody({ [test.host]: { VCPU: 10 * round } }, { consumer_generation });
      // The response of the server to the last statement and COMMIT is lost: it has made the change.
      const [response] = await Promise.all([test.api.put(`/allocations/${consumer}`, body), proxy.cutAfter(COMMIT)]);
      assert.equal(response.status, 503);
      assert.equal(response.headers['retry-after'], '1');
      assert.match(messageOf(response.body), /may or may not have been made.*read the current state/);
      // The client tries again: it was made, so it meets its own change, and nothing is counted twice.
      const again = await test.api.put(`/allocations/${consumer}`, body);
      assert.equal(again.status, 409);
      assert.match(messageOf(again.body), /consumer generation conflict/);
      const { body: now } = await test.api.get(`/allocations/${consumer}`).expect(200);
      assert.equal(now.consumer_generation, round);
      assert.equal(now.allocations[test.host].resources.VCPU, 10 * round);
    }
    await test.recovers(url);
  });

  it('takes it before COMMIT arrives: the same 503, and the retry makes the change', async () => {
    const consumer = '5c2ed9b6-5a5c-4e0e-8b1f-6f2f6a6f0a02';
    const body = claimBody({ [test.host]: { VCPU: 7 } });
    const [response] = await Promise.all([test.api.put(`/allocations/${consumer}`, body), proxy.cutBefore(COMMIT)]);
    assert.equal(response.status, 503);
    assert.match(messageOf(response.body), /may or may not have been made/);
    await test.api.get(`/allocations/${consumer}`).expect(200, { allocations: {} });
    await test.api.put(`/allocations/${consumer}`, body).expect(204);
    await checkLedger(url);
  });

  it('takes it before anything was written: the client does not notice', async () => {
    const [response] = await Promise.all([
      claim(test.api, { [test.host]: { VCPU: 1 } }),
      proxy.cutAfter('lock_consumers'),
    ]);
    assert.equal(response.status, 204);
    assert.deepEqual(test.troubles(), []);
    await checkLedger(url);
  });

  it('a session that the server ends before COMMIT is known not to have changed anything: the claim runs again', async () => {
    const rival = await connect(url);
    await rival.query('begin; lock table allocations in share mode');
    const claiming = claim(test.api, { [test.host]: { VCPU: 1 } }).then((response) => response);
    const waiting = `select pg_terminate_backend(pid) from pg_stat_activity
                     where datname = current_database() and wait_event_type = 'Lock' and query like '%allocations%'`;
    await until('the claim waits, and its session is ended', async () => (await sql(url, waiting)).length > 0);
    await rival.query('rollback');
    await rival.end();
    assert.equal((await claiming).status, 204);
    await checkLedger(url);
  });
});

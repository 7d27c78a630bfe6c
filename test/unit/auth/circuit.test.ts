import assert from 'node:assert/strict';
import { Circuit, KeystoneUnavailable } from '../../../src/auth/keystone/circuit.js';

describe('the pause while Keystone is down', () => {
  let time = 0;
  let calls = 0;
  let circuit: Circuit;
  beforeEach(() => {
    time = 1000;
    calls = 0;
    circuit = new Circuit({ now: () => time });
  });
  const severe = () => true;
  const mild = () => false;
  const fail = (isSevere = severe, client = 'a') =>
    circuit.run(
      client,
      () => {
        calls++;
        return Promise.reject(new Error('down'));
      },
      isSevere,
    );
  const succeed = () =>
    circuit.run(
      'good',
      () => {
        calls++;
        return Promise.resolve('fine');
      },
      severe,
    );

  it('spares Keystone after one failure to connect', async () => {
    await assert.rejects(fail(), KeystoneUnavailable);
    await assert.rejects(succeed(), KeystoneUnavailable);
    assert.equal(calls, 1);
    time += 500;
    assert.equal(await succeed(), 'fine');
    assert.equal(await succeed(), 'fine');
  });

  it('doubles the pause up to ten seconds', async () => {
    const pauses: number[] = [];
    for (let round = 0; round < 7; round++) {
      const error = await fail().catch((one: unknown) => one as KeystoneUnavailable);
      pauses.push(error.retryAfterMs);
      time += error.retryAfterMs;
    }
    assert.deepEqual(pauses, [500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
    assert.equal(calls, 7);
  });

  it('lets one try for all after the pause', async () => {
    await assert.rejects(fail());
    time += 500;
    let finish = (): void => undefined;
    const probe = circuit.run(
      'good',
      () =>
        new Promise<string>((resolve) => {
          calls++;
          finish = () => {
            resolve('fine');
          };
        }),
      severe,
    );
    await Promise.all(Array.from({ length: 20 }, () => assert.rejects(succeed(), KeystoneUnavailable)));
    assert.equal(calls, 2);
    finish();
    assert.equal(await probe, 'fine');
    assert.equal(await succeed(), 'fine');
  });

  it('is never begun by the wrong responses of one client, however many', async () => {
    for (let round = 0; round < 100; round++) {
      for (let one = 0; one < 20; one++) await assert.rejects(fail(mild, 'hostile'));
      assert.equal(await succeed(), 'fine');
    }
  });

  it('begins when several clients get wrong responses, and half of all responses are wrong', async () => {
    for (let round = 0; round < 20; round++) {
      // Three clients with strange tokens among many that are well.
      await assert.rejects(fail(mild, String(round % 3)));
      assert.equal(await succeed(), 'fine');
      assert.equal(await succeed(), 'fine');
    }
    for (let one = 0; one < 20; one++) await fail(mild, String(one % 3)).catch(() => undefined);
    calls = 0;
    await assert.rejects(succeed(), KeystoneUnavailable);
    assert.equal(calls, 0);
    // Keystone that is still wrong when it is tried again is left alone for longer.
    time += 500;
    await assert.rejects(fail(mild, 'a'));
    time += 500;
    await assert.rejects(succeed(), KeystoneUnavailable);
    time += 500;
    assert.equal(await succeed(), 'fine');
  });

  it('lengthens the pause once for those who fail together', async () => {
    await Promise.all(Array.from({ length: 50 }, () => assert.rejects(fail())));
    time += 500;
    assert.equal(await succeed(), 'fine');
  });

  it('says when to come back, in whole seconds of at least one', () => {
    assert.equal(new KeystoneUnavailable('', 200).rejection().headers['retry-after'], '1');
    assert.equal(new KeystoneUnavailable('', 3100).rejection().headers['retry-after'], '4');
  });
});

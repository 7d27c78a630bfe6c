import assert from 'node:assert/strict';
import { createHosts } from '../../src/db/hosts.js';

const URL_OF_THREE = 'postgresql://u:p@one:1,two:2,three:3/placement?target_session_attrs=read-write';

/** An attempt whose servers respond as they are told to: at once, never, or when the test says so. */
function servers(behaviour: Record<string, () => Promise<string>>) {
  const asked: string[] = [];
  const attempt = ({ host = '' }: { host?: string | undefined }): Promise<string> => {
    asked.push(host);
    return behaviour[host]!();
  };
  return { asked, attempt };
}

const silent = (): Promise<string> => new Promise(() => undefined);
const broken = (): Promise<string> => Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
const right = (): Promise<string> => Promise.resolve('connected');

describe('several servers', () => {
  it('a server that does not respond keeps no one from the next', async () => {
    const hosts = createHosts(URL_OF_THREE);
    const { asked, attempt } = servers({ one: silent, two: broken, three: right });
    assert.equal(await hosts.connect(attempt, () => undefined), 'connected');
    assert.deepEqual(asked, ['one', 'two', 'three']);
    assert.equal(hosts.preferred().host, 'three');
  });

  it('a standby that is promoted while another server does not respond is found before that one gives up', async () => {
    let promoted = false;
    const { asked, attempt } = servers({
      one: silent,
      two: broken,
      three: () => (promoted ? right() : broken().finally(() => (promoted = true))),
    });
    const hosts = createHosts(URL_OF_THREE);
    assert.equal(await hosts.connect(attempt, () => undefined), 'connected');
    assert.deepEqual(asked, ['one', 'two', 'three', 'two', 'three']);
    assert.equal(hosts.preferred().host, 'three');
  });

  it('the attempt ends when the last server has given up, and names each server once', async () => {
    let giveUp: () => void = () => undefined;
    let refusals = 0;
    const { attempt } = servers({
      one: () =>
        new Promise(
          (_resolve, reject) =>
            (giveUp = () => {
              reject(new Error('timeout'));
            }),
        ),
      two: broken,
      three: () => {
        if (++refusals === 2) setImmediate(giveUp);
        return broken();
      },
    });
    await assert.rejects(
      createHosts(URL_OF_THREE).connect(attempt, () => undefined),
      ({ message }: Error) => message.split('refused').length === 3 && message.includes('timeout'),
    );
  });

  it('what connects after another is discarded', async () => {
    let connectLate: (result: string) => void = () => undefined;
    const { attempt } = servers({ one: () => new Promise((resolve) => (connectLate = resolve)), two: right });
    const discarded = new Promise<string>((resolve) => {
      void createHosts(URL_OF_THREE)
        .connect(attempt, resolve)
        .then(() => {
          connectLate('late');
        });
    });
    assert.equal(await discarded, 'late');
  });

  it('the error names all, when none is right', async () => {
    const { attempt } = servers({ one: broken, two: broken, three: broken });
    await assert.rejects(
      createHosts(URL_OF_THREE).connect(attempt, () => undefined),
      (error: Error & { code?: string }) => error.code === 'ECONNREFUSED' && /one.*two.*three/.test(error.message),
    );
  });

  it('the unencrypted way to a server waits for the encrypted one', async () => {
    const hosts = createHosts('postgresql://u:p@one:1/placement?sslmode=prefer');
    const ways: unknown[] = [];
    const result = await hosts.connect(
      ({ ssl }) => {
        ways.push(ssl !== false);
        // Later than the next server would be tried.
        return new Promise<string>((resolve) => setTimeout(resolve, 400, 'connected'));
      },
      () => undefined,
    );
    assert.equal(result, 'connected');
    assert.deepEqual(ways, [true]);
  });
});

import assert from 'node:assert/strict';
import { startTestDialect, type TestDialect } from '../support/dialect.js';
import { SDKS, type InventorySdk, type SdkName } from '../support/inventory-sdks.js';
import { startKeystone, type FakeKeystone } from '../support/keystone.js';
import { cleanUp } from '../support/process.js';
import { startRealKeystone, type RealKeystone } from '../support/real-keystone.js';

type Keys = { access: string; secret: string };

const CHECKED = ['AWS SDK', 'ali-oss, signature 1'] as const;
const NOT_CHECKED = ['ali-oss, signature 4', 'COS SDK, fixed Domain'] as const;

const sdkAt = (dialect: TestDialect, name: SdkName, keys: Keys): InventorySdk =>
  SDKS[name]({ port: dialect.port, ...keys });

async function outcome(sdk: InventorySdk, work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'done',
    (error: unknown) => sdk.codeOf(error),
  );
}

/** The stand-in in every run, the real one with `npm run test:stores`. */
const KINDS =
  process.env['STOCKROOM_TEST_STORES'] === 'all' ? (['stand-in', 'real'] as const) : (['stand-in'] as const);

for (const kind of KINDS) {
  describe(`the S3 dialect with a ${kind} Keystone`, function () {
    let dialect: TestDialect | undefined;
    let keystone: FakeKeystone | RealKeystone | undefined;
    const keys: Record<'admin' | 'reader', Keys> = {
      admin: { access: '', secret: '' },
      reader: { access: '', secret: '' },
    };
    before(async function () {
      if (kind === 'stand-in') {
        const fake = await startKeystone();
        keystone = fake;
        keys.admin = fake.createCredentials();
        keys.reader = fake.createCredentials({ roles: ['reader'] });
      } else {
        const started = await startRealKeystone();
        if ('missing' in started) {
          for (const test of this.test?.parent?.tests ?? []) test.title += ` (${started.missing})`;
          this.skip();
        }
        keystone = started;
        keys.admin = await started.createCredentials('admin');
        keys.reader = await started.createCredentials('reader');
      }
      dialect = await startTestDialect(keystone.config());
    });
    after(async () => {
      await dialect?.close();
      await keystone?.stop();
      await cleanUp();
    });

    for (const name of CHECKED) {
      it(`knows who has signed: ${name}`, async () => {
        const admin = sdkAt(dialect!, name, keys.admin);
        await admin.set('job');
        assert.equal((await admin.get('job')).filter, 'cell1-');
        assert.deepEqual((await admin.list()).ids, ['job']);
        assert.equal(await admin.delete('job'), 204);
        const reader = sdkAt(dialect!, name, keys.reader);
        assert.equal(await outcome(reader, reader.set('job')), 'AccessDenied');
      });

      it(`rejects another secret and an unknown access key: ${name}`, async () => {
        for (const wrong of [
          { ...keys.admin, secret: keys.reader.secret },
          { ...keys.admin, access: 'unknown' },
        ]) {
          const sdk = sdkAt(dialect!, name, wrong);
          assert.equal(await outcome(sdk, sdk.get('job')), 'SignatureDoesNotMatch');
        }
      });
    }

    for (const name of NOT_CHECKED) {
      it(`says that Keystone cannot check the signature: ${name}`, async () => {
        const sdk = sdkAt(dialect!, name, keys.admin);
        assert.equal(await outcome(sdk, sdk.set('job')), 'AccessDenied');
        const text = await sdk.set('job').catch((error: unknown) => (error as Error).message);
        assert.match(text ?? '', /Keystone cannot check this kind of signature/);
      });
    }
  });
}

describe('the S3 dialect with a Keystone in trouble', () => {
  let dialect: TestDialect;
  let fake: FakeKeystone;
  let aws: InventorySdk;
  before(async () => {
    fake = await startKeystone();
    dialect = await startTestDialect(fake.config());
    aws = sdkAt(dialect, 'AWS SDK', fake.createCredentials());
  });
  after(async () => {
    await dialect.close();
    await fake.stop();
  });
  beforeEach(() => {
    fake.behaviour = 'good';
  });

  it('asks each time: a signature that was good once is not remembered', async () => {
    const before = fake.calls.signatures;
    await aws.list();
    await aws.list();
    assert.equal(fake.calls.signatures - before, 2);
  });

  it('logs in again when Keystone has forgotten the token of the service', async () => {
    await aws.list();
    fake.forgetServiceTokens();
    await aws.list();
    // A wrong signature is no reason to log in.
    const { logins } = fake.calls;
    const wrong = sdkAt(dialect, 'AWS SDK', { ...fake.createCredentials(), secret: 'wrong' });
    assert.equal(await outcome(wrong, wrong.list()), 'SignatureDoesNotMatch');
    assert.equal(fake.calls.logins, logins);
  });

  it('rejects credentials whose tokens may do certain things only', async () => {
    const accessRules = [{ service: 'placement', method: 'GET', path: '/**' }];
    const sdk = sdkAt(dialect, 'AWS SDK', fake.createCredentials({ accessRules }));
    assert.equal(await outcome(sdk, sdk.list()), 'SignatureDoesNotMatch');
  });

  for (const behaviour of ['garbage', 403, 503, 'closing'] as const) {
    it(`cannot say: ${behaviour}`, async () => {
      const test = await startTestDialect(fake.config());
      const sdk = sdkAt(test, 'AWS SDK', fake.createCredentials());
      await sdk.list();
      fake.behaviour = behaviour;
      assert.equal(await outcome(sdk, sdk.list()), 'ServiceUnavailable');
      fake.behaviour = 'good';
      await test.close();
    });
  }
});

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import * as S3 from '@aws-sdk/client-s3';
import { resolveDomain, startTestDialect, type TestDialect } from '../support/dialect.js';
import { awsClient, SAMPLE, SDK_NAMES, SDKS, type InventorySdk, type SdkName } from '../support/inventory-sdks.js';
import { cleanUp, temporaryFolder } from '../support/process.js';

const WORDS: Readonly<Record<string, { missing: string; tooMany: string }>> = {
  oss: { missing: 'NoSuchInventory', tooMany: 'InventoryExceedLimit' },
  other: { missing: 'NoSuchConfiguration', tooMany: 'TooManyConfigurations' },
};
const wordsOf = (name: SdkName) => WORDS[name.startsWith('ali') ? 'oss' : 'other']!;

for (const strategy of ['noauth2', 'a file of keys'] as const) {
  describe(`inventory jobs through the SDKs of the stores, with ${strategy}`, function () {
    let dialect: TestDialect;
    let restore: () => void;
    const keys = { access: 'admin', secret: 'any' };
    before(async () => {
      restore = resolveDomain();
      let listsS3KeysFile: string | null = null;
      if (strategy === 'a file of keys') {
        Object.assign(keys, { access: 'AKIDEXAMPLE', secret: 'a/secret+of=40characters' });
        listsS3KeysFile = path.join(await temporaryFolder(), 'keys');
        writeFileSync(listsS3KeysFile, `# for tests\n${keys.access} ${keys.secret} user-1 project-1 member,admin\n`);
      }
      dialect = await startTestDialect({ listsS3KeysFile });
    });
    after(async () => {
      restore();
      await dialect.close();
      await cleanUp();
    });

    const sdk = (name: SdkName, more: { bucket?: string; secret?: string; access?: string } = {}): InventorySdk =>
      SDKS[name]({ port: dialect.port, ...keys, ...more });

    /** The SDK's own name of an error. */
    async function codeOf(one: InventorySdk, work: Promise<unknown>): Promise<string> {
      return work.then(
        () => 'no error',
        (error: unknown) => one.codeOf(error),
      );
    }

    for (const [index, name] of SDK_NAMES.entries()) {
      it(`sets, reads, lists and deletes a job: ${name}`, async () => {
        const one = sdk(name);
        const id = `job-${index}`;
        await one.set(id);
        assert.deepEqual(await one.get(id), SAMPLE);
        assert.deepEqual(await one.list(), { ids: [id], next: undefined });
        assert.equal(await one.delete(id), 204);
        assert.equal(await codeOf(one, one.get(id)), wordsOf(name).missing);
        assert.equal(await codeOf(one, one.delete(id)), wordsOf(name).missing);
        assert.deepEqual(await one.list(), { ids: [], next: undefined });
      });

      it(`replaces a job, or rejects the request as OSS does: ${name}`, async () => {
        const one = sdk(name);
        await one.set('again');
        const second = { ...SAMPLE, frequency: 'Weekly', versions: 'Current', filter: 'cell2-', fields: ['Size'] };
        const code = await codeOf(one, one.set('again', second));
        assert.equal(code, name.startsWith('ali') ? 'InventoryAlreadyExist' : 'no error');
        assert.deepEqual(await one.get('again'), name.startsWith('ali') ? SAMPLE : second);
        await one.delete('again');
      });

      it(`names what is wrong: ${name}`, async () => {
        const one = sdk(name);
        for (const wrong of [
          { format: 'ORC' },
          { frequency: 'Monthly' },
          { versions: 'Some' },
          { fields: ['Size', 'ObjectLockMode'] },
          { bucket: 'nowhere' },
          { folder: 'a/../b' },
        ]) {
          assert.equal(await codeOf(one, one.set('wrong', wrong)), 'InvalidArgument', JSON.stringify(wrong));
        }
        const other = sdk(name, { bucket: name.startsWith('COS') ? 'other-1250000000' : 'other' });
        // With a fixed Domain no bucket is on the wire at all.
        const expected = name === 'COS SDK, fixed Domain' ? wordsOf(name).missing : 'NoSuchBucket';
        assert.equal(await codeOf(other, other.get('wrong')), expected);
        const message = await one.set('wrong', { fields: ['Colour'] }).catch((error: unknown) => String(error));
        assert.match(message ?? '', /Field is .*Colour.*; expected one of Size, LastModifiedDate, /);
      });

      if (strategy === 'a file of keys') {
        it(`rejects another secret and an access key that is not known: ${name}`, async () => {
          const wrong = sdk(name, { secret: 'another' });
          assert.equal(await codeOf(wrong, wrong.set('a')), 'SignatureDoesNotMatch');
          // Keys that are not in the file are for noauth2, which lets any in; this one has no role.
          const unknown = sdk(name, { access: 'nobody' });
          assert.equal(await codeOf(unknown, unknown.get('a')), 'AccessDenied');
        });
      }
    }

    it('shows a job that one SDK has set to the others', async () => {
      const setter = sdk('ali-oss, signature 1');
      await setter.set('shared');
      const aws = awsClient({ port: dialect.port, ...keys });
      const { InventoryConfiguration } = await aws.send(
        new S3.GetBucketInventoryConfigurationCommand({ Bucket: 'placement', Id: 'shared' }),
      );
      assert.deepEqual(InventoryConfiguration?.Destination?.S3BucketDestination, {
        Bucket: 'arn:aws:s3:::local',
        Format: 'CSV',
        Prefix: SAMPLE.folder,
      });
      // Members that only OSS can express stay when another dialect sets the job.
      await sdk('AWS SDK').set('shared', { filter: 'cell9-' });
      await sdk('COS SDK, fixed Domain').set('shared', { filter: 'cell9-' });
      assert.deepEqual(await setter.get('shared'), { ...SAMPLE, filter: 'cell9-' });
      await setter.delete('shared');
    });
  });
}

describe('many inventory jobs through the SDKs of the stores', function () {
  let dialect: TestDialect;
  let restore: () => void;
  const ids = Array.from({ length: 1000 }, (_, index) => `j${String(index).padStart(4, '0')}`);
  before(async () => {
    restore = resolveDomain();
    // The jobs are set one after the other, 25 at a time: the last one waits for all of them, on a machine that does much else.
    dialect = await startTestDialect({ statementTimeout: 600 });
    const aws = SDKS['AWS SDK']({ port: dialect.port, access: 'admin', secret: 'any' });
    for (let start = 0; start < 250; start += 25) {
      await Promise.all(ids.slice(start, start + 25).map((id) => aws.set(id, { enabled: false })));
    }
  });
  after(async () => {
    restore();
    await dialect.close();
  });

  for (const name of SDK_NAMES) {
    it(`come in pages of 100: ${name}`, async () => {
      const sdk = SDKS[name]({ port: dialect.port, access: 'admin', secret: 'any' });
      const pages: string[][] = [];
      for (let token: string | undefined, first = true; first || token !== undefined; first = false) {
        const page = await sdk.list(token);
        pages.push(page.ids);
        token = page.next;
      }
      assert.deepEqual(
        pages.map(({ length }) => length),
        [100, 100, 50],
      );
      assert.deepEqual(pages.flat(), ids.slice(0, 250));
      assert.equal(await sdk.list('no-token').catch((error: unknown) => sdk.codeOf(error)), 'InvalidArgument');
    });
  }

  it('are 1,000 at most', async () => {
    const aws = SDKS['AWS SDK']({ port: dialect.port, access: 'admin', secret: 'any' });
    for (let start = 250; start < 1000; start += 25) {
      await Promise.all(ids.slice(start, start + 25).map((id) => aws.set(id, { enabled: false })));
    }
    for (const name of SDK_NAMES) {
      const sdk = SDKS[name]({ port: dialect.port, access: 'admin', secret: 'any' });
      const code = await sdk.set('one-more').catch((error: unknown) => sdk.codeOf(error));
      assert.equal(code, wordsOf(name).tooMany, name);
    }
  });
});

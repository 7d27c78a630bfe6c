import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { startTestDialect, type TestDialect } from '../support/dialect.js';
import { cleanUp, temporaryFolder } from '../support/process.js';

/** Debian's; another one may stand before it in PATH. */
const AWS = '/usr/bin/aws';
const run = promisify(execFile);

describe('inventory jobs through the AWS command line', function () {
  const keys = { access: 'AKIDEXAMPLE', secret: 'a/secret+of=40characters' };
  let dialect: TestDialect;
  let folder: string;
  before(async function () {
    if (!existsSync(AWS)) {
      for (const test of this.test?.parent?.tests ?? []) test.title += ' (no AWS command line is installed: awscli)';
      this.skip();
    }
    folder = await temporaryFolder();
    const listsS3KeysFile = path.join(folder, 'keys');
    writeFileSync(listsS3KeysFile, `${keys.access} ${keys.secret} user-1 project-1 admin\n`);
    dialect = await startTestDialect({ listsS3KeysFile });
  });
  after(async () => {
    await (dialect as TestDialect | undefined)?.close();
    await cleanUp();
  });

  async function aws(command: string, ...args: string[]): Promise<Record<string, never>> {
    const fixed = ['--endpoint-url', dialect.url, '--region', 'us-east-1', '--output', 'json'];
    const { stdout } = await run(AWS, ['s3api', command, '--bucket', 'placement', ...args, ...fixed], {
      env: {
        PATH: '/usr/bin:/bin',
        HOME: folder,
        AWS_ACCESS_KEY_ID: keys.access,
        AWS_SECRET_ACCESS_KEY: keys.secret,
        AWS_MAX_ATTEMPTS: '1',
      },
    });
    return stdout === '' ? {} : (JSON.parse(stdout) as Record<string, never>);
  }

  it('are set, read, listed and deleted', async () => {
    const job = {
      Destination: { S3BucketDestination: { Bucket: 'arn:aws:s3:::local', Format: 'CSV', Prefix: 'a/b' } },
      IsEnabled: true,
      Filter: { Prefix: 'cell1-' },
      Id: 'nightly',
      IncludedObjectVersions: 'Current',
      // The command line does not look at the names of fields.
      OptionalFields: ['Size', 'Used'],
      Schedule: { Frequency: 'Weekly' },
    };
    const id = ['--id', 'nightly'];
    await aws('put-bucket-inventory-configuration', ...id, '--inventory-configuration', JSON.stringify(job));
    const { InventoryConfiguration } = await aws('get-bucket-inventory-configuration', ...id);
    assert.deepEqual(InventoryConfiguration, job);
    const { InventoryConfigurationList, IsTruncated } = await aws('list-bucket-inventory-configurations');
    assert.deepEqual([InventoryConfigurationList, IsTruncated], [[job], false]);
    await aws('delete-bucket-inventory-configuration', ...id);
    await assert.rejects(
      aws('get-bucket-inventory-configuration', ...id),
      /An error occurred \(NoSuchConfiguration\) .*There is no inventory job called nightly/,
    );
  });
});

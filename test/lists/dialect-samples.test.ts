import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import OSS from 'ali-oss';
import COS from 'cos-nodejs-sdk-v5';
import * as S3 from '@aws-sdk/client-s3';
import type { JobSettings } from '../../src/lists/model.js';
import { sql } from '../support/database.js';
import { startTestDialect, type TestDialect } from '../support/dialect.js';
import { awsClient } from '../support/inventory-sdks.js';
import { bucketAt } from '../support/s3-store.js';

const AWS = '/usr/bin/aws';

/** What the stores' own pages on inventory jobs set, word by word: examplebucket is the source and the destination there. */
describe('The samples of the stores', () => {
  let dialect: TestDialect;
  before(async () => {
    dialect = await startTestDialect({
      listsSource: 'examplebucket',
      listBuckets: [
        {
          type: 's3',
          ...bucketAt('http://127.0.0.1:1', {
            name: 'examplebucket',
            encryption: ['none', 'sse-s3', 'sse-kms'],
            kmsKeys: ['test-kms-id'],
          }),
        },
      ],
    });
  });
  after(() => dialect.close());

  async function settingsOf(id: string): Promise<JobSettings | undefined> {
    const [row] = await sql<{ settings: JobSettings }>(
      dialect.test.databaseUrl,
      'select settings from list_jobs where id = $1',
      [id],
    );
    return row?.settings;
  }

  for (const [IsEnabled, IncludedObjectVersions, Frequency] of [
    ['true', 'All', 'Daily'],
    ['false', 'Current', 'Weekly'],
  ] as const) {
    it(`of COS: set, query, delete, with ${IsEnabled}, ${IncludedObjectVersions} and ${Frequency}`, async () => {
      const client = new COS({
        SecretId: 'admin',
        SecretKey: 'any',
        Domain: `127.0.0.1:${dialect.port}`,
        Protocol: 'http:',
      });
      const job = { Bucket: 'examplebucket-1250000000', Region: 'ap-guangzhou', Id: 'string' };
      const fields = ['Size', 'LastModifiedDate', 'ETag', 'StorageClass', 'IsMultipartUploaded', 'ReplicationStatus'];
      const InventoryConfiguration = {
        Id: 'string',
        Destination: {
          COSBucketDestination: {
            AccountId: '100000000001',
            Bucket: 'qcs::cos:ap-guangzhou::examplebucket-1250000000',
            Format: 'CSV',
            Prefix: 'string',
            Encryption: { SSECOS: '' },
          },
        },
        IsEnabled,
        Filter: { Prefix: 'string' },
        IncludedObjectVersions,
        OptionalFields: fields,
        Schedule: { Frequency },
      };
      // The SDK changes what it is given.
      const given = structuredClone(InventoryConfiguration) as COS.PutBucketInventoryParams['InventoryConfiguration'];
      await client.putBucketInventory({ ...job, InventoryConfiguration: given });
      const { InventoryConfiguration: got } = await client.getBucketInventory(job);
      assert.deepEqual(got, InventoryConfiguration);
      assert.deepEqual((await settingsOf('string'))?.destination, {
        ...{ bucket: 'examplebucket', prefix: 'string', format: 'csv', encryption: { type: 'sse-s3' } },
      });
      assert.equal((await client.deleteBucketInventory(job)).statusCode, 204);
      assert.equal(await settingsOf('string'), undefined);
    });
  }

  const encryptions = [
    [undefined, null],
    [{ 'SSE-OSS': '' }, { type: 'sse-s3' }],
    [{ 'SSE-KMS': { keyId: 'test-kms-id' } }, { type: 'sse-kms', key_id: 'test-kms-id' }],
  ] as const;
  for (const [encryption, expected] of encryptions) {
    it(`of OSS: configure an inventory, encryption ${encryption === undefined ? 'none' : JSON.stringify(encryption)}`, async () => {
      const client = new OSS({
        bucket: 'examplebucket',
        region: 'oss-cn-hangzhou',
        accessKeyId: 'admin',
        accessKeySecret: 'any',
        // The sample is for the store's own address; these three lead elsewhere.
        endpoint: dialect.url,
        sldEnable: true,
        secure: false,
      });
      const inventory: Parameters<OSS['putBucketInventory']>[1] = {
        id: 'default',
        isEnabled: false,
        prefix: 'ttt',
        OSSBucketDestination: {
          format: 'CSV',
          accountId: '1234567890',
          rolename: 'AliyunOSSRole',
          bucket: 'examplebucket',
          prefix: 'destination-prefix',
          ...(encryption === undefined ? {} : { encryption }),
        },
        frequency: 'Daily',
        includedObjectVersions: 'All',
        optionalFields: {
          field: ['Size', 'LastModifiedDate', 'ETag', 'StorageClass', 'IsMultipartUploaded', 'EncryptionStatus'],
        },
      };
      await client.putBucketInventory('examplebucket', structuredClone(inventory));
      const { inventory: got } = await client.getBucketInventory('examplebucket', 'default');
      // The SDK leaves an empty member where the schedule was.
      assert.deepEqual({ schedule: {}, ...got }, { schedule: {}, ...inventory });
      const settings = (await settingsOf('default'))!;
      assert.deepEqual(settings.destination.encryption, expected);
      assert.deepEqual(
        [settings.enabled, settings.filter, settings.included_versions],
        [false, { prefix: 'ttt' }, 'all'],
      );
      assert.equal((await client.deleteBucketInventory('examplebucket', 'default')).status, 204);
    });
  }

  /** The same job in the words of S3, for its SDK and for its command line. */
  const ofS3: S3.InventoryConfiguration = {
    Id: 'default',
    IsEnabled: false,
    Filter: { Prefix: 'ttt' },
    Destination: {
      S3BucketDestination: {
        AccountId: '123456789012',
        Bucket: 'arn:aws:s3:::examplebucket',
        Format: 'CSV',
        Prefix: 'destination-prefix',
        Encryption: { SSEKMS: { KeyId: 'test-kms-id' } },
      },
    },
    Schedule: { Frequency: 'Daily' },
    IncludedObjectVersions: 'All',
    OptionalFields: ['Size', 'LastModifiedDate', 'ETag', 'StorageClass', 'IsMultipartUploaded', 'EncryptionStatus'],
  };

  it('in the words of S3, with the SDK', async () => {
    const client = awsClient({ port: dialect.port, access: 'admin', secret: 'any' });
    const job = { Bucket: 'examplebucket', Id: 'default' };
    await client.send(new S3.PutBucketInventoryConfigurationCommand({ ...job, InventoryConfiguration: ofS3 }));
    const got = await client.send(new S3.GetBucketInventoryConfigurationCommand(job));
    assert.deepEqual(got.InventoryConfiguration, ofS3);
    const { $metadata } = await client.send(new S3.DeleteBucketInventoryConfigurationCommand(job));
    assert.equal($metadata.httpStatusCode, 204);
  });

  it('in the words of S3, with the command line', async function () {
    if (!existsSync(AWS)) {
      this.test!.title += ' (no AWS command line is installed: awscli)';
      this.skip();
    }
    const aws = async (command: string, ...args: string[]): Promise<string> => {
      const fixed = [
        '--bucket',
        'examplebucket',
        '--id',
        'default',
        '--endpoint-url',
        dialect.url,
        '--region',
        'us-east-1',
      ];
      const env = {
        PATH: '/usr/bin:/bin',
        AWS_ACCESS_KEY_ID: 'admin',
        AWS_SECRET_ACCESS_KEY: 'any',
        AWS_MAX_ATTEMPTS: '1',
      };
      return (await promisify(execFile)(AWS, ['s3api', command, ...args, ...fixed], { env })).stdout;
    };
    await aws('put-bucket-inventory-configuration', '--inventory-configuration', JSON.stringify(ofS3));
    const got = JSON.parse(await aws('get-bucket-inventory-configuration')) as object;
    assert.deepEqual(got, { InventoryConfiguration: ofS3 });
    await aws('delete-bucket-inventory-configuration');
    assert.equal(await settingsOf('default'), undefined);
  });
});

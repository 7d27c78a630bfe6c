import * as S3 from '@aws-sdk/client-s3';
import OSS from 'ali-oss';
import COS from 'cos-nodejs-sdk-v5';

export interface SdkOptions {
  readonly port: number;
  readonly access: string;
  readonly secret: string;
  /** The source bucket, as this SDK names it. */
  readonly bucket?: string;
}

/** The operations of the samples of a store, with its own SDK. */
export interface InventorySdk {
  set(id: string, job?: Partial<SdkJob>): Promise<void>;
  get(id: string): Promise<SdkJob>;
  list(token?: string): Promise<{ ids: string[]; next: string | undefined }>;
  /** Returns the status. */
  delete(id: string): Promise<number | undefined>;
  /** How the SDK shows an error of the service. */
  codeOf(error: unknown): string;
}

/** What all dialects can say, in their words. */
export interface SdkJob {
  readonly enabled: boolean;
  /** The name of a `[list_bucket:...]`. */
  readonly bucket: string;
  readonly format: string;
  readonly folder: string;
  readonly filter: string;
  readonly frequency: string;
  readonly versions: string;
  readonly fields: readonly string[];
}

export const SAMPLE: SdkJob = {
  enabled: true,
  bucket: 'local',
  format: 'CSV',
  folder: 'exampledir1/exampledir2',
  filter: 'cell1-',
  frequency: 'Daily',
  versions: 'All',
  fields: ['Size', 'LastModifiedDate', 'ETag', 'StorageClass', 'IsMultipartUploaded'],
};

export type SdkName = keyof typeof SDKS;

/** Each SDK in each way that it signs and addresses. */
export const SDKS = {
  'AWS SDK': awsSdk,
  'ali-oss, signature 1': (options: SdkOptions) => aliOss(options, false),
  'ali-oss, signature 4': (options: SdkOptions) => aliOss(options, true),
  'COS SDK, fixed Domain': (options: SdkOptions) => cosSdk(options, `127.0.0.1:${options.port}`),
  'COS SDK, bucket in the host': (options: SdkOptions) => cosSdk(options, `{Bucket}.stores.test:${options.port}`),
} as const satisfies Record<string, (options: SdkOptions) => InventorySdk>;

export const SDK_NAMES = Object.keys(SDKS) as SdkName[];

/** `[stockroom] lists_s3_domain` of tests; names below it have to be made to lead to 127.0.0.1. */
export const DOMAIN = 'stores.test';

export function awsClient({ port, access, secret }: SdkOptions): S3.S3Client {
  return new S3.S3Client({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: access, secretAccessKey: secret },
    maxAttempts: 1,
  });
}

function awsSdk(options: SdkOptions): InventorySdk {
  const client = awsClient(options);
  const Bucket = options.bucket ?? 'placement';
  return {
    async set(Id, more) {
      const job = { ...SAMPLE, ...more };
      const InventoryConfiguration: S3.InventoryConfiguration = {
        Id,
        IsEnabled: job.enabled,
        Destination: {
          S3BucketDestination: {
            AccountId: '123456789012',
            Bucket: `arn:aws:s3:::${job.bucket}`,
            Format: job.format as S3.InventoryFormat,
            Prefix: job.folder,
          },
        },
        Filter: { Prefix: job.filter },
        IncludedObjectVersions: job.versions as S3.InventoryIncludedObjectVersions,
        OptionalFields: job.fields as S3.InventoryOptionalField[],
        Schedule: { Frequency: job.frequency as S3.InventoryFrequency },
      };
      await client.send(new S3.PutBucketInventoryConfigurationCommand({ Bucket, Id, InventoryConfiguration }));
    },
    async get(Id) {
      const response = await client.send(new S3.GetBucketInventoryConfigurationCommand({ Bucket, Id }));
      const { IsEnabled, Destination, Filter, IncludedObjectVersions, OptionalFields, Schedule } =
        response.InventoryConfiguration!;
      const { AccountId, Bucket: arn, Format, Prefix } = Destination!.S3BucketDestination!;
      if (AccountId !== '123456789012') throw new Error(`the account is ${AccountId}`);
      return {
        enabled: IsEnabled!,
        bucket: arn!.replace('arn:aws:s3:::', ''),
        format: Format!,
        folder: Prefix!,
        filter: Filter!.Prefix!,
        frequency: Schedule!.Frequency!,
        versions: IncludedObjectVersions!,
        fields: OptionalFields!,
      };
    },
    async list(ContinuationToken) {
      const page = await client.send(new S3.ListBucketInventoryConfigurationsCommand({ Bucket, ContinuationToken }));
      const ids = (page.InventoryConfigurationList ?? []).map(({ Id }) => Id!);
      return { ids, next: page.IsTruncated === true ? page.NextContinuationToken : undefined };
    },
    async delete(Id) {
      const response = await client.send(new S3.DeleteBucketInventoryConfigurationCommand({ Bucket, Id }));
      return response.$metadata.httpStatusCode;
    },
    codeOf: (error) => (error as Error).name,
  };
}

function aliOss({ port, access, secret, bucket = 'placement' }: SdkOptions, authorizationV4: boolean): InventorySdk {
  const client = new OSS({
    accessKeyId: access,
    accessKeySecret: secret,
    bucket,
    endpoint: `http://127.0.0.1:${port}`,
    region: 'oss-cn-hangzhou',
    sldEnable: true,
    secure: false,
    authorizationV4,
  });
  return {
    async set(id, more) {
      const job = { ...SAMPLE, ...more };
      await client.putBucketInventory(bucket, {
        id,
        isEnabled: job.enabled,
        prefix: job.filter,
        OSSBucketDestination: {
          format: job.format,
          accountId: '1234567890',
          rolename: 'AliyunOSSRole',
          bucket: job.bucket,
          prefix: job.folder,
        },
        frequency: job.frequency,
        includedObjectVersions: job.versions,
        optionalFields: { field: job.fields },
      });
    },
    async get(id) {
      const { inventory } = await client.getBucketInventory(bucket, id);
      const { accountId, rolename, ...destination } = inventory.OSSBucketDestination;
      if (`${accountId} ${rolename}` !== '1234567890 AliyunOSSRole') throw new Error(`the role is ${rolename}`);
      return {
        enabled: inventory.isEnabled,
        bucket: destination.bucket,
        format: destination.format,
        folder: destination.prefix ?? '',
        filter: inventory.prefix ?? '',
        frequency: inventory.frequency,
        versions: inventory.includedObjectVersions,
        fields: inventory.optionalFields?.field ?? [],
      };
    },
    async list(token) {
      const page = await client.listBucketInventory(bucket, token === undefined ? {} : { continuationToken: token });
      const ids = (page.inventoryList ?? []).map(({ id }) => id);
      return { ids, next: page.isTruncated ? page.nextContinuationToken : undefined };
    },
    delete: async (id) => (await client.deleteBucketInventory(bucket, id)).status,
    codeOf: (error) => (error as { code: string }).code,
  };
}

function cosSdk({ access, secret, bucket = 'placement-1250000000' }: SdkOptions, domain: string): InventorySdk {
  const client = new COS({ SecretId: access, SecretKey: secret, Domain: domain, Protocol: 'http:' });
  const common = { Bucket: bucket, Region: 'ap-guangzhou' };
  const BUCKET = 'qcs::cos:ap-guangzhou::';
  return {
    async set(Id, more) {
      const job = { ...SAMPLE, ...more };
      await client.putBucketInventory({
        ...common,
        Id,
        InventoryConfiguration: {
          Id,
          IsEnabled: job.enabled ? 'true' : 'false',
          Destination: {
            COSBucketDestination: {
              AccountId: '100000000001',
              Bucket: `${BUCKET}${job.bucket}-1250000000`,
              Format: job.format as 'CSV',
              Prefix: job.folder,
            },
          },
          Filter: { Prefix: job.filter },
          IncludedObjectVersions: job.versions as 'All',
          OptionalFields: job.fields as 'Size'[],
          Schedule: { Frequency: job.frequency as 'Daily' },
        },
      });
    },
    async get(Id) {
      const { InventoryConfiguration: job } = await client.getBucketInventory({ ...common, Id });
      const { AccountId, Bucket, Format, Prefix } = job.Destination.COSBucketDestination;
      if (AccountId !== '100000000001') throw new Error(`the account is ${String(AccountId)}`);
      return {
        enabled: (job.IsEnabled as string) === 'true',
        bucket: Bucket.replace(BUCKET, '').replace(/-\d+$/, ''),
        format: Format,
        folder: Prefix ?? '',
        filter: (job.Filter as { Prefix: string }).Prefix,
        frequency: job.Schedule.Frequency,
        versions: job.IncludedObjectVersions,
        fields: job.OptionalFields ?? [],
      };
    },
    async list(token) {
      const page = await client.listBucketInventory({
        ...common,
        ...(token === undefined ? {} : { ContinuationToken: token }),
      });
      const ids = (page.InventoryConfigurations as unknown as { Id: string }[]).map(({ Id }) => Id);
      return { ids, next: (page.IsTruncated as string) === 'true' ? page.NextContinuationToken : undefined };
    },
    delete: async (Id) => (await client.deleteBucketInventory({ ...common, Id })).statusCode,
    codeOf: (error) => (error as { code: string }).code,
  };
}

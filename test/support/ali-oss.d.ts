/** Of ali-oss, what the tests use: it brings no types, and @types/ali-oss has no inventories. */
declare module 'ali-oss' {
  interface Inventory {
    readonly id: string;
    readonly isEnabled: boolean;
    readonly prefix?: string;
    readonly OSSBucketDestination: {
      readonly format: string;
      readonly accountId: string;
      readonly rolename: string;
      readonly bucket: string;
      readonly prefix?: string;
      readonly encryption?: { readonly 'SSE-OSS': '' } | { readonly 'SSE-KMS': { readonly keyId: string } };
    };
    readonly frequency: string;
    readonly includedObjectVersions: string;
    readonly optionalFields?: { readonly field: readonly string[] };
  }

  class OSS {
    constructor(options: {
      accessKeyId: string;
      accessKeySecret: string;
      bucket: string;
      endpoint: string;
      region: string;
      sldEnable: boolean;
      secure: boolean;
      authorizationV4?: boolean;
      timeout?: number;
    });
    putBucketInventory(bucket: string, inventory: Inventory): Promise<{ status: number }>;
    getBucketInventory(bucket: string, id: string): Promise<{ inventory: Inventory }>;
    listBucketInventory(
      bucket: string,
      options?: { continuationToken?: string },
    ): Promise<{ isTruncated: boolean; nextContinuationToken?: string; inventoryList: Inventory[] | undefined }>;
    deleteBucketInventory(bucket: string, id: string): Promise<{ status: number }>;
  }

  export = OSS;
}

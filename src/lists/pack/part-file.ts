import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

/** A file that is written once, from the beginning. Its digests are computed during the writes. */
export interface PartFile {
  /** Bytes that have been written so far. */
  readonly size: number;
  write(bytes: Uint8Array): Promise<void>;
  /** Closes the file. Digests are lower-case hex. */
  finish(): Promise<{ md5: string; sha256: string }>;
}

/** @throws the error of the file system, also from the functions of the result: ENOSPC when the disk is full */
export async function createPartFile(path: string): Promise<PartFile> {
  const file = await open(path, 'wx', 0o600);
  const [md5, sha256] = [createHash('md5'), createHash('sha256')];
  let size = 0;
  return {
    get size() {
      return size;
    },
    async write(bytes) {
      md5.update(bytes);
      sha256.update(bytes);
      size += bytes.length;
      for (let written = 0; written < bytes.length;) {
        written += (await file.write(bytes, written)).bytesWritten;
      }
    },
    async finish() {
      await file.close();
      return { md5: md5.digest('hex'), sha256: sha256.digest('hex') };
    },
  };
}

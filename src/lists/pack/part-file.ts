import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

/** A file that is written once, from its beginning, and digested on the way. */
export interface PartFile {
  /** Bytes so far. */
  readonly size: number;
  write(bytes: Uint8Array): Promise<void>;
  /** Closes the file. Digests are lower-case hex. */
  finish(): Promise<{ md5: string; sha256: string }>;
}

/** @throws the file system's error, also from its functions: ENOSPC when the disk is full */
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

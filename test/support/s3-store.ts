import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { S3Bucket } from '../../src/lists/model.js';
import { freePorts } from './free-ports.js';
import { ROOT, temporaryFolder } from './process.js';

/** Starts a real S3 server from Debian's packages, where it is beside the project. */
const SERVE = path.join(ROOT, '../shared/reference/s3-serve');

/** A real S3 server with one bucket, `lists`. */
export interface Store {
  readonly endpoint: string;
  readonly port: number;
  stop(): Promise<void>;
}

export interface StoreOptions {
  readonly encryption?: boolean;
  /** An earlier port again. */
  readonly port?: number;
}

/** A bucket is named in configuration as here. */
export function bucketAt(endpoint: string, more: Partial<S3Bucket> = {}): S3Bucket {
  return {
    name: 'cloud-lists',
    endpoint,
    region: 'us-east-1',
    bucket: 'lists',
    root: '',
    addressing: 'path',
    accessKey: { value: 'test:tester' },
    secretKey: { value: 'testing' },
    encryption: ['none'],
    encryptionHeader: 'amz',
    encryptionProof: true,
    kmsKeys: [],
    manifest: 's3',
    caFile: null,
    timeout: 60,
    ...more,
  };
}

/**
 * Swift takes 4 ports and 15 s, Ceph 8 ports and 20 s.
 *
 * @returns the reason when it cannot be started on this machine
 */
export async function startStore(
  kind: 'swift' | 'ceph',
  { encryption = true, port: wanted }: StoreOptions = {},
): Promise<Store | { missing: string }> {
  if (!existsSync(SERVE)) return { missing: 's3-serve is not beside the project' };
  const dir = path.join(await temporaryFolder(), 'store');
  const port = wanted ?? (await freePorts(kind === 'swift' ? 4 : 8));
  const args = [kind, '--port', String(port), '--dir', dir];
  const child = spawn(SERVE, [...args, '--bucket', 'lists', ...(encryption ? [] : ['--no-encryption'])], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stderr.on('data', (text: Buffer) => (output += text.toString()));
  const closed = once(child, 'close') as Promise<[number | null]>;
  const isReady = new Promise<void>((resolve) => {
    let printed = '';
    child.stdout.on('data', (text: Buffer) => {
      printed += text.toString();
      if (printed.includes(`s3-serve: ${kind} on http`)) resolve();
    });
  });
  const ended = await Promise.race([isReady, closed]);
  if (ended !== undefined) {
    if (ended[0] === 3) return { missing: output.trim() };
    throw new Error(`s3-serve ${kind} did not start:\n${output}`);
  }
  return {
    endpoint: `http://127.0.0.1:${port}`,
    port,
    async stop() {
      child.kill('SIGTERM');
      await closed;
    },
  };
}

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { probeBucket, type ProbeStep } from '../../src/lists/destination/probe.js';
import { s3Destination } from '../../src/lists/destination/s3.js';
import { DestinationError, type Destination, type S3Bucket } from '../../src/lists/model.js';
import { urlOf } from '../../src/lists/s3/sign.js';
import { startFaultyStore, type Fault, type FaultyStore } from '../support/faulty-store.js';
import { objectOf } from '../support/outgoing-object.js';
import { cleanUp, temporaryFolder } from '../support/process.js';
import { bucketAt } from '../support/s3-store.js';

const SIGNAL = new AbortController().signal;

describe('a bucket whose store has faults', () => {
  let store: FaultyStore;
  let warnings: string[];
  before(async () => {
    store = await startFaultyStore();
  });
  after(async () => {
    await store.stop();
    await cleanUp();
  });
  beforeEach(() => {
    store.requests.length = 0;
    store.objects.clear();
    store.faults.length = 0;
    store.otherwise = null;
    warnings = [];
  });

  function destination(more: Partial<S3Bucket> = {}): Destination {
    const onWarning = (text: string): void => void warnings.push(text);
    // A process that pauses does not send a body because the store is slow to say whether it takes it.
    return s3Destination(bucketAt(store.endpoint, more), { onWarning, firstPause: 1, askFirst: 60_000 });
  }

  /** A PUT that fails: its error, and how often it was sent. */
  async function failedPut(
    more: Partial<S3Bucket> = {},
    content: string | Buffer = 'x',
  ): Promise<{ error: DestinationError; sent: number }> {
    const error: unknown = await destination(more)
      .put(objectOf('a', content), null, SIGNAL)
      .then(
        () => assert.fail('the PUT succeeded'),
        (reason: unknown) => reason,
      );
    assert.ok(error instanceof DestinationError, String(error));
    return { error, sent: store.requests.length };
  }

  const error = (status: number, code?: string, message?: string): Fault => ({
    kind: 'error',
    status,
    ...(code === undefined ? {} : { code }),
    ...(message === undefined ? {} : { message }),
  });

  it('sends what a signature covers: length, MD5 and SHA-256', async () => {
    await destination({ root: 'all/ of it' }).put(objectOf("a/b c!'()*~.txt", 'hello'), null, SIGNAL);
    const [{ path: sent, headers } = assert.fail('nothing was sent')] = store.requests;
    assert.equal(sent, '/lists/all/%20of%20it/a/b%20c%21%27%28%29%2A~.txt');
    assert.equal(headers['content-length'], '5');
    assert.equal(headers['content-md5'], 'XUFAKrxLKna5cZ2REBfFkg==');
    assert.equal(headers['x-amz-content-sha256'], '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824');
    assert.match(headers['authorization'] ?? '', /SignedHeaders=content-md5;host;x-amz-content-sha256;x-amz-date,/);
    assert.equal((await destination({ root: 'all/ of it' }).get("a/b c!'()*~.txt", SIGNAL))?.toString(), 'hello');
  });

  it('has the name of the bucket in the host where the section says so', () => {
    const bucket = bucketAt('https://rgw.example.org:8443', { addressing: 'host', root: 'r' });
    assert.equal(urlOf(bucket, 'a b'), 'https://lists.rgw.example.org:8443/r/a%20b');
  });

  it('tries again what may pass: 5xx, SlowDown, a broken connection, a broken response, a wrong checksum', async () => {
    const passing: Fault[] = [
      error(500, 'InternalError'),
      error(503, 'SlowDown'),
      error(502),
      error(400, 'BadDigest'),
      { kind: 'close' },
      { kind: 'half' },
      { kind: 'wrong etag' },
    ];
    for (const fault of passing) {
      store.requests.length = 0;
      store.faults.push(fault, fault);
      await destination().put(objectOf('a', 'hello'), null, SIGNAL);
      assert.equal(store.requests.length, 3, JSON.stringify(fault));
    }
  });

  const LASTING: readonly (readonly [string, Fault, string])[] = [
    ['InternalError', error(500, 'InternalError', 'We are sorry.'), 'PUT a (bucket cloud-lists): We are sorry.'],
    ['HTTP502', error(502), 'PUT a (bucket cloud-lists): the store returns 502'],
    ['ChecksumMismatch', { kind: 'wrong etag' }, 'PUT a (bucket cloud-lists): the store has other bytes'],
    ['ConnectionFailed', { kind: 'close' }, 'PUT a (bucket cloud-lists): ECONNRESET: socket hang up'],
  ];
  for (const [code, fault, message] of LASTING) {
    it(`gives up after four requests, to try again soon: ${code}`, async () => {
      store.otherwise = fault;
      const failed = await failedPut();
      assert.deepEqual([failed.error.code, failed.error.retry, failed.sent], [code, 'soon', 4]);
      assert.ok(failed.error.message.startsWith(message), failed.error.message);
    });
  }

  for (const [status, code] of [
    [403, 'AccessDenied'],
    [403, 'InvalidAccessKeyId'],
    [403, 'SignatureDoesNotMatch'],
    [404, 'NoSuchBucket'],
    [501, 'NotImplemented'],
    [400, 'InvalidRequest'],
  ] as const) {
    it(`does not repeat what an operator has to mend: ${code}`, async () => {
      store.otherwise = error(status, code, 'No.');
      const failed = await failedPut();
      assert.deepEqual([failed.error.code, failed.error.retry, failed.sent], [code, 'late', 1]);
      assert.equal(failed.error.message, 'PUT a (bucket cloud-lists): No.');
    });
  }

  it('says that the store is away', async () => {
    const failed = await failedPut({ endpoint: 'http://127.0.0.1:1' });
    assert.deepEqual([failed.error.code, failed.error.retry], ['ConnectionFailed', 'soon']);
    assert.match(failed.error.message, /ECONNREFUSED/);
  });

  it('waits no longer than the section says, also for a response that comes byte by byte', async () => {
    for (const kind of ['hang', 'drip'] as const) {
      store.otherwise = { kind };
      const start = performance.now();
      const failed = await failedPut({ timeout: 0.3 });
      assert.deepEqual([failed.error.code, failed.error.retry], ['Timeout', 'soon'], kind);
      // Each timer may be early by a millisecond.
      assert.ok(performance.now() - start > 1100, 'four times the timeout');
    }
  });

  it('follows no redirect', async () => {
    const elsewhere = await startFaultyStore();
    store.otherwise = { kind: 'redirect', to: `${elsewhere.endpoint}/lists/a` };
    const failed = await failedPut();
    assert.deepEqual([failed.error.code, failed.error.retry, failed.sent], ['Redirected', 'late', 1]);
    assert.match(failed.error.message, /the store returns 307 and names another address/);
    assert.equal(elsewhere.requests.length, 0);
    await elsewhere.stop();
  });

  it('uses no proxy of the environment', async () => {
    const proxy = await startFaultyStore();
    const before = process.env['http_proxy'];
    process.env['http_proxy'] = proxy.endpoint;
    try {
      await destination().put(objectOf('a', 'x'), null, SIGNAL);
    } finally {
      if (before === undefined) delete process.env['http_proxy'];
      else process.env['http_proxy'] = before;
    }
    assert.deepEqual([store.requests.length, proxy.requests.length], [1, 0]);
    await proxy.stop();
  });

  it('reads 64 KiB of an error of 1 GB', async () => {
    store.faults.push({ kind: 'pour' }, { kind: 'pour' });
    await destination().put(objectOf('a', 'x'), null, SIGNAL);
    assert.equal(store.requests.length, 3);
    assert.ok(store.poured.bytes < 50e6, `the store sent ${store.poured.bytes} bytes`);
  });

  it('passes on 300 printable characters of what a store says, and no key', async () => {
    const secretKey = { value: 'recognisable-secret' };
    store.otherwise = error(403, 'AccessDenied', `test:tester has recognisable-secret\n\u0007${'x'.repeat(1000)}`);
    const { message } = (await failedPut({ secretKey })).error;
    const text = message.replace('PUT a (bucket cloud-lists): ', '');
    assert.match(text, /^\*\*\* has \*\*\* x+$/);
    assert.ok(text.length <= 300);
  });

  it('takes no code from a text that is not XML, has a document type or a strange code', async () => {
    store.faults.push(error(403));
    assert.equal((await failedPut()).error.code, 'AccessDenied');
    store.faults.push(error(403, 'A B<x'));
    assert.equal((await failedPut()).error.code, 'AccessDenied');
    store.faults.push({ kind: 'error', status: 418, code: `X${'x'.repeat(100)}` });
    assert.equal((await failedPut()).error.code, 'HTTP418');
  });

  it('signs with the clock of the store when that rejects ours, and says so', async () => {
    const theirs = new Date(Date.now() + 3_600_000);
    store.faults.push({
      kind: 'error',
      status: 403,
      code: 'RequestTimeTooSkewed',
      headers: { date: theirs.toUTCString() },
    });
    const both = destination();
    await both.put(objectOf('a', 'x'), null, SIGNAL);
    await both.put(objectOf('b', 'x'), null, SIGNAL);
    const minutesLate = store.requests.map(({ headers }) => {
      const signedAt = String(headers['x-amz-date']).replace(/^(....)(..)(..T..)(..)/, '$1-$2-$3:$4:');
      return Math.abs(Date.parse(signedAt) - theirs.getTime()) / 60_000;
    });
    assert.deepEqual(
      minutesLate.map((minutes) => minutes < 30),
      [false, true, true],
    );
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /^The clock of the store is 3\d\d\d s ahead of the clock of this/);
  });

  it('fails when the store rejects its own clock, too', async () => {
    store.otherwise = error(403, 'RequestTimeTooSkewed');
    const failed = await failedPut();
    assert.deepEqual([failed.error.code, failed.error.retry, failed.sent], ['RequestTimeTooSkewed', 'late', 2]);
  });

  it('reads the files of its keys again for each request', async () => {
    const folder = await temporaryFolder();
    const [access, secret] = [path.join(folder, 'access'), path.join(folder, 'secret')];
    writeFileSync(access, 'first\n');
    writeFileSync(secret, 'one\n');
    const filed = destination({ accessKey: { file: access }, secretKey: { file: secret } });
    const signers = (): string[] =>
      store.requests.map(({ headers }) => /Credential=([^/]+)/.exec(headers['authorization'] ?? '')?.[1] ?? '');
    await filed.put(objectOf('a', 'x'), null, SIGNAL);
    writeFileSync(access, 'second\n');
    await filed.put(objectOf('a', 'x'), null, SIGNAL);
    assert.deepEqual(signers(), ['first', 'second']);

    writeFileSync(secret, '');
    const unreadable = { code: 'KeyFileUnreadable', retry: 'late' };
    await assert.rejects(filed.put(objectOf('a', 'x'), null, SIGNAL), {
      ...unreadable,
      message: 'secret_key_file of [list_bucket:cloud-lists] does not hold one key of printable characters.',
    });
    const absent = destination({ accessKey: { file: path.join(folder, 'absent') } });
    await assert.rejects(absent.put(objectOf('a', 'x'), null, SIGNAL), {
      ...unreadable,
      message: 'access_key_file of [list_bucket:cloud-lists] cannot be read: ENOENT.',
    });
  });

  it('sends a request again with keys that have changed since they were rejected', async () => {
    const folder = await temporaryFolder();
    const access = path.join(folder, 'access');
    writeFileSync(access, 'first');
    const filed = destination({ accessKey: { file: access } });
    store.faults.push(error(403, 'InvalidAccessKeyId'));
    // The file changes while the request is on its way.
    const object = objectOf('a', 'x');
    await filed.put(
      {
        ...object,
        open() {
          writeFileSync(access, 'second');
          return object.open();
        },
      },
      null,
      SIGNAL,
    );
    assert.equal(store.requests.length, 2);
  });

  it('gets a rejection before it sends a large body', async () => {
    store.faults.push({ kind: 'reject the body' });
    const failed = await failedPut({}, Buffer.alloc(4_000_000));
    assert.deepEqual([failed.error.code, failed.error.retry], ['AccessDenied', 'late']);
    assert.deepEqual(
      store.requests.map(({ bodyBytes }) => bodyBytes),
      [0],
    );
  });

  it('sends a file from its beginning again, and says when it cannot be read', async () => {
    const object = objectOf('a', Buffer.alloc(1_000_000, 'y'));
    store.faults.push(error(500), { kind: 'close' });
    await destination().put(object, null, SIGNAL);
    assert.deepEqual(store.objects.get('/lists/a'), Buffer.alloc(1_000_000, 'y'));
    const unreadable = {
      ...object,
      open: () =>
        Readable.from(
          (function* () {
            yield Buffer.alloc(10);
            throw new Error('EIO: the disk is broken');
          })(),
        ),
    };
    await assert.rejects(destination().put(unreadable, null, SIGNAL), /EIO: the disk is broken/);
  });

  it('ends at once when it is told to', async () => {
    store.otherwise = { kind: 'hang' };
    const stop = new AbortController();
    const put = destination().put(objectOf('a', 'x'), null, stop.signal);
    setImmediate(() => {
      stop.abort(new Error('the lease is lost'));
    });
    await assert.rejects(put, /the lease is lost/);
  });

  it('does not miss what is not there', async () => {
    assert.equal(await destination().get('absent', SIGNAL), null);
    await destination().delete('absent', SIGNAL);
    store.faults.push(error(404, 'NoSuchBucket'));
    await assert.rejects(destination().get('absent', SIGNAL), { code: 'NoSuchBucket', retry: 'late' });
  });

  describe('and encryption', () => {
    const NAMES = {
      amz: ['x-amz-server-side-encryption', 'aws:kms', 'x-amz-server-side-encryption-aws-kms-key-id'],
      oss: ['x-oss-server-side-encryption', 'KMS', 'x-oss-server-side-encryption-key-id'],
      cos: ['x-cos-server-side-encryption', 'cos/kms', 'x-cos-server-side-encryption-cos-kms-key-id'],
    } as const;
    for (const [header, [algorithm, kms, keyId]] of Object.entries(NAMES) as [
      keyof typeof NAMES,
      readonly string[],
    ][]) {
      it(`asks and believes in the words of ${header}`, async () => {
        const bucket = destination({ encryptionHeader: header });
        store.faults.push({ kind: 'headers', headers: { [algorithm!]: 'AES256' } });
        await bucket.put(objectOf('a', 'x'), { type: 'sse-s3' }, SIGNAL);
        store.faults.push({ kind: 'headers', headers: { [algorithm!]: kms!, [keyId!]: 'key-1' } });
        await bucket.put(objectOf('a', 'x'), { type: 'sse-kms', key_id: 'key-1' }, SIGNAL);
        const asked = store.requests.map(({ headers }) => [headers[algorithm!], headers[keyId!]]);
        assert.deepEqual(asked, [
          ['AES256', undefined],
          [kms, 'key-1'],
        ]);
        assert.ok(
          store.requests.every(({ headers }) => headers['authorization']?.includes(algorithm!)),
          'signed',
        );
      });
    }

    it('asks with HEAD where the PUT does not say', async () => {
      const confirmed = { kind: 'headers', headers: { 'x-amz-server-side-encryption': 'AES256' } } as const;
      store.faults.push({ kind: 'headers', headers: {} }, confirmed);
      await destination().put(objectOf('a', 'x'), { type: 'sse-s3' }, SIGNAL);
      assert.deepEqual(
        store.requests.map(({ method }) => method),
        ['PUT', 'HEAD'],
      );
    });

    it('removes what is not proved to be encrypted, and fails', async () => {
      const unconfirmed = {
        code: 'EncryptionNotConfirmed',
        retry: 'late',
        message:
          'The store took the upload but does not say that it is encrypted. If you know that it is, set ' +
          'encryption_proof = false in [list_bucket:cloud-lists].',
      };
      const kms = { type: 'sse-kms', key_id: 'key-1' } as const;
      await assert.rejects(destination().put(objectOf('a', 'x'), { type: 'sse-s3' }, SIGNAL), unconfirmed);
      const other = {
        kind: 'headers',
        headers: {
          'x-amz-server-side-encryption': 'aws:kms',
          'x-amz-server-side-encryption-aws-kms-key-id': 'key-2',
        },
      } as const;
      store.faults.push(other, other);
      await assert.rejects(destination().put(objectOf('a', 'x'), kms, SIGNAL), unconfirmed);
      assert.equal(store.objects.size, 0);
      await destination({ encryptionProof: false }).put(objectOf('a', 'x'), { type: 'sse-s3' }, SIGNAL);
      assert.equal(store.objects.size, 1);
    });

    it('compares no etag with an MD5 under KMS', async () => {
      const headers = { 'x-amz-server-side-encryption': 'aws:kms', etag: `"${'0'.repeat(32)}"` };
      store.faults.push({ kind: 'headers', headers });
      await destination().put(objectOf('a', 'x'), { type: 'sse-kms', key_id: null }, SIGNAL);
      assert.equal(store.requests.length, 1);
    });
  });
});

describe('a bucket behind TLS', () => {
  it('is trusted with ca_file, and rejected without, for an operator to mend', async () => {
    const folder = await temporaryFolder();
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', 'key.pem'];
    const name = ['-subj', '/CN=store', '-addext', 'subjectAltName=IP:127.0.0.1'];
    execFileSync('openssl', ['req', '-x509', ...key, '-out', 'cert.pem', '-days', '2', ...name], {
      cwd: folder,
      stdio: 'pipe',
    });
    const file = (one: string): string => path.join(folder, one);
    const store = await startFaultyStore({
      key: readFileSync(file('key.pem'), 'utf8'),
      cert: readFileSync(file('cert.pem'), 'utf8'),
    });
    const at = (caFile: string | null): Destination => s3Destination(bucketAt(store.endpoint, { caFile }));
    await at(file('cert.pem')).put(objectOf('a', 'x'), null, SIGNAL);
    await assert.rejects(at(null).put(objectOf('a', 'x'), null, SIGNAL), {
      code: 'CertificateRejected',
      retry: 'late',
    });
    const steps = probeBucket({ type: 's3', ...bucketAt(store.endpoint) }, at(null), SIGNAL);
    const { failure } = (await steps.next()).value as ProbeStep;
    assert.match(failure?.advice ?? '', /^Set ca_file/);
    await assert.rejects(at(file('absent')).put(objectOf('a', 'x'), null, SIGNAL), { code: 'CertificateUnreadable' });
    await store.stop();
    await cleanUp();
  });
});

import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { s3Destination } from '../../src/lists/destination/s3.js';
import type { Destination, Encryption, S3Bucket } from '../../src/lists/model.js';
import { objectOf } from '../support/outgoing-object.js';
import { cleanUp } from '../support/process.js';
import { bucketAt, startStore, type Store } from '../support/s3-store.js';

const SIGNAL = new AbortController().signal;

/** Swift with encryption in every run; with `npm run test:stores` Ceph, too, and both without encryption: 2.5 min. */
const isThorough = process.env['STOCKROOM_TEST_STORES'] === 'all';
const KINDS = isThorough ? (['swift', 'ceph'] as const) : (['swift'] as const);
const VARIANTS = isThorough ? (['with', 'without'] as const) : (['with'] as const);

const S3: Encryption = { type: 'sse-s3' };
const KMS: Encryption = { type: 'sse-kms', key_id: 'testkey-1' };
const UNKNOWN_KEY: Encryption = { type: 'sse-kms', key_id: 'no-such-key' };

/** What asking for encryption comes to: the code of a failure, null for success. */
const ENCRYPTION = {
  swift: {
    with: { s3: 'EncryptionNotConfirmed', kms: 'NotImplemented', unknownKey: 'NotImplemented' },
    without: { s3: 'NotImplemented', kms: 'NotImplemented', unknownKey: 'NotImplemented' },
  },
  ceph: {
    with: { s3: 'EncryptionNotConfirmed', kms: null, unknownKey: 'InvalidAccessKeyId' },
    without: { s3: 'InvalidRequest', kms: 'InvalidRequest', unknownKey: 'InvalidRequest' },
  },
} as const;

for (const kind of KINDS) {
  for (const encryption of VARIANTS) {
    describe(`a bucket of a real ${kind} ${encryption} encryption`, function () {
      let store: Store;
      before(async function () {
        const started = await startStore(kind, { encryption: encryption === 'with' });
        if ('missing' in started) {
          for (const test of this.test?.parent?.tests ?? []) test.title += ` (${started.missing})`;
          this.skip();
        }
        store = started;
        await settle();
      });
      after(async () => {
        await (store as Store | undefined)?.stop();
        await cleanUp();
      });

      /** Parts of a store that has just started may not be reachable yet: the pauses of the service are for that. */
      async function settle(): Promise<void> {
        const patient = s3Destination(bucketAt(store.endpoint));
        await patient.put(objectOf('first', 'x'), null, SIGNAL);
        await patient.get('first', SIGNAL);
      }

      const destination = (more: Partial<S3Bucket> = {}): Destination =>
        s3Destination(bucketAt(store.endpoint, more), { firstPause: 50 });
      const codeOf = (work: Promise<unknown>): Promise<string | null> =>
        work.then(
          () => null,
          (error: unknown) => (error as { code: string }).code,
        );

      it('takes, gives back and deletes objects of all names', async () => {
        const bucket = destination({ root: 'root of all' });
        for (const key of ['a', "pre fix/!_.*'()~-/x", 'n/2026-11-25T02-00Z/manifest.json']) {
          assert.equal(await bucket.get(key, SIGNAL), null);
          await bucket.put(objectOf(key, `in ${key}`), null, SIGNAL);
          assert.equal((await bucket.get(key, SIGNAL))?.toString(), `in ${key}`);
          await bucket.delete(key, SIGNAL);
          await bucket.delete(key, SIGNAL);
          assert.equal(await bucket.get(key, SIGNAL), null);
        }
      });

      it('takes a part of 20 MB', async () => {
        await destination().put(objectOf('large', Buffer.alloc(20_000_000, 'z')), null, SIGNAL);
        await destination().delete('large', SIGNAL);
      });

      it('rejects bytes that are not those that were signed', async () => {
        const bad = { ...objectOf('a', 'hello'), open: () => Readable.from([Buffer.from('hallo')]) };
        await assert.rejects(destination().put(bad, null, SIGNAL), { retry: 'soon' });
        assert.equal(await destination().get('a', SIGNAL), null);
      });

      it('proves encryption, or fails with what the store says', async () => {
        const outcomes = ENCRYPTION[kind][encryption];
        const put = (key: string, how: Encryption): Promise<void> => destination().put(objectOf(key, 'x'), how, SIGNAL);
        assert.equal(await codeOf(put('s3', S3)), outcomes.s3);
        assert.equal(await codeOf(put('kms', KMS)), outcomes.kms);
        assert.equal(await codeOf(put('unknown', UNKNOWN_KEY)), outcomes.unknownKey);
        for (const key of ['s3', 'unknown']) assert.equal(await destination().get(key, SIGNAL), null, key);
        const unproved = destination({ encryptionProof: false });
        const takes = encryption === 'with' ? null : outcomes.s3;
        assert.equal(await codeOf(unproved.put(objectOf('s3', 'x'), S3, SIGNAL)), takes);
      });

      it('says what is wrong with keys and bucket', async () => {
        const put = (more: Partial<S3Bucket>, size = 1): Promise<string | null> =>
          codeOf(destination(more).put(objectOf('a', Buffer.alloc(size)), null, SIGNAL));
        assert.equal(await put({ secretKey: { value: 'wrong' } }), 'SignatureDoesNotMatch');
        assert.equal(await put({ secretKey: { value: 'wrong' } }, 20_000_000), 'SignatureDoesNotMatch');
        const unknown = kind === 'swift' ? 'SignatureDoesNotMatch' : 'InvalidAccessKeyId';
        assert.equal(await put({ accessKey: { value: 'who:else' } }), unknown);
        assert.equal(await put({ bucket: 'no-such-bucket' }), 'NoSuchBucket');
      });

      // Starts the store again, which takes 20 s.
      if (isThorough) {
        it('fails soon while the store is away, also in the middle of a part, and works when it is back', async () => {
          const size = 8_000_000;
          let stopped: Promise<void> | null = null;
          const object = objectOf('part', Buffer.alloc(size));
          const open = (): Readable =>
            Readable.from(
              (async function* () {
                yield Buffer.alloc(size / 2);
                stopped ??= store.stop();
                await stopped;
                yield Buffer.alloc(size / 2);
              })(),
            );
          const code = await codeOf(destination().put({ ...object, open }, null, SIGNAL));
          assert.equal(code, 'ConnectionFailed');
          assert.equal(await codeOf(destination().put(object, null, SIGNAL)), 'ConnectionFailed');
          const again = await startStore(kind, { encryption: encryption === 'with', port: store.port });
          assert.ok(!('missing' in again));
          store = again;
          await settle();
          await destination().put(object, null, SIGNAL);
        });
      }
    });
  }
}

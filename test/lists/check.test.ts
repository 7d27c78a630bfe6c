import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { startFaultyStore, type FaultyStore } from '../support/faulty-store.js';
import { cleanUp, ROOT, temporaryFolder } from '../support/process.js';

describe('stockroom lists check', function () {
  let store: FaultyStore;
  let folder: string;
  before(async () => {
    store = await startFaultyStore();
    folder = await temporaryFolder();
  });
  after(async () => {
    await store.stop();
    await cleanUp();
  });
  beforeEach(() => {
    store.requests.length = 0;
    store.faults.length = 0;
    store.otherwise = null;
  });

  /** Runs the command with a section `[list_bucket:cloud-lists]`. */
  function check(bucket: string, ...more: string[]): Promise<{ code: number; output: string; errors: string }> {
    const file = path.join(folder, 'placement.conf');
    const lines = [
      ...['[list_bucket:cloud-lists]', 'type = s3', `endpoint = ${store.endpoint}`, 'bucket = lists', 'root = below'],
      ...['access_key = recognisable-access', 'secret_key = recognisable-secret', ...more],
    ];
    writeFileSync(file, `[stockroom]\nlists_dir = ${folder}/lists\n${lines.join('\n')}\n`);
    const args = [path.join(ROOT, 'dist/main.js'), 'lists', 'check', bucket, '--config-file', file];
    return new Promise((resolve) => {
      execFile(process.execPath, args, (error, output, errors) => {
        const text = output.replaceAll(store.endpoint, 'http://store').replaceAll(folder, '/folder');
        assert.ok(!`${output}${errors}`.includes('recognisable'), 'keys are not shown');
        resolve({ code: error === null ? 0 : Number(error.code), output: text, errors });
      });
    });
  }

  it('writes, reads back and deletes one object', async () => {
    const { code, output } = await check('cloud-lists');
    assert.equal(
      output,
      'Bucket cloud-lists, the bucket lists at http://store:\n' +
        '  done    write without encryption\n' +
        '  done    read back what was written without encryption\n' +
        '  done    delete what was written without encryption\n',
    );
    assert.equal(code, 0);
    assert.deepEqual(
      store.requests.map((one) => `${one.method} ${one.path.replace(/check-[\da-f-]+/, 'check-UUID')}`),
      ['PUT', 'GET', 'DELETE'].map((method) => `${method} /lists/below/stockroom-check-UUID.txt`),
    );
    assert.equal(store.objects.size, 0);
  });

  it('tries each encryption that the section offers', async () => {
    const { code, output } = await check(
      'cloud-lists',
      'encryption = sse-s3, sse-kms, none',
      'kms_keys = key-1, key-2',
    );
    assert.equal(code, 1);
    assert.deepEqual(output.match(/^ {2}(done|FAILED).*/gm), [
      '  FAILED  write with sse-s3',
      '  FAILED  write with sse-kms and the key key-1',
      '  FAILED  write with sse-kms and the key key-2',
      '  done    write without encryption',
      '  done    read back what was written without encryption',
      '  done    delete what was written without encryption',
    ]);
    assert.match(
      output.replace(/\s+/g, ' '),
      /EncryptionNotConfirmed: The store took the upload but does not say that it is/,
    );
    assert.ok(output.split('\n').every((line) => line.length <= 100));
  });

  it('says what is needed', async () => {
    for (const [status, fault, advice] of [
      [
        403,
        'AccessDenied',
        'The access key needs PutObject, GetObject and DeleteObject in the bucket lists below below/.',
      ],
      [404, 'NoSuchBucket', 'Create the bucket lists in the store, or set bucket to one that is there.'],
      [403, 'SignatureDoesNotMatch', 'Look at access_key and secret_key, or their files, and at region.'],
    ] as const) {
      store.otherwise = { kind: 'error', status, code: fault, message: 'No.' };
      const { code, output } = await check('cloud-lists');
      assert.equal(code, 1);
      const text = output.replace(/\s+/g, ' ');
      assert.match(
        text,
        new RegExp(`FAILED write without encryption ${fault}: PUT .* \\(bucket cloud-lists\\): No\\.`),
      );
      assert.ok(text.includes(advice), text);
    }
  });

  it('knows folders, and names the buckets there are', async () => {
    const local = await check('local');
    assert.equal(local.code, 0, local.output);
    assert.match(local.output, /^Bucket local, the folder \/folder\/lists:\n {2}done/);
    assert.deepEqual(readdirSync(path.join(folder, 'lists')), []);
    const unknown = await check('nowhere');
    assert.equal(unknown.code, 2);
    assert.equal(unknown.errors, "There is no bucket 'nowhere'; there are: local, cloud-lists.\n");
  });
});

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { keysOf } from '../../src/lists/manifest/keys.js';
import { renderManifest, type ManifestOptions } from '../../src/lists/manifest/manifest.js';
import type { SpooledList } from '../../src/lists/model.js';
import { contentTypeOf } from '../../src/lists/destination/objects.js';
import { settingsWith } from '../support/lists.js';

const due = new Date('2026-11-25T02:00:00Z');
const place = { prefix: 'regionone', source: 'placement', id: 'nightly', due };

const list: SpooledList = {
  takenAt: new Date('2026-11-25T02:00:01.391Z'),
  rows: 4,
  trees: { count: 2, first: 'h1' },
  parts: [
    {
      name: '745a29e3-bfaa-490d-9109-47086afcc8f2.csv.gz',
      path: '/nowhere',
      size: 180,
      rows: 4,
      md5: 'f77449179760c3b13f1e76110f07a1b2',
      sha256: '',
    },
  ],
  schema: 'Bucket, Key, ProviderUuid, Total, Used',
  warnings: [],
};

function rendered(options: Partial<ManifestOptions> = {}): {
  json: Record<string, unknown>;
  text: string;
  checksum: string;
} {
  const { manifest, checksum } = renderManifest({
    variant: 's3',
    bucket: 'cloud-lists',
    keys: keysOf(place),
    source: 'placement',
    settings: settingsWith(),
    run: 812,
    id: 'nightly',
    due,
    list: { ...list, changes: '1.57.0' },
    ...options,
  });
  const text = manifest.toString();
  return { json: JSON.parse(text) as Record<string, unknown>, text, checksum: checksum.toString() };
}

describe('the manifest of a list', () => {
  it('is to the member that of the worked example, as S3 has it', () => {
    const { json, text, checksum } = rendered();
    assert.deepEqual(json, {
      sourceBucket: 'placement',
      destinationBucket: 'arn:aws:s3:::cloud-lists',
      version: '2016-11-30',
      creationTimestamp: '1795572001391',
      fileFormat: 'CSV',
      fileSchema: 'Bucket, Key, ProviderUuid, Total, Used',
      files: [
        {
          key: 'regionone/placement/nightly/data/745a29e3-bfaa-490d-9109-47086afcc8f2.csv.gz',
          size: 180,
          MD5checksum: 'f77449179760c3b13f1e76110f07a1b2',
        },
      ],
      stockroom: {
        run: 812,
        list: 'nightly',
        dueAt: '2026-11-25T02:00:00Z',
        takenAt: '2026-11-25T02:00:01.391Z',
        rows: [4],
        filter: null,
        versions: 'Current',
        changes: '1.57.0',
      },
    });
    assert.ok(!text.includes('\n'));
    assert.equal(checksum, createHash('md5').update(text).digest('hex'));
  });

  it('is as OSS has it: a plain name, seconds, another version, MD5 in upper case', () => {
    const { json, text, checksum } = rendered({ variant: 'oss' });
    assert.equal(json['destinationBucket'], 'cloud-lists');
    assert.equal(json['creationTimestamp'], '1795572001');
    assert.equal(json['version'], '2019-09-01');
    assert.equal((json['files'] as { MD5checksum: string }[])[0]!.MD5checksum, 'F77449179760C3B13F1E76110F07A1B2');
    assert.equal(checksum, createHash('md5').update(text).digest('hex').toUpperCase());
    assert.equal(checksum.length, 32);
  });

  it('of a folder is that of S3 with the plain name of its section', () => {
    const { json } = rendered({ variant: 'folder', bucket: 'local' });
    assert.equal(json['destinationBucket'], 'local');
    assert.equal(json['version'], '2016-11-30');
    assert.equal(json['creationTimestamp'], '1795572001391');
  });

  it('names the keys with the root of the bucket, the filter and the versions; no cursor without history', () => {
    const settings = settingsWith({ format: 'parquet', prefix: 'h1/', versions: 'all' });
    const { json } = rendered({ root: 'lists/here', settings, list, run: null });
    const { files, fileFormat, stockroom } = json as {
      files: { key: string }[];
      fileFormat: string;
      stockroom: Record<string, unknown>;
    };
    assert.match(files[0]!.key, /^lists\/here\/regionone\/placement\/nightly\/data\/745a29e3/);
    assert.equal(fileFormat, 'Parquet');
    assert.deepEqual(Object.keys(stockroom), ['list', 'dueAt', 'takenAt', 'rows', 'filter', 'versions']);
    assert.deepEqual([stockroom['filter'], stockroom['versions']], [{ prefix: 'h1/' }, 'All']);
  });
});

describe('the keys of a list', () => {
  it('have one slash, wherever the prefix has or lacks one', () => {
    for (const prefix of ['a/b', '/a/b', 'a/b/', '/a/b/']) {
      const keys = keysOf({ ...place, prefix });
      assert.equal(keys.manifest, 'a/b/placement/nightly/2026-11-25T02-00Z/manifest.json');
      assert.equal(keys.checksum, 'a/b/placement/nightly/2026-11-25T02-00Z/manifest.checksum');
      assert.equal(keys.data('x.csv.gz'), 'a/b/placement/nightly/data/x.csv.gz');
    }
    for (const prefix of ['', '/']) {
      assert.equal(keysOf({ ...place, prefix }).manifest, 'placement/nightly/2026-11-25T02-00Z/manifest.json');
    }
  });

  it('have content types', () => {
    assert.equal(contentTypeOf('u-1.csv.gz'), 'application/gzip');
    assert.equal(contentTypeOf('u.parquet'), 'application/vnd.apache.parquet');
    assert.equal(contentTypeOf('manifest.json'), 'application/json');
    assert.equal(contentTypeOf('manifest.checksum'), 'text/plain');
  });
});

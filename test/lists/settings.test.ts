import assert from 'node:assert/strict';
import { ApiError } from '../../src/errors.js';
import type { ListBucket } from '../../src/lists/model.js';
import { settingsOf, type JobChoices } from '../../src/lists/job/settings.js';

const store: ListBucket = {
  type: 's3',
  name: 'cloud-lists',
  endpoint: 'https://rgw.example.org',
  region: 'us-east-1',
  bucket: 'cloud-lists',
  root: 'below',
  addressing: 'path',
  accessKey: { value: 'key' },
  secretKey: { value: 'secret' },
  encryption: ['sse-s3', 'sse-kms', 'none'],
  encryptionHeader: 'amz',
  encryptionProof: true,
  kmsKeys: ['key-1', 'key-2'],
  manifest: 's3',
  caFile: null,
  timeout: 60,
};
const choices: JobChoices = {
  source: 'placement',
  at: '03:30',
  buckets: [
    { type: 'folder', name: 'local', path: '/lists' },
    store,
    { ...store, name: 'deep', root: 'r'.repeat(900), encryption: ['none'] },
    { ...store, name: 'kms', encryption: ['sse-kms'] },
  ],
  hooks: [{ name: 'billing' }, { name: 'audit' }],
};
const smallest = { enabled: true, schedule: { frequency: 'daily' }, destination: {} };

describe('the settings of an inventory job', () => {
  it('have a default for each member', () => {
    assert.deepEqual(settingsOf(smallest, 'nightly', choices), {
      enabled: true,
      filter: null,
      included_versions: 'current',
      optional_fields: [
        'LastModifiedDate',
        'ProviderUuid',
        'ProviderName',
        'RootName',
        'ResourceClass',
        'Total',
        'Reserved',
        'AllocationRatio',
        'Capacity',
        'Used',
        'Free',
        'Generation',
      ],
      schedule: { frequency: 'daily', at: '03:30' },
      destination: { bucket: 'local', prefix: '', format: 'csv', encryption: null },
      keep_days: null,
      notify: [],
    });
  });

  it('are kept as they are given, fields in the order of the list', () => {
    const given = {
      id: 'nightly',
      enabled: false,
      filter: { prefix: 'cell1-ü%/' },
      included_versions: 'all',
      optional_fields: ['Used', 'Size'],
      schedule: { frequency: 'weekly', at: '23:59', day: 'friday' },
      destination: {
        bucket: 'cloud-lists',
        prefix: 'a/b',
        format: 'parquet',
        encryption: { type: 'sse-kms', key_id: 'key-2' },
      },
      keep_days: 90,
      notify: ['audit', 'billing'],
    };
    const { id, ...rest } = given;
    assert.equal(id, 'nightly');
    assert.deepEqual(settingsOf(given, 'nightly', choices), { ...rest, optional_fields: ['Size', 'Used'] });
    const weekly = settingsOf({ ...smallest, schedule: { frequency: 'weekly' } }, 'a', choices);
    assert.deepEqual(weekly.schedule, { frequency: 'weekly', at: '03:30', day: 'sunday' });
    assert.deepEqual(settingsOf({ ...smallest, optional_fields: [] }, 'a', choices).optional_fields, []);
  });

  it('have the encryption of the bucket unless they name one', () => {
    const of = (destination: object) => settingsOf({ ...smallest, destination }, 'a', choices).destination.encryption;
    assert.deepEqual(of({ bucket: 'cloud-lists' }), { type: 'sse-s3' });
    assert.equal(of({ bucket: 'cloud-lists', encryption: null }), null);
    assert.deepEqual(of({ bucket: 'kms' }), { type: 'sse-kms', key_id: null });
    assert.deepEqual(of({ bucket: 'kms', encryption: { type: 'sse-kms', key_id: 'key-1' } }), {
      type: 'sse-kms',
      key_id: 'key-1',
    });
    assert.equal(of({ bucket: 'deep' }), null);
  });

  it('drop the slashes at the ends of the prefix, however many', () => {
    for (const prefix of ['regionone', '/regionone', 'regionone/', '//regionone///']) {
      assert.equal(settingsOf({ ...smallest, destination: { prefix } }, 'a', choices).destination.prefix, 'regionone');
    }
    assert.equal(settingsOf({ ...smallest, destination: { prefix: '///' } }, 'a', choices).destination.prefix, '');
  });

  // Member, a wrong value, and the message about it.
  const rejected: readonly (readonly [member: string, body: unknown, message: RegExp])[] = [
    ['body', [], /^body: expected an object, got \[\]\.$/],
    ['body', 'x', /^body: expected an object, got "x"\.$/],
    ['enabled', { ...smallest, enabled: undefined }, /^enabled: expected true or false, got nothing\.$/],
    ['enabled', { ...smallest, enabled: 'true' }, /^enabled: expected true or false, got "true"\.$/],
    ['id', { ...smallest, id: 'other' }, /^id: expected nightly, the id of the path, or no member, got "other"\.$/],
    [
      'color',
      { ...smallest, color: 'red' },
      /^color: expected no such member \(there are id, enabled, .*\), got "red"\.$/,
    ],
    ['filter', { ...smallest, filter: 'x' }, /^filter: expected null or \{"prefix": .*, got "x"\.$/],
    ['filter', { ...smallest, filter: {} }, /^filter\.prefix: expected .*, got nothing\.$/],
    ['filter', { ...smallest, filter: { prefix: 'a', suffix: 'b' } }, /^filter\.suffix: expected no such member/],
    [
      'filter',
      { ...smallest, filter: { prefix: 'ü'.repeat(513) } },
      /^filter\.prefix: expected at most 1024 bytes, got "üü/,
    ],
    ['filter', { ...smallest, filter: { prefix: 'a\0' } }, /^filter\.prefix: expected .* without NUL/],
    ['filter', { ...smallest, filter: { prefix: '\ud800' } }, /^filter\.prefix: /],
    [
      'included_versions',
      { ...smallest, included_versions: 'All' },
      /^included_versions: expected current or all, got "All"\.$/,
    ],
    [
      'optional_fields',
      { ...smallest, optional_fields: 'Size' },
      /^optional_fields: expected a list .*, got "Size"\.$/,
    ],
    [
      'optional_fields',
      { ...smallest, optional_fields: ['ObjectLockMode'] },
      /^optional_fields\.0: expected one of Size, .*Aggregates, got "ObjectLockMode"\.$/,
    ],
    [
      'optional_fields',
      { ...smallest, optional_fields: ['Size', 'Size'] },
      /^optional_fields: expected .* each once, got \["Size","Size"\]\.$/,
    ],
    [
      'schedule',
      { ...smallest, schedule: undefined },
      /^schedule: expected an object with frequency, .*, got nothing\.$/,
    ],
    ['schedule', { ...smallest, schedule: {} }, /^schedule\.frequency: expected daily or weekly, got nothing\.$/],
    [
      'schedule',
      { ...smallest, schedule: { frequency: 'monthly' } },
      /^schedule\.frequency: expected daily or weekly, got "monthly"\.$/,
    ],
    [
      'schedule',
      { ...smallest, schedule: { frequency: 'daily', at: '24:00' } },
      /^schedule\.at: expected HH:MM .*, got "24:00"\.$/,
    ],
    ['schedule', { ...smallest, schedule: { frequency: 'daily', at: '2:00' } }, /^schedule\.at: /],
    [
      'schedule',
      { ...smallest, schedule: { frequency: 'daily', day: 'monday' } },
      /^schedule\.day: expected no member with frequency daily, got "monday"\.$/,
    ],
    [
      'schedule',
      { ...smallest, schedule: { frequency: 'weekly', day: 'Monday' } },
      /^schedule\.day: expected one of sunday, /,
    ],
    [
      'destination',
      { ...smallest, destination: undefined },
      /^destination: expected an object with bucket, .*, got nothing\.$/,
    ],
    [
      'destination',
      { ...smallest, destination: { bucket: 'elsewhere' } },
      /^destination\.bucket: expected a bucket of the configuration \(local, cloud-lists, deep, kms\), got "elsewhere"\.$/,
    ],
    [
      'destination',
      { ...smallest, destination: { prefix: 'a//b' } },
      /^destination\.prefix: expected no part .* empty, \. or \.\., got "a\/\/b"\.$/,
    ],
    ['destination', { ...smallest, destination: { prefix: '../x' } }, /^destination\.prefix: /],
    ['destination', { ...smallest, destination: { prefix: './x' } }, /^destination\.prefix: /],
    ['destination', { ...smallest, destination: { prefix: 'a/..' } }, /^destination\.prefix: /],
    [
      'destination',
      { ...smallest, destination: { prefix: '%2e%2e/x' } },
      /^destination\.prefix: expected at most 512 characters/,
    ],
    ['destination', { ...smallest, destination: { prefix: 'a\0b' } }, /^destination\.prefix: /],
    [
      'destination',
      { ...smallest, destination: { prefix: 'a'.repeat(513) } },
      /^destination\.prefix: expected at most 512 characters .*a\.\.\./,
    ],
    [
      'destination',
      { ...smallest, destination: { bucket: 'deep', prefix: 'a'.repeat(60) } },
      /^destination\.prefix: expected keys of at most 1024 bytes/,
    ],
    [
      'destination',
      { ...smallest, destination: { format: 'orc' } },
      /^destination\.format: expected csv or parquet, got "orc"\.$/,
    ],
    [
      'destination',
      { ...smallest, destination: { encryption: { type: 'sse-s3' } } },
      /^destination\.encryption: expected none in the bucket local, got "sse-s3"\.$/,
    ],
    [
      'destination',
      { ...smallest, destination: { bucket: 'kms', encryption: null } },
      /^destination\.encryption: expected sse-kms in the bucket kms, got null\.$/,
    ],
    [
      'destination',
      { ...smallest, destination: { bucket: 'kms', encryption: { type: 'sse-c' } } },
      /^destination\.encryption\.type: expected sse-s3 or sse-kms, got "sse-c"\.$/,
    ],
    [
      'destination',
      { ...smallest, destination: { bucket: 'kms', encryption: { type: 'sse-kms', key_id: 'mine' } } },
      /^destination\.encryption\.key_id: expected key-1 or key-2 or null, got "mine"\.$/,
    ],
    [
      'destination',
      { ...smallest, destination: { bucket: 'cloud-lists', encryption: { type: 'sse-s3', key_id: 'key-1' } } },
      /^destination\.encryption\.key_id: expected no member without sse-kms, got "key-1"\.$/,
    ],
    [
      'destination',
      { ...smallest, destination: { endpoint: 'http://elsewhere' } },
      /^destination\.endpoint: expected no such member/,
    ],
    [
      'keep_days',
      { ...smallest, keep_days: 0 },
      /^keep_days: expected null or a whole number from 1 to 3650, got 0\.$/,
    ],
    ['keep_days', { ...smallest, keep_days: 3651 }, /^keep_days: /],
    ['keep_days', { ...smallest, keep_days: 1.5 }, /^keep_days: /],
    [
      'notify',
      { ...smallest, notify: ['nobody'] },
      /^notify: expected a hook of the configuration \(billing, audit\), got "nobody"\.$/,
    ],
    ['notify', { ...smallest, notify: ['billing', 'billing'] }, /^notify: expected .* each once/],
    ['notify', { ...smallest, notify: ['a', 'b', 'c', 'd', 'e', 'f'] }, /^notify: expected a list of at most 5 names/],
    ['notify', { ...smallest, notify: ['http://elsewhere/'] }, /^notify: expected a hook of the configuration/],
  ];
  for (const [index, [member, body, message]] of rejected.entries()) {
    it(`are rejected with member, value and choices: ${member} (${index})`, () => {
      assert.throws(
        () => settingsOf(JSON.parse(JSON.stringify(body)), 'nightly', choices),
        (error) => {
          assert.ok(error instanceof ApiError);
          assert.deepEqual([error.status, error.code], [400, 'stockroom.lists.invalid']);
          assert.match(error.message, message);
          assert.ok(error.message.length < 1000);
          return true;
        },
      );
    });
  }

  for (const id of ['', '.', '..', 'now', 'a/b', 'ü', 'a b', 'a'.repeat(65), 'a\n', '%2e%2e', 'a\0']) {
    it(`cannot have the id ${JSON.stringify(id)}`, () => {
      assert.throws(() => settingsOf(smallest, id, choices), /^Error: id: expected 1 to 64 characters of/);
    });
  }
  for (const id of ['a', 'A-Z_0.9', '...', '-', 'a'.repeat(64)]) {
    it(`may have the id ${id}`, () => {
      assert.equal(settingsOf(smallest, id, choices).enabled, true);
    });
  }
});

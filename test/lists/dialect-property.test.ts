import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readConfiguration } from '../../src/lists/dialect/configuration-read.js';
import { writeConfiguration } from '../../src/lists/dialect/configuration-write.js';
import { DialectError } from '../../src/lists/dialect/error.js';
import { readOperation, readTarget } from '../../src/lists/dialect/request.js';
import { MalformedAuthorization, type Dialect } from '../../src/lists/dialect/signature/signed-request.js';
import { readRequestSignature } from '../../src/lists/dialect/signature/read.js';
import { OPTIONAL_FIELDS, type JobSettings, type ListBucket } from '../../src/lists/model.js';
import { bucketAt } from '../support/s3-store.js';

const BUCKETS: ListBucket[] = ['plain', 'lists-2024'].map((name) => ({
  type: 's3',
  ...bucketAt('http://store', { name }),
}));

const dialects = fc.constantFrom<Dialect>('s3', 'oss', 'cos');

/** Text as a job may have it: anything but what XML cannot hold, which comes back as U+FFFD. */
const text = fc
  .string({ unit: 'binary', maxLength: 40 })
  .map((one) => one.toWellFormed().replace(/[^\t\n\r\u0020-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD'));

const settings: fc.Arbitrary<JobSettings> = fc.record({
  enabled: fc.boolean(),
  filter: fc.option(text.filter((one) => one !== '').map((prefix) => ({ prefix }))),
  included_versions: fc.constantFrom('current', 'all'),
  optional_fields: fc.subarray([...OPTIONAL_FIELDS]),
  schedule: fc.constantFrom({ frequency: 'daily', at: '02:00' }, { frequency: 'weekly', at: '02:00', day: 'sunday' }),
  destination: fc.record({
    bucket: fc.constantFrom('plain', 'lists-2024'),
    prefix: fc.constantFrom('', 'a', "a b/!_.*'()~-/c"),
    format: fc.constantFrom('csv', 'parquet'),
    encryption: fc.constantFrom(
      null,
      { type: 'sse-s3' },
      { type: 'sse-kms', key_id: null },
      { type: 'sse-kms', key_id: 'arn:aws:kms:a:1:key/b&<c>' },
    ),
  }),
  keep_days: fc.constant(null),
  notify: fc.constant([]),
});

function onlyThrows(kind: abstract new (...args: never[]) => Error, work: () => unknown): void {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof kind, String(error));
  }
}

describe('the S3 dialect, whatever it gets', () => {
  it('reads what it writes', () => {
    fc.assert(
      fc.property(settings, dialects, (job, dialect) => {
        const document = writeConfiguration({ id: 'job-1', settings: job }, dialect, BUCKETS);
        const read = readConfiguration(
          document,
          BUCKETS.map(({ name }) => name),
        );
        assert.deepEqual(
          { ...read, foreign: undefined },
          {
            id: 'job-1',
            enabled: job.enabled,
            prefix: job.filter?.prefix ?? null,
            versions: job.included_versions,
            fields: job.optional_fields,
            frequency: job.schedule.frequency,
            destination: { ...job.destination, encryption: job.destination.encryption ?? undefined },
            foreign: undefined,
          },
        );
      }),
    );
  });

  it('rejects documents with an error of the dialect', () => {
    const word = fc.constantFrom(
      '<',
      '>',
      '</',
      '/>',
      '<Id>',
      '</Id>',
      '<InventoryConfiguration>',
      '&amp;',
      '&',
      '&#0;',
      'x',
      '<![CDATA[',
      ']]>',
      '<!--',
      '-->',
      '<?xml ',
      '?>',
      '"',
      "'",
      '<!DOCTYPE ',
    );
    const soup = fc.array(word, { maxLength: 30 }).map((words) => words.join(''));
    fc.assert(
      fc.property(fc.oneof(soup, fc.string({ unit: 'binary' })), (document) => {
        onlyThrows(DialectError, () => readConfiguration(document, ['local']));
      }),
      { numRuns: 1000 },
    );
  });

  it('rejects URLs and signatures with an error of the dialect', () => {
    const piece = fc.constantFrom(
      '/',
      '?',
      '&',
      '=',
      '%',
      '%2',
      '%2f',
      '%ff',
      'placement',
      'inventory',
      'id',
      'inventoryId',
      'continuation-token',
      'x',
      '..',
      '+',
      ';',
    );
    const url = fc.array(piece, { maxLength: 20 }).map((pieces) => `/${pieces.join('')}`);
    const start = fc.constantFrom('AWS4-HMAC-SHA256 ', 'OSS ', 'OSS4-HMAC-SHA256 ', 'q-sign-algorithm=sha1&', '');
    const header = fc
      .tuple(
        start,
        fc.array(
          fc.constantFrom(
            'Credential=',
            'a',
            '/',
            ',',
            ' ',
            'SignedHeaders=host',
            'Signature=',
            '0'.repeat(64),
            'q-ak=',
            '&',
            'q-sign-time=1;2',
            '20261126',
            'aws4_request',
            ':',
            '=',
          ),
          { maxLength: 20 },
        ),
      )
      .map(([first, rest]) => first + rest.join(''));
    fc.assert(
      fc.property(
        url,
        header,
        fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'HEAD', 'X'),
        (path, authorization, method) => {
          onlyThrows(DialectError, () => {
            const target = readTarget(path, 'placement.stores.test', 'stores.test');
            const headers = { authorization, 'x-amz-date': '20261126T000000Z', 'x-oss-date': '20261126T000000Z' };
            onlyThrows(MalformedAuthorization, () => {
              const claim = readRequestSignature({ method, headers, ...target, bucket: target.bucket ?? 'placement' });
              assert.equal(claim?.isSignedWith('secret') ?? false, false);
            });
            const covered = { coversParameter: () => true } as unknown as Parameters<typeof readOperation>[3];
            readOperation(method, target, 'placement', covered);
          });
        },
      ),
      { numRuns: 1000 },
    );
  });
});

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { JobSettings, ListBucket } from '../../src/lists/model.js';
import { createTestDatabase, sql } from '../support/database.js';
import { startTestDialect, type TestDialect } from '../support/dialect.js';
import { cleanUp, temporaryFolder } from '../support/process.js';
import { startProxy } from '../support/proxy.js';
import { play, type PlayedResponse } from '../support/record-requests.js';
import { bucketAt } from '../support/s3-store.js';

const KEY = { type: 'sse-kms', key_id: 'key-1' };

/** With noauth2 the access key is the token, and any signature will do. */
const AUTHORIZATIONS = {
  s3: (token: string) =>
    `AWS4-HMAC-SHA256 Credential=${token}/20261126/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=${'0'.repeat(64)}`,
  oss: (token: string) =>
    `OSS4-HMAC-SHA256 Credential=${token}/20261126/x/oss/aliyun_v4_request,Signature=${'0'.repeat(64)}`,
  cos: (token: string) =>
    `q-sign-algorithm=sha1&q-ak=${token}&q-sign-time=1;2&q-key-time=1;2&q-header-list=&q-url-param-list=id;inventory&q-signature=${'0'.repeat(40)}`,
};
type Dialect = keyof typeof AUTHORIZATIONS;

interface Sent {
  readonly dialect?: Dialect;
  readonly token?: string;
  readonly host?: string;
  readonly body?: string | Buffer;
}

function send(
  port: number,
  method: string,
  url: string,
  { dialect = 's3', token = 'admin', host = '127.0.0.1', body = '' }: Sent = {},
): Promise<PlayedResponse> {
  const headers = {
    host,
    authorization: AUTHORIZATIONS[dialect](token),
    'x-amz-date': '20261126T000000Z',
    'x-oss-date': '20261126T000000Z',
    'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
  };
  return play(port, { method, url, rawHeaders: Object.entries(headers).flat(), body: Buffer.from(body) });
}

/** A configuration, with parts of it replaced. */
function xml(changes: Record<string, string> = {}, id = 'job'): string {
  const parts: Record<string, string> = {
    Id: `<Id>${id}</Id>`,
    IsEnabled: '<IsEnabled>false</IsEnabled>',
    Filter: '',
    Destination:
      '<Destination><S3BucketDestination><Bucket>arn:aws:s3:::local</Bucket><Format>CSV</Format></S3BucketDestination></Destination>',
    Schedule: '<Schedule><Frequency>Daily</Frequency></Schedule>',
    Versions: '<IncludedObjectVersions>Current</IncludedObjectVersions>',
    OptionalFields: '',
    ...changes,
  };
  return `<InventoryConfiguration>${Object.values(parts).join('')}</InventoryConfiguration>`;
}

const destination = (kind: string, inside: string): string =>
  `<Destination><${kind}BucketDestination>${inside}</${kind}BucketDestination></Destination>`;

describe('requests of the S3 dialect', () => {
  let dialect: TestDialect;
  const buckets: ListBucket[] = [
    { type: 's3', ...bucketAt('http://127.0.0.1:1', { name: 'plain', region: 'ap-guangzhou' }) },
    {
      type: 's3',
      ...bucketAt('http://127.0.0.1:1', {
        name: 'vault',
        encryption: ['sse-s3', 'sse-kms', 'none'],
        kmsKeys: ['key-1'],
      }),
    },
    { type: 's3', ...bucketAt('http://127.0.0.1:1', { name: 'lists-2024' }) },
  ];
  before(async () => {
    dialect = await startTestDialect({ listBuckets: buckets });
  });
  after(() => dialect.close());

  const call = (method: string, url: string, sent?: Sent): Promise<PlayedResponse> =>
    send(dialect.port, method, url, sent);
  async function settings(id = 'job'): Promise<JobSettings> {
    const [row] = await sql(dialect.test.databaseUrl, `select settings from list_jobs where id = '${id}'`);
    return row!['settings'] as JobSettings;
  }
  async function set(body: string, dialectName: Dialect = 's3', id = 'job'): Promise<PlayedResponse> {
    return call('PUT', `/placement?inventory&id=${id}`, { body, dialect: dialectName });
  }
  async function accepted(body: string, dialectName?: Dialect): Promise<void> {
    const response = await set(body, dialectName);
    assert.equal(response.status, 200, response.text);
    assert.equal(response.text, '');
  }
  async function rejected(body: string, message: string | RegExp, code = '400 InvalidArgument'): Promise<void> {
    const { status, code: got, text } = await set(body);
    assert.equal(`${status} ${got}`, code, text);
    const said =
      /<Message>(.*?)<\/Message>/s.exec(text)?.[1]?.replaceAll('&quot;', '"').replaceAll('&apos;', "'") ?? '';
    if (typeof message === 'string') assert.equal(said, message);
    else assert.match(said, message);
  }

  it('name the source in the path, in the host, with the number of an account, or not at all', async () => {
    await accepted(xml());
    for (const url of ['/placement', '/placement/', '/placement-1250000000', '/', '/%70lacement']) {
      assert.equal((await call('GET', `${url}?inventory&id=job`)).status, 200, url);
    }
    for (const host of ['placement.stores.test', 'PLACEMENT.stores.test:8080', 'placement-1250000000.stores.test']) {
      assert.equal((await call('GET', '/?inventory&id=job', { host })).status, 200, host);
      assert.equal(
        (await call('GET', '/placement/?inventory&id=job', { host })).status,
        host.includes('-') ? 501 : 200,
      );
    }
    for (const [url, host] of [
      ['/other', '127.0.0.1'],
      ['/placement-x', '127.0.0.1'],
      ['/', 'other.stores.test'],
    ] as const) {
      const { status, code } = await call('GET', `${url}?inventory&id=job`, { host });
      assert.equal(`${status} ${code}`, '404 NoSuchBucket', `${host}${url}`);
    }
  });

  it('have parameters in any order, with = or without, beside unknown ones', async () => {
    await accepted(xml());
    for (const query of [
      'inventory&id=job',
      'inventory=&id=job',
      'id=job&inventory',
      'x-id=GetBucketInventoryConfiguration&id=job&&inventory=&other',
      'inventoryId=job&inventory',
      'inventory&id=%6aob',
    ]) {
      assert.equal((await call('GET', `/placement?${query}`)).status, 200, query);
    }
    for (const query of [
      'inventory&id=job&id=job',
      'inventory&id=job&inventoryId=job',
      'inventory&id=',
      'inventory&id=%ff',
    ]) {
      const { status, code } = await call('GET', `/placement?${query}`);
      assert.equal(`${status} ${code}`, '400 InvalidArgument', query);
    }
    assert.equal((await call('PUT', '/placement?inventory', { body: xml() })).code, 'InvalidArgument');
    assert.equal((await call('DELETE', '/placement?inventory')).code, 'InvalidArgument');
  });

  it('are these and no others', async () => {
    const list = await call('GET', '/');
    assert.equal(list.status, 200);
    assert.match(list.text, /<ListAllMyBucketsResult xmlns=.*<Bucket><Name>placement<\/Name>/);
    assert.equal((await call('HEAD', '/placement')).status, 200);
    assert.deepEqual(await call('HEAD', '/other').then(({ status, text }) => [status, text]), [404, '']);
    for (const [method, url] of [
      ['GET', '/placement'],
      ['GET', '/placement/key'],
      ['PUT', '/placement/key?inventory&id=job'],
      ['PUT', '/placement'],
      ['DELETE', '/placement'],
      ['POST', '/placement?delete'],
      ['PATCH', '/placement?inventory&id=job'],
      ['OPTIONS', '/placement'],
    ] as const) {
      const { status, code } = await call(method, url);
      assert.equal(`${status} ${code}`, '501 NotImplemented', `${method} ${url}`);
    }
  });

  it('run a job', async () => {
    await accepted(xml());
    const response = await call('POST', '/placement?inventory&id=job', { dialect: 'cos' });
    const [{ id } = { id: '' }] = await sql<{ id: string }>(dialect.test.databaseUrl, 'select id from list_runs');
    assert.equal(response.status, 200, response.text);
    assert.match(response.text, new RegExp(`<PostInventoryResult><JobId>${id}</JobId></PostInventoryResult>$`));
    const again = await call('POST', '/placement?inventory&id=job', { dialect: 'cos' });
    assert.equal(`${again.status} ${again.code}`, '409 OperationAborted');
    const own = await call('POST', '/placement?inventory&id=job', { body: xml() });
    assert.equal(`${own.status} ${own.code}`, '501 NotImplemented');
    const none = await call('POST', '/placement?inventory&id=none');
    assert.equal(`${none.status} ${none.code}`, '404 NoSuchConfiguration');
    await call('DELETE', '/placement?inventory&id=job');
  });

  it('are under the policy rules of the native routes', async () => {
    await accepted(xml());
    const requests = [
      ['GET', '/'],
      ['HEAD', '/placement'],
      ['GET', '/placement?inventory'],
      ['GET', '/placement?inventory&id=job'],
      ['PUT', '/placement?inventory&id=job'],
      ['DELETE', '/placement?inventory&id=job'],
      ['POST', '/placement?inventory&id=job'],
    ] as const;
    for (const [method, url] of requests) {
      const { status, code } = await call(method, url, { token: 'user:project', body: method === 'PUT' ? xml() : '' });
      assert.equal(`${status} ${code}`, method === 'HEAD' ? '403 ' : '403 AccessDenied', `${method} ${url}`);
    }
    const folder = await temporaryFolder();
    const policyFile = path.join(folder, 'policy.yaml');
    writeFileSync(
      policyFile,
      ['list', 'show', 'set', 'delete', 'run'].map((one) => `"stockroom:lists:${one}": "!"\n`).join(''),
    );
    const closed = await startTestDialect({ policyFile });
    for (const [method, url] of requests) {
      const { status } = await send(closed.port, method, url, { body: method === 'PUT' ? xml() : '' });
      assert.equal(status, 403, `${method} ${url}`);
    }
    await closed.close();
    await cleanUp();
  });

  it('are rejected with 503 while the database is away', async () => {
    const databaseUrl = await createTestDatabase();
    const proxy = await startProxy(databaseUrl);
    const cut = await startTestDialect({}, undefined, proxy.url(databaseUrl));
    assert.equal((await send(cut.port, 'GET', '/placement?inventory')).status, 200);
    await proxy.reject();
    const { status, code, headers } = await send(cut.port, 'GET', '/placement?inventory');
    assert.equal(`${status} ${code}`, '503 ServiceUnavailable');
    assert.match(String(headers['retry-after']), /^\d+$/);
    await cut.close();
    await proxy.close();
  });

  describe('with a configuration', () => {
    it('read its elements by name, in any order, with what the stores add', async () => {
      const parts = [
        '<OptionalFields><Field>Used</Field><Field>Size</Field></OptionalFields>',
        '<IncludedObjectVersions> All </IncludedObjectVersions>',
        '<Schedule>\n  <Frequency>Weekly</Frequency>\n</Schedule>',
        '<Filter><Prefix> a &amp; &#x62;/&lt;</Prefix></Filter>',
        '<Id>job</Id>',
        destination(
          'S3',
          '<Prefix>/a/b/</Prefix><Format>Parquet</Format><Bucket>plain</Bucket><AccountId>1</AccountId>',
        ),
        '<IsEnabled>true</IsEnabled>',
      ].join('\n');
      const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
      const namespace = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
      await accepted(`${declaration}<InventoryConfiguration ${namespace}>${parts}</InventoryConfiguration>`);
      const { enabled, filter, included_versions, optional_fields, schedule, destination: place } = await settings();
      assert.deepEqual(
        { enabled, filter, included_versions, optional_fields, schedule, place },
        {
          enabled: true,
          filter: { prefix: ' a & b/<' },
          included_versions: 'all',
          optional_fields: ['Size', 'Used'],
          schedule: { frequency: 'weekly', at: '02:00', day: 'sunday' },
          place: { bucket: 'plain', prefix: 'a/b', format: 'parquet', encryption: null },
        },
      );
      const { text } = await call('GET', '/placement?inventory&id=job');
      assert.match(text, /<Filter><Prefix> a &amp; b\/&lt;<\/Prefix><\/Filter>/);
      await call('DELETE', '/placement?inventory&id=job');
    });

    it('name the element, what came and what is possible', async () => {
      await rejected(xml({ Id: '' }), 'InventoryConfiguration has no Id.');
      await rejected(xml({ Schedule: '' }), 'InventoryConfiguration has no Schedule.');
      await rejected(xml({ Schedule: '<Schedule/>' }), 'Schedule has no Frequency.');
      await rejected(
        xml({ Schedule: '<Schedule><Frequency>Monthly</Frequency></Schedule>' }),
        'Frequency is "Monthly"; expected one of Daily, Weekly.',
      );
      await rejected(
        xml({ Schedule: '<Schedule><Frequency>Daily</Frequency><MonthlyDate>1</MonthlyDate></Schedule>' }),
        'Schedule has the element MonthlyDate, which is not known here; known are Frequency.',
      );
      await rejected(
        xml({ Filter: '<Filter><And><Prefix>a</Prefix></And></Filter>' }),
        'Filter has the element And, which is not known here; known are Prefix.',
      );
      await rejected(
        xml({ IsEnabled: '<IsEnabled>yes</IsEnabled>' }),
        'IsEnabled is "yes"; expected one of true, false.',
      );
      await rejected(
        xml({ OptionalFields: '<OptionalFields><Field>ObjectLockMode</Field></OptionalFields>' }),
        /^Field is "ObjectLockMode"; expected one of Size, .*, Aggregates\.$/,
      );
      await rejected(
        xml({ OptionalFields: '<OptionalFields><Field>Size</Field><Field>Size</Field></OptionalFields>' }),
        'The Field Size is there twice.',
      );
      await rejected(
        xml({ Extra: '<Tags/>' }),
        /^InventoryConfiguration has the element Tags, which is not known here;/,
      );
      await rejected(xml({ Extra: '<Id>job</Id>' }), 'InventoryConfiguration has Id twice.');
      await rejected(
        xml({ Destination: '<Destination/>' }),
        /^Destination has to hold one element, one of S3BucketDestination,/,
      );
      await rejected(
        xml({ Destination: destination('S3', '<Bucket>plain</Bucket><Format>ORC</Format>') }),
        'Format is "ORC"; expected one of CSV, Parquet.',
      );
      await rejected(
        xml({ Destination: destination('S3', '<Bucket>no</Bucket><Format>CSV</Format>') }),
        /plain, vault/,
      );
      await rejected(xml({}, 'other'), 'The Id of the configuration is other, that of the URL is job.');
      for (const id of ['now', 'a b', 'x'.repeat(65)]) {
        const response = await set(xml({}, id), 's3', encodeURIComponent(id));
        assert.equal(`${response.status} ${response.code}`, '400 InvalidArgument', id);
      }
    });

    it('do not lead a list out of its place', async () => {
      for (const folder of ['../x', 'a/../b', 'a//b', 'a/./b', '%2e%2e/x', 'a\\b', 'a\tb', '\u00e4']) {
        const inside = `<Bucket>local</Bucket><Format>CSV</Format><Prefix>${folder}</Prefix>`;
        await rejected(xml({ Destination: destination('S3', inside) }), /^destination\.prefix: expected /);
      }
      const nul = '<Bucket>local</Bucket><Format>CSV</Format><Prefix>a&#0;b</Prefix>';
      const response = await set(xml({ Destination: destination('S3', nul) }));
      assert.equal(response.status, 400, response.text);
    });

    it('read buckets in any form, and return the form of the dialect', async () => {
      const kinds = { s3: 'S3', oss: 'OSS', cos: 'COS' } as const;
      for (const [sent, name] of [
        ['plain', 'plain'],
        ['arn:aws:s3:::plain', 'plain'],
        ['arn:aws-cn:s3:::plain', 'plain'],
        ['acs:oss:::plain', 'plain'],
        ['acs:oss:cn-hangzhou:1234:plain', 'plain'],
        ['qcs::cos:ap-guangzhou::plain-1250000000', 'plain'],
        ['plain-1250000000', 'plain'],
        // The name of a section may look like that of a bucket of COS.
        ['arn:aws:s3:::lists-2024', 'lists-2024'],
        ['qcs::cos:ap-guangzhou::lists-2024-1250000000', 'lists-2024'],
      ] as const) {
        for (const [dialectName, kind] of Object.entries(kinds) as [Dialect, string][]) {
          const inside = `<Bucket>${sent}</Bucket><Format>CSV</Format>`;
          await accepted(xml({ Destination: destination(kind, inside) }), dialectName);
          assert.equal((await settings()).destination.bucket, name, sent);
          const { text } = await call('GET', '/placement?inventory&id=job', { dialect: dialectName });
          // As it was sent.
          assert.match(text, new RegExp(`<${kind}BucketDestination>.*<Bucket>${sent}</Bucket>`));
        }
      }
      await accepted(xml({ Destination: destination('S3', '<Bucket>vault</Bucket><Format>CSV</Format>') }));
      const forms = { s3: 'vault', oss: 'acs:oss:::vault', cos: 'qcs::cos:us-east-1::vault' };
      for (const [dialectName, form] of Object.entries(forms) as [Dialect, string][]) {
        const { text } = await call('GET', '/placement?inventory&id=job', { dialect: dialectName });
        assert.match(text, new RegExp(`<Bucket>${form}</Bucket>`), dialectName);
      }
    });

    it('ask for encryption in the words of the dialect', async () => {
      const inVault = (kind: string, encryption: string): string =>
        xml({ Destination: destination(kind, `<Bucket>vault</Bucket><Format>CSV</Format>${encryption}`) });
      const words = { s3: ['S3', 'SSE-S3'], oss: ['OSS', 'SSE-OSS'], cos: ['COS', 'SSE-COS'] } as const;
      for (const [dialectName, [kind, word]] of Object.entries(words) as [Dialect, readonly [string, string]][]) {
        await accepted(inVault(kind, `<Encryption><${word}/></Encryption>`), dialectName);
        assert.deepEqual((await settings()).destination.encryption, { type: 'sse-s3' });
        const { text } = await call('GET', '/placement?inventory&id=job', { dialect: dialectName });
        assert.match(text, new RegExp(`<Encryption><${word}></${word}></Encryption>`));
        for (const name of ['KeyId', 'keyId']) {
          const kms = `<Encryption><SSE-KMS><${name}>key-1</${name}></SSE-KMS></Encryption>`;
          await accepted(inVault(kind, kms), dialectName);
          assert.deepEqual((await settings()).destination.encryption, KEY);
        }
        // Empty or absent: what the section says.
        for (const none of ['', '<Encryption/>', '<Encryption></Encryption>']) {
          await accepted(inVault(kind, none), dialectName);
          assert.deepEqual((await settings()).destination.encryption, { type: 'sse-s3' });
        }
      }
      await accepted(inVault('COS', '<Encryption><SSECOS/></Encryption>'), 'cos');
      await rejected(
        inVault('S3', '<Encryption><SSE-C/></Encryption>'),
        /element SSE-C, which is not known here; known are SSE-S3/,
      );
      await rejected(inVault('S3', '<Encryption><SSE-KMS><KeyId>x</KeyId></SSE-KMS></Encryption>'), /key-1/);
      const plain = '<Bucket>plain</Bucket><Format>CSV</Format><Encryption><SSE-S3/></Encryption>';
      await rejected(xml({ Destination: destination('S3', plain) }), /encryption/);
    });

    it('keep what no dialect can say, and what another dialect has said', async () => {
      const oss =
        '<Format>CSV</Format><AccountId>1234</AccountId><RoleArn>acs:ram::1234:role/R</RoleArn><Bucket>acs:oss:::plain</Bucket>';
      await accepted(xml({ Destination: destination('OSS', oss) }), 'oss');
      const native = `settings || '{"keep_days": 90, "schedule": {"frequency": "weekly", "at": "04:30", "day": "friday"}}'`;
      await sql(dialect.test.databaseUrl, `update list_jobs set settings = ${native} where id = 'job'`);
      await accepted(xml({ Schedule: '<Schedule><Frequency>Weekly</Frequency></Schedule>' }), 's3');
      assert.deepEqual((await settings()).schedule, { frequency: 'weekly', at: '04:30', day: 'friday' });
      await accepted(xml({ Destination: destination('COS', '<Bucket>plain</Bucket><Format>CSV</Format>') }), 'cos');
      const kept = await settings();
      assert.deepEqual([kept.schedule, kept.keep_days], [{ frequency: 'daily', at: '04:30' }, 90]);
      const { text } = await call('GET', '/placement?inventory&id=job', { dialect: 'oss' });
      assert.match(text, /<AccountId>1234<\/AccountId><RoleArn>acs:ram::1234:role\/R<\/RoleArn>/);
      await call('DELETE', '/placement?inventory&id=job');
      await accepted(xml());
      const fresh = await settings();
      assert.deepEqual([fresh.schedule, fresh.keep_days], [{ frequency: 'daily', at: '02:00' }, null]);
    });

    it('reject what is not XML, or more than it needs', async () => {
      const malformed = '400 MalformedXML';
      await rejected('', /not XML/, malformed);
      await rejected('{"id": "job"}', /not XML/, malformed);
      await rejected('<InventoryConfiguration><Id>job</InventoryConfiguration>', /not XML/, malformed);
      await rejected('<InventoryConfiguration>', /not XML/, malformed);
      await rejected(`${xml()}<more/>`, /not XML/, malformed);
      await rejected('<Inventory/>', 'The root element is Inventory; expected InventoryConfiguration.', malformed);
      const entity = '<!DOCTYPE a [<!ENTITY x "local">]>';
      await rejected(
        `${entity}${xml({ Id: '<Id>&x;</Id>' })}`,
        /document type \(DOCTYPE\), which is not accepted/,
        malformed,
      );
      const outside = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>';
      await rejected(`${outside}${xml({ Id: '<Id>&x;</Id>' })}`, /DOCTYPE/, malformed);
      await rejected(xml({ Id: '<Id>&nbsp;</Id>' }), /not XML: Invalid character entity/, malformed);
      await rejected('<a>'.repeat(10_000), 'The document has more than 8 levels of elements.', malformed);
      const invalid = await call('PUT', '/placement?inventory&id=job', { body: Buffer.from([0x3c, 0xff, 0x3e]) });
      assert.equal(`${invalid.status} ${invalid.code}`, malformed);
    });

    it('are at most 64 KiB', async () => {
      await accepted(`${xml()}${' '.repeat(64 * 1024 - xml().length)}`);
      const { status, code } = await set(`${xml()}${' '.repeat(65 * 1024)}`);
      assert.equal(`${status} ${code}`, '413 MaxMessageLengthExceeded');
    });

    it('return characters that XML cannot hold as U+FFFD', async () => {
      await accepted(xml());
      const prefix = JSON.stringify({ prefix: 'a\u0001b\r\n\uFFFE"\'' }).replaceAll("'", "''");
      await sql(
        dialect.test.databaseUrl,
        `update list_jobs set settings = jsonb_set(settings, '{filter}', '${prefix}') where id = 'job'`,
      );
      const { text } = await call('GET', '/placement?inventory&id=job');
      assert.match(text, /<Prefix>a\uFFFDb&#xD;\n\uFFFD&quot;&apos;<\/Prefix>/);
    });
  });
});

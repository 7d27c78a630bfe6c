import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { resolveDomain, startTestDialect, type TestDialect } from '../support/dialect.js';
import { SDK_NAMES, SDKS, type SdkName } from '../support/inventory-sdks.js';
import { cleanUp, temporaryFolder } from '../support/process.js';
import { play, record, type PlayedResponse, type RecordedRequest } from '../support/record-requests.js';

const KEYS = { access: 'recognisable-access', secret: 'recognisable-secret' };

const signUtils = createRequire(import.meta.url)('ali-oss/lib/common/signUtils.js') as {
  authorizationV4(
    access: string,
    secret: string,
    region: string,
    method: string,
    request: { headers: object; queries: object },
    bucket: string,
  ): string;
};

/** A request of ali-oss without the header content-md5, signed by its own means. */
function withoutMd5(request: RecordedRequest): RecordedRequest {
  const headers: Record<string, string> = {};
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    headers[request.rawHeaders[index]!.toLowerCase()] = request.rawHeaders[index + 1]!;
  }
  delete headers['content-md5'];
  const queries = Object.fromEntries(new URL(request.url, 'http://host').searchParams);
  const signed = { headers, queries: { ...queries, inventory: null } };
  const { access, secret } = KEYS;
  headers['authorization'] = signUtils.authorizationV4(access, secret, 'cn-hangzhou', 'PUT', signed, 'placement');
  return { ...request, rawHeaders: Object.entries(headers).flat() };
}

describe('signatures of the S3 dialect', () => {
  let dialect: TestDialect;
  let restore: () => void;
  let keysFile: string;
  let log = '';
  before(async () => {
    restore = resolveDomain();
    keysFile = path.join(await temporaryFolder(), 'keys');
    writeFileSync(keysFile, `${KEYS.access} ${KEYS.secret} user-1 project-1 admin\n`);
    dialect = await startTestDialect({ listsS3KeysFile: keysFile }, (line) => (log += line));
  });
  after(async () => {
    restore();
    await dialect.close();
    await cleanUp();
  });

  const put = (name: SdkName): Promise<RecordedRequest> => record((port) => SDKS[name]({ ...KEYS, port }).set('job'));
  const get = (name: SdkName): Promise<RecordedRequest> =>
    record((port) => SDKS[name]({ ...KEYS, port }).get('absent'));
  const outcome = ({ status, code }: PlayedResponse): string => `${status} ${code}`;

  async function later<T>(minutes: number, work: () => Promise<T>): Promise<T> {
    const { now } = Date;
    Date.now = () => now() + minutes * 60_000;
    try {
      return await work();
    } finally {
      Date.now = now;
    }
  }

  for (const name of SDK_NAMES) {
    describe(name, () => {
      it('cover the body', async () => {
        const request = await put(name);
        const body = Buffer.from(request.body.toString().replace('cell1-', 'cell2-'));
        const rejected = name.startsWith('AWS')
          ? '400 XAmzContentSHA256Mismatch'
          : name.startsWith('ali')
            ? '400 InvalidDigest'
            : '400 BadDigest';
        assert.equal(outcome(await play(dialect.port, request, { body })), rejected);
        // With the MD5 of the other body the signature is wrong.
        if (!name.startsWith('AWS')) {
          const headers = { 'content-md5': createHash('md5').update(body).digest('base64') };
          const response = await play(dialect.port, request, { body, headers });
          assert.equal(outcome(response), '403 SignatureDoesNotMatch');
        }
        const headers = { 'x-amz-content-sha256': createHash('sha256').update(body).digest('hex') };
        if (name.startsWith('AWS')) {
          const response = await play(dialect.port, request, { body, headers });
          assert.equal(outcome(response), '403 SignatureDoesNotMatch');
        }
      });

      it('cover method, path and every parameter', async () => {
        const request = await get(name);
        const rejected = '403 SignatureDoesNotMatch';
        const tampered = request.url.replace('absent', 'another');
        assert.notEqual(tampered, request.url);
        assert.equal(outcome(await play(dialect.port, request, { url: tampered })), rejected);
        assert.equal(outcome(await play(dialect.port, request, { method: 'DELETE' })), rejected);
        if (name !== 'ali-oss, signature 1') {
          // What is not in the path cannot be changed; signature 1 has the path without what follows the bucket.
          const elsewhere = request.url.replace('/?', '/x?').replace('placement?', 'placement/x?');
          assert.match(outcome(await play(dialect.port, request, { url: elsewhere })), /^(403|501)/);
        }
        // A parameter that the signature leaves out decides nothing.
        for (const extra of ['id=other', 'inventoryId=other', 'continuation-token=x', 'ID=other']) {
          const response = await play(dialect.port, request, { url: `${request.url}&${extra}` });
          const isRejected = response.status === 403 || response.status === 400;
          assert.ok(isRejected || response.text.includes('job called absent'), `${extra}: ${response.text}`);
        }
      });

      it('are good for 15 minutes', async () => {
        const request = await get(name);
        const missing = name.startsWith('ali') ? '404 NoSuchInventory' : '404 NoSuchConfiguration';
        assert.equal(outcome(await play(dialect.port, request)), missing);
        const late = await later(16, () => play(dialect.port, request));
        const rejected = name.startsWith('COS') ? '403 AccessDenied' : '403 RequestTimeTooSkewed';
        assert.equal(outcome(late), rejected);
        assert.match(late.text, /expired|was signed 16 minutes ago; at most 15/);
        const early = await later(-16, () => play(dialect.port, request));
        assert.equal(outcome(early), '403 RequestTimeTooSkewed');
        assert.match(early.text, /was signed 16 minutes in the future/);
      });

      it('name the request in the words of the dialect', async () => {
        const response = await play(dialect.port, await get(name));
        const [prefix] = name.startsWith('AWS') ? ['x-amz'] : name.startsWith('ali') ? ['x-oss'] : ['x-cos'];
        const id = String(response.headers[`${prefix}-request-id`]);
        assert.match(id, /^req-[\da-f-]{36}$/);
        assert.equal(response.headers['content-type'], 'application/xml');
        const resource = name.startsWith('COS') ? '/' : '/placement/';
        assert.match(
          response.text,
          new RegExp(
            `^<Error><Code>\\w+</Code><Message>There is no inventory job called absent.</Message><Resource>${resource}</Resource><RequestId>${id}</RequestId></Error>$`,
          ),
        );
      });
    });
  }

  it('have to be there, in the header', async () => {
    const request = await get('AWS SDK');
    const without = { ...request, rawHeaders: ['host', '127.0.0.1'] };
    const unsigned = await play(dialect.port, without);
    assert.equal(outcome(unsigned), '403 AccessDenied');
    assert.match(unsigned.text, /is not signed: there is no header authorization. Signed URLs are not accepted/);
    for (const authorization of [
      'Bearer x',
      'AWS4-HMAC-SHA256 Credential=x',
      'OSS x',
      'OSS4-HMAC-SHA256 x',
      'q-sign-algorithm=sha1&q-ak=x',
      'q-sign-algorithm=sha1',
      'AWS x:y',
      `OSS ${'x'.repeat(5000)}:${'='.repeat(5000)}`,
    ]) {
      assert.equal(outcome(await play(dialect.port, without, { headers: { authorization } })), '403 AccessDenied');
    }
  });

  it('do not let a body through that they do not cover, except over TLS', async () => {
    const signed = withoutMd5(await put('ali-oss, signature 4'));
    const plain = await play(dialect.port, signed);
    assert.equal(outcome(plain), '403 AccessDenied');
    assert.match(plain.text, /The signature does not cover the body/);
    const forged = await play(dialect.port, signed, { headers: { 'x-forwarded-proto': 'https' } });
    assert.equal(outcome(forged), '403 AccessDenied');
    const behind = await startTestDialect({ listsS3KeysFile: keysFile, enableProxyHeadersParsing: true });
    const tls = await play(behind.port, signed, { headers: { 'x-forwarded-proto': 'https' } });
    assert.equal(tls.status, 200, tls.text);
    await behind.close();
  });

  it('are checked with the keys that the file has now', async () => {
    const request = await get('AWS SDK');
    const line = (secret: string): string => `${KEYS.access} ${secret} user-1 project-1 admin\n`;
    writeFileSync(keysFile, line('another-secret-of-the-same-user'));
    assert.equal(outcome(await play(dialect.port, request)), '403 SignatureDoesNotMatch');
    writeFileSync(keysFile, 'half a line\n');
    log = '';
    // A file with a mistake changes nothing.
    assert.equal(outcome(await play(dialect.port, request)), '403 SignatureDoesNotMatch');
    assert.match(log, /line 1 is not ACCESS SECRET USER PROJECT ROLE,ROLE/);
    writeFileSync(keysFile, line(KEYS.secret));
    assert.equal(outcome(await play(dialect.port, request)), '404 NoSuchConfiguration');
  });

  it('leave no secret in the log', async () => {
    for (const name of SDK_NAMES) await play(dialect.port, await put(name), { headers: { date: 'x' } });
    assert.ok(log.includes('placement'), 'requests are logged');
    assert.ok(!log.includes(KEYS.secret));
    assert.ok(!/Signature=|q-signature=|OSS recog/.test(log));
  });
});

import assert from 'node:assert/strict';
import { DialectError } from '../../src/lists/dialect/error.js';
import { readTarget } from '../../src/lists/dialect/request.js';
import { MalformedAuthorization } from '../../src/lists/dialect/signature/signed-request.js';
import { readRequestSignature } from '../../src/lists/dialect/signature/read.js';

/** Any client can cause the work that the service does before it checks the signature. */
describe('an unproved request of the S3 dialect', () => {
  const value = 'v'.repeat(30_000);

  function claimOf(authorization: string) {
    const headers = {
      ...{ host: 'h', 'x-amz-date': '20261126T000000Z', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
      ...{ a: value, authorization },
    };
    return () => readRequestSignature({ method: 'GET', rawPath: '/', query: [], headers, bucket: 'placement' });
  }

  it('does not multiply a header by naming it 15,000 times: that is 450 MB', () => {
    const names = 'a;'.repeat(15_000);
    const signature = '0'.repeat(64);
    const credential = 'Credential=KEY/20261126/region/s3/aws4_request';
    const aws = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${names}host, Signature=${signature}`;
    assert.throws(claimOf(aws), MalformedAuthorization);
    const times = 'q-sign-time=1;2&q-key-time=1;2';
    const cos = (lists: string): string =>
      `q-sign-algorithm=sha1&q-ak=KEY&${times}&${lists}&q-signature=${'0'.repeat(40)}`;
    assert.throws(claimOf(cos(`q-header-list=${names}&q-url-param-list=`)), MalformedAuthorization);
    assert.throws(claimOf(cos(`q-header-list=&q-url-param-list=${names}`)), MalformedAuthorization);
    assert.equal(claimOf(cos('q-header-list=a;host&q-url-param-list='))()?.accessKey, 'KEY');
    assert.equal(claimOf(aws.replace(names, 'a;'))()?.accessKey, 'KEY');
  });

  it('has at most 100 parameters: they are sorted', () => {
    const url = (count: number): string => `/?${Array.from({ length: count }, (_, index) => `p${index}`).join('&')}`;
    assert.equal(readTarget(url(100), 'h', null).query.length, 100);
    assert.throws(
      () => readTarget(url(101), 'h', null),
      (error: Error) => {
        assert.ok(error instanceof DialectError);
        assert.equal(error.status, 400);
        assert.match(error.message, /101 parameters; at most 100/);
        return true;
      },
    );
  });
});

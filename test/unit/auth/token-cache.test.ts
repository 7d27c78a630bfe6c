import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { TokenCache } from '../../../src/auth/keystone/token-cache.js';
import { parseToken, type TokenData } from '../../../src/auth/keystone/token.js';

const DATA = parseToken('{"token": {"user": {"id": "u"}, "expires_at": "2030-01-01T00:00:00Z"}}')!;

describe('the cache of tokens', () => {
  let time = 0;
  let asked: string[] = [];
  let response: () => Promise<TokenData | null>;
  const cacheOf = (cacheMs = 300_000) =>
    new TokenCache(
      (token, allowExpired) => {
        asked.push(allowExpired ? `${token} even if expired` : token);
        return response();
      },
      { cacheMs, now: () => time },
    );
  beforeEach(() => {
    time = 1;
    asked = [];
    response = () => Promise.resolve(DATA);
  });

  it('returns a known token at once, without a promise', async () => {
    const cache = cacheOf();
    assert.equal(await cache.get('a', false), DATA);
    assert.equal(cache.get('a', false), DATA);
    assert.deepEqual(asked, ['a']);
  });

  it('asks again after token_cache_time', async () => {
    const cache = cacheOf(60_000);
    await cache.get('a', false);
    time += 59_999;
    assert.equal(cache.get('a', false), DATA);
    time += 2;
    assert.ok(cache.get('a', false) instanceof Promise);
    assert.equal(asked.length, 2);
  });

  it('asks once for all who wait', async () => {
    const cache = cacheOf();
    const responses = await Promise.all(Array.from({ length: 100 }, () => Promise.resolve(cache.get('a', false))));
    assert.ok(responses.every((one) => one === DATA));
    assert.equal(asked.length, 1);
  });

  it('remembers a bad token for ten seconds', async () => {
    response = () => Promise.resolve(null);
    const cache = cacheOf();
    assert.equal(await cache.get('a', false), null);
    time += 9_999;
    assert.equal(cache.get('a', false), null);
    assert.equal(asked.length, 1);
    time += 2;
    response = () => Promise.resolve(DATA);
    assert.equal(await cache.get('a', false), DATA);
  });

  it('does not remember a failure, which all who wait share', async () => {
    response = () => Promise.reject(new Error('down'));
    const cache = cacheOf();
    const outcomes = await Promise.allSettled([cache.get('a', false), cache.get('a', false)]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    assert.equal(asked.length, 1);
    response = () => Promise.resolve(DATA);
    assert.equal(await cache.get('a', false), DATA);
  });

  it('keeps the two questions about an expired token apart', async () => {
    response = () => Promise.resolve(null);
    const cache = cacheOf();
    assert.equal(await cache.get('a', false), null);
    response = () => Promise.resolve(DATA);
    assert.equal(await cache.get('a', true), DATA);
    assert.equal(cache.get('a', false), null);
    assert.deepEqual(asked, ['a', 'a even if expired']);
  });

  it('asks every time when token_cache_time is -1', async () => {
    const cache = cacheOf(0);
    await cache.get('a', false);
    await cache.get('a', false);
    assert.equal(asked.length, 2);
    response = () => Promise.resolve(null);
    await cache.get('a', false);
    await cache.get('a', false);
    assert.equal(asked.length, 4);
  });

  it('does not let made-up tokens push good ones out', async () => {
    const cache = cacheOf();
    await cache.get('good', false);
    response = () => Promise.resolve(null);
    for (let index = 0; index < 25_000; index++) await cache.get(`bad ${index}`, false);
    assert.equal(cache.get('good', false), DATA);
    asked = [];
    await cache.get('bad 0', false);
    assert.deepEqual(asked, ['bad 0'], 'the oldest bad ones are forgotten');
  });

  it('holds no token', async () => {
    const cache = cacheOf();
    await cache.get('the-secret-token', false);
    assert.doesNotMatch(inspect(cache, { depth: 10, showHidden: true }), /the-secret-token/);
  });
});

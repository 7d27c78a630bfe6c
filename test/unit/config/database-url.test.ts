import assert from 'node:assert/strict';
import fc from 'fast-check';
import { databaseUrl, urlWarnings, withParameters } from '../../../src/config/database-url.js';
import { attemptsOf } from '../../../src/database-url/attempts.js';
import { databaseHref, parseDatabaseUrl } from '../../../src/database-url/parse.js';

describe('the URL of a database', () => {
  const places = (text: string): string[] =>
    (parseDatabaseUrl(text)?.hosts ?? []).map(({ host, port }) => `${host} ${port}`);

  it('has the hosts of every form that SQLAlchemy and libpq document', () => {
    const forms: Record<string, string[]> = {
      'postgresql+psycopg2://u:p@h:5433/db': ['h 5433'],
      'postgresql://u:p@h/db': ['h 5432'],
      'postgres://[::1]:5433/db': ['::1 5433'],
      'postgresql+psycopg2://u:p@/db?host=/var/run/postgresql': ['/var/run/postgresql 5432'],
      'postgresql+psycopg2://u:p@/db?host=/run/pg&port=5433': ['/run/pg 5433'],
      'postgresql+psycopg2://u:p@/db?host=h&port=5433': ['h 5433'],
      'postgresql+psycopg2://u:p@/db?host=h1:5433&host=h2:5434&target_session_attrs=read-write': ['h1 5433', 'h2 5434'],
      'postgresql+psycopg2://u:p@/db?host=h1&host=h2&port=5433&port=5434': ['h1 5433', 'h2 5434'],
      'postgresql+psycopg2://u:p@/db?host=h1,h2&port=5433,5434': ['h1 5433', 'h2 5434'],
      'postgresql://u:p@/db?host=h1,[::1]:5433': ['h1 5432', '::1 5433'],
      'postgresql://u:p@h1:5433,h2:5434/db?target_session_attrs=read-write': ['h1 5433', 'h2 5434'],
      'postgresql://h1,h2:5434/db': ['h1 5432', 'h2 5434'],
      'postgresql://[::1]:1,[::2]:2/db': ['::1 1', '::2 2'],
      'postgresql://u@%2Fvar%2Frun%2Fpostgresql/db': ['/var/run/postgresql 5432'],
      'postgresql+asyncpg://h/db': ['h 5432'],
      'postgresql://u:p@/db': [' 5432'],
      'postgresql:///db': [' 5432'],
      'postgresql://': [' 5432'],
    };
    for (const [text, hosts] of Object.entries(forms)) assert.deepEqual(places(text), hosts, text);
    // Without a host: where libpq looks.
    assert.deepEqual(
      attemptsOf(parseDatabaseUrl('postgresql://u@/d') ?? assert.fail()).map(({ place }) => place),
      ['/var/run/postgresql/.s.PGSQL.5432', '/tmp/.s.PGSQL.5432', 'localhost'],
    );
  });

  it('has passwords as people write them', () => {
    const password = (text: string): unknown => parseDatabaseUrl(text)?.password;
    assert.equal(password('postgresql://u:p%40s%2Fs@h/d'), 'p@s/s');
    assert.equal(password('postgresql://u:p/a?s#s@h/d'), 'p/a?s#s');
    assert.equal(password('postgresql://u:p@ss@h/d'), 'p@ss');
    assert.equal(password('postgresql://u:100%@h/d'), '100%');
    assert.equal(password('postgresql://u:p@h/d?password=other'), 'other');
    assert.equal(password('postgresql://u@h/d'), null);
  });

  it('is rejected where it is none', () => {
    for (const text of [
      'mysql://h/d',
      'postgresql:/h/d',
      'postgresql://h:x/d',
      'postgresql://h:99999/d',
      'postgresql://a b/d',
      'postgresql://h1,h2,h3/d?port=1,2',
      'postgresql://h/d?sslmode=maybe',
      'postgresql://h/d?target_session_attrs=standby',
      '',
    ]) {
      assert.equal(databaseUrl(text), undefined, text);
    }
  });

  it('reads the same from what it writes', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
    const host = fc.constantFrom('h', 'a.example', '::1', '/var/run/postgresql', '10.0.0.1');
    const url = fc.record(
      {
        user: fc.option(text),
        password: fc.option(text),
        database: fc.option(text),
        hosts: fc.array(fc.record({ host, port: fc.integer({ min: 1, max: 65_535 }) }, { noNullPrototype: true }), {
          minLength: 1,
          maxLength: 3,
        }),
        parameters: fc
          .array(fc.tuple(fc.constantFrom('sslmode', 'options', 'application_name'), text), { maxLength: 3 })
          .map((pairs) => new Map(pairs)),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(url, (one) => {
        assert.deepEqual(parseDatabaseUrl(databaseHref(one)), one);
      }),
      { numRuns: 1000 },
    );
  });

  it('takes more arguments, and loses those that only Python understands', () => {
    assert.equal(databaseUrl('postgresql+psycopg2://u:p%40@h/d?charset=utf8'), 'postgresql://u:p%40@h/d');
    assert.equal(withParameters('postgresql://h/d', 'sslmode=require'), 'postgresql://h/d?sslmode=require');
    assert.equal(withParameters('postgresql://h/d?options=x', 'host=b'), 'postgresql://b/d?options=x');
  });

  it('names each argument of libpq that has no effect, and what a misspelt one may mean', () => {
    assert.deepEqual(
      urlWarnings('postgresql://h/d?sslmode=require&connect_timeout=3&options=-c%20x%3D1&sslpassword=x'),
      [],
    );
    const [passfile, misspelt, ...more] = urlWarnings('postgresql://h/d?passfile=/p&sslrotcert=/ca.pem');
    assert.equal(
      passfile,
      'the argument passfile of the connection has no effect: set the variable PGPASSFILE, which is read.',
    );
    assert.equal(
      misspelt,
      'the argument "sslrotcert" of the connection is unknown and has no effect. Did you mean sslrootcert?',
    );
    assert.deepEqual(more, []);
  });
});

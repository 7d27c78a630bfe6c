import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseSourceUrl, placeOf, sourceUrlOfConfig } from '../../../src/config/source-url.js';
import { ConfigError } from '../../../src/config.js';
import { cleanUp, temporaryFolder } from '../../support/process.js';

describe('the URL of a database to import from', () => {
  after(cleanUp);

  it('is one of MySQL, MariaDB or PostgreSQL, in the spellings of SQLAlchemy', () => {
    const places = {
      'mysql+pymysql://u:p@db.example/placement?charset=utf8': 'mysql://db.example/placement',
      'mysql://u:p@db.example:3307/placement': 'mysql://db.example:3307/placement',
      'mariadb+mariadbconnector://u@db.example/placement': 'mysql://db.example/placement',
      'mysql+mysqldb://u:p@/placement?unix_socket=/run/mysqld/mysqld.sock': 'mysql://localhost/placement',
      'postgresql+psycopg2://u:p@db.example/placement': 'postgresql://db.example/placement',
      'postgres://u:p@[::1]:5433/placement': 'postgresql://[::1]:5433/placement',
    };
    for (const [url, place] of Object.entries(places)) assert.equal(placeOf(parseSourceUrl(url)), place, url);
  });

  it('is rejected without being printed', () => {
    for (const url of ['sqlite:////p.db', 'mysql://u:hunter2@db.example', 'mysql://u:hunter2@db:x/d', '', 'hunter2']) {
      assert.throws(
        () => parseSourceUrl(url),
        (error: Error) => error instanceof ConfigError && !error.message.includes('hunter2'),
        url,
      );
    }
  });

  it('comes from a placement.conf, with what it refers to and its further parameters', async () => {
    const file = path.join(await temporaryFolder(), 'placement.conf');
    writeFileSync(
      file,
      `[DEFAULT]\ndb_host = db.example\n[placement_database]
connection = mysql+pymysql://u:p@$db_host/placement?charset=utf8\nconnection_parameters = ssl_ca=/ca.pem\n`,
    );
    const source = sourceUrlOfConfig(file);
    assert.ok(source.dialect === 'mysql');
    assert.deepEqual([source.url.host, source.url.searchParams.get('ssl_ca')], ['db.example', '/ca.pem']);
    writeFileSync(file, '[placement_database]\nsync_on_startup = true\n');
    assert.throws(() => sourceUrlOfConfig(file), /placement\.conf has no connection in \[placement_database\]\.$/);
    writeFileSync(file, '[placement_database]\nconnection = sqlite:///hunter2\n');
    assert.throws(() => sourceUrlOfConfig(file), /placement\.conf:2: option connection .*expected a URL .*\(not shown/);
  });
});

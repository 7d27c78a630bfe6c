import assert from 'node:assert/strict';
import fc from 'fast-check';
import { withoutSecrets } from '../../../src/database-url/secrets.js';
import { configText, optionsForLog } from '../../../src/config/show.js';
import { readArguments } from '../../../src/config/arguments.js';
import { loadConfig } from '../../../src/config/load.js';

describe('a connection URL that is shown', () => {
  const SECRET = 'hunter2';
  const names = [
    'password',
    'sslpassword',
    'PASSWORD',
    'SslPassword',
    'ssl%70assword',
    '%70assword',
    'passwd',
    'passphrase',
  ];

  it('has no secret in it, however it is spelled', () => {
    for (const name of names) {
      const shown = withoutSecrets(`postgresql://u:${SECRET}@h/d?sslmode=require&${name}=${SECRET}&${name}=${SECRET}1`);
      assert.equal(shown, 'postgresql://u@h/d?sslmode=require', name);
    }
    assert.doesNotMatch(withoutSecrets(`//u:${SECRET}@h`), /hunter2/);
  });

  it('has none in the other forms that the URL of a database has', () => {
    for (const text of [
      `postgresql://u:${SECRET}@h/d`,
      `postgresql+psycopg2://u:${SECRET}@/d?host=h1:1&host=h2:2`,
      `postgresql://u:a@${SECRET}@h/d`,
      `postgresql://u:a/${SECRET}@h/d`,
      `postgresql://h/d?password=${SECRET}`,
      `postgresql://h/d?PASSWORD=${SECRET}`,
      `postgresql://h/d?sslpassword=${SECRET}`,
      `postgresql://h/d?SslPassword=${SECRET}`,
      `postgresql://h/d?%73slpassword=${SECRET}`,
      `postgresql://h/d?ssl_password=${SECRET}&sslpassword=${SECRET}&sslpassword=${SECRET}`,
      `postgresql://h/d?oauth_client_secret=${SECRET}`,
      `postgresql://h/d?scram_client_key=${SECRET}`,
      `postgresql://h/d?options=-c%20app.password%3D${SECRET}`,
      `mysql+pymysql://u:${SECRET}@h/d?ssl_passphrase=${SECRET}`,
      `mysql://u:${SECRET}@h:x/d`,
      `nonsense ${SECRET}`,
      `postgresql://h:${SECRET}/d`,
    ]) {
      assert.ok(!withoutSecrets(text).includes(SECRET), `${text}: ${withoutSecrets(text)}`);
    }
    assert.equal(
      withoutSecrets('postgresql://u:p@h:5433,i/d?sslmode=require&sslkey=/k.pem&sslpassword=x'),
      'postgresql://u@h:5433,i/d?sslmode=require&sslkey=%2Fk.pem',
    );
  });

  it('has no secret in config show and in the debug log either', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.boolean(), (name, inParameters) => {
        const argument = `${name}=${SECRET}`;
        const env = inParameters
          ? {
              OS_PLACEMENT_DATABASE__CONNECTION: `postgresql://u:${SECRET}@h/d`,
              OS_PLACEMENT_DATABASE__CONNECTION_PARAMETERS: argument,
            }
          : { OS_PLACEMENT_DATABASE__CONNECTION: `postgresql://u:${SECRET}@h/d?${argument}` };
        const loaded = loadConfig(readArguments([]), { env });
        assert.match(configText(loaded), /connection = postgresql:/);
        assert.doesNotMatch(configText(loaded), /hunter2/);
        assert.doesNotMatch(JSON.stringify(optionsForLog(loaded)), /hunter2/);
      }),
    );
  });
});

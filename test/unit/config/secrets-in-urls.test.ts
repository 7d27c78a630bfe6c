import assert from 'node:assert/strict';
import fc from 'fast-check';
import { withoutSecrets } from '../../../src/config/database-url.js';
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

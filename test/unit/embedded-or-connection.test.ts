import assert from 'node:assert/strict';
import { checkEmbeddedOrConnection } from '../../src/cli/embedded-or-connection.js';

describe('an installed service without a connection', () => {
  const forgotten = { connection: null, configFiles: ['/etc/stockroom/stockroom.conf'] };

  it('stops when a configuration file was given, and names the file and the two ways out', () => {
    assert.throws(() => {
      checkEmbeddedOrConnection(forgotten, false, false);
    }, /connection is missing in \/etc\/stockroom\/stockroom\.conf .*--embedded/);
  });

  it('starts when that is asked for, when no file was given, in a clone, and with a connection', () => {
    checkEmbeddedOrConnection(forgotten, true, false);
    checkEmbeddedOrConnection({ ...forgotten, configFiles: [] }, false, false);
    checkEmbeddedOrConnection(forgotten, false, true);
    checkEmbeddedOrConnection({ ...forgotten, connection: 'postgresql://a/b' }, false, false);
  });
});

import assert from 'node:assert/strict';
import { checkEmbeddedAsked } from '../../src/cli/embedded-asked.js';

describe('an installed service without a connection', () => {
  const forgotten = { connection: null, configFiles: ['/etc/stockroom/stockroom.conf'] };

  it('stops when a configuration file was given, and names the file and the two ways out', () => {
    assert.throws(() => {
      checkEmbeddedAsked(forgotten, false, false);
    }, /connection is missing in \/etc\/stockroom\/stockroom\.conf .*--embedded/);
  });

  it('starts when that is asked for, when no file was given, in a clone, and with a connection', () => {
    checkEmbeddedAsked(forgotten, true, false);
    checkEmbeddedAsked({ ...forgotten, configFiles: [] }, false, false);
    checkEmbeddedAsked(forgotten, false, true);
    checkEmbeddedAsked({ ...forgotten, connection: 'postgresql://a/b' }, false, false);
  });
});

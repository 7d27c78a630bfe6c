import assert from 'node:assert/strict';
import { createService } from '../../src/index.js';

describe('createService', () => {
  it('rejects an option that does not exist, with the one that is meant, and starts no database', async () => {
    const misspelt = { conection: 'postgresql://a/b' } as object;
    await assert.rejects(createService(misspelt), {
      name: 'TypeError',
      message: 'createService has no option conection. Did you mean connection?',
    });
  });
});

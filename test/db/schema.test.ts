import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { SCHEMA_FILE, schemaOf } from '../../scripts/schema.js';
import { connect, createTestDatabase, dropTestDatabase } from '../support/database.js';
import { ROOT } from '../support/process.js';

describe(SCHEMA_FILE, () => {
  it('is the schema after all migrations (npm run docs)', async () => {
    const url = await createTestDatabase();
    const client = await connect(url);
    const schema = await schemaOf(client);
    await client.end();
    await dropTestDatabase(url);
    assert.equal(readFileSync(path.join(ROOT, SCHEMA_FILE), 'utf8'), schema);
  });
});

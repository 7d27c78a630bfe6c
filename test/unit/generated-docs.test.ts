import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { API_DOCUMENT, apiDocument, GENERATED, section } from '../../scripts/docs.js';
import { ROOT } from '../support/process.js';

describe('the documentation made from the code', () => {
  for (const { file, name, table } of GENERATED) {
    it(`has the ${name} in ${file} as they are now (npm run docs)`, () => {
      assert.equal(section(name).exec(readFileSync(path.join(ROOT, file), 'utf8'))?.[2], table());
    });
  }

  it(`has ${API_DOCUMENT} as it is now (npm run docs)`, () => {
    assert.equal(readFileSync(path.join(ROOT, API_DOCUMENT), 'utf8'), apiDocument());
  });
});

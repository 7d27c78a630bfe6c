import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { targetOf } from '../../../src/audit-log/target.js';

const { paths } = JSON.parse(readFileSync('api-ref/openapi.json', 'utf8')) as {
  paths: Readonly<Record<string, object>>;
};
const UUID = '4e8e5957-649f-477b-9e5b-f1f75b21c03c';

describe('the target of an audit event', () => {
  for (const path of [...Object.keys(paths), '/docs/app.js', '/console/style.css']) {
    it(`is known for ${path}`, () => {
      const { typeURI, id } = targetOf(path.replace(/\{\w*uuid\}/, UUID).replaceAll(/\{\w+\}/g, 'some'));
      assert.match(typeURI, /^service\/placement(\/[a-z_]+)*$/);
      assert.doesNotMatch(typeURI, /unknown/);
      assert.equal(id, path.includes('uuid}') ? UUID : 'unknown');
    });
  }

  it('is unknown for a path that does not exist', () => {
    assert.deepEqual(targetOf('/stockroom/nothing'), { typeURI: 'service/placement/unknown', id: 'unknown' });
  });
});

import assert from 'node:assert/strict';
import { PathTable } from '../../src/http/path-table.js';

describe('the path table', () => {
  const table = new PathTable<string>();
  for (const path of ['/', '/traits', '/traits/:name', '/providers/:uuid/inventories/:class']) table.add(path, path);

  it('finds fixed paths and parameters', () => {
    assert.deepEqual(table.find('/'), { value: '/', params: {} });
    assert.deepEqual(table.find('/traits'), { value: '/traits', params: {} });
    assert.deepEqual(table.find('/providers/a/inventories/B'), {
      value: '/providers/:uuid/inventories/:class',
      params: { uuid: 'a', class: 'B' },
    });
  });

  it('decodes parameters, slashes in them too', () => {
    assert.deepEqual(table.find('/traits/a%20b%2Fc')?.params, { name: 'a b/c' });
  });

  it('takes case and slashes seriously', () => {
    for (const path of [
      '',
      '//',
      '/Traits',
      '/traits/',
      '/traits//',
      '/providers//inventories/B',
      '/traits/a/b',
      '/no',
    ]) {
      assert.equal(table.find(path), null, path);
    }
  });

  it('is not fooled by names that every object has', () => {
    for (const path of ['/__proto__', '/constructor', '/toString']) assert.equal(table.find(path), null, path);
  });
});

import assert from 'node:assert/strict';
import v8 from 'node:v8';
import vm from 'node:vm';
import { negotiate } from '../../../src/http/microversions.js';

describe('the headers that versions were asked for with', () => {
  it('are not kept when they are long: 1,000 of them take 60 MB', () => {
    v8.setFlagsFromString('--expose-gc');
    const collect = vm.runInNewContext('gc') as () => void;
    const bytes = (): number => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = bytes();
    for (let index = 0; index < 1000; index++) {
      const header = `other ${Buffer.alloc(60_000, `${index}.`).toString('latin1')}`;
      assert.equal(negotiate(`${header},placement 1.7`).text, '1.7');
    }
    const grown = bytes() - before;
    assert.ok(grown < 20e6, `${Math.round(grown / 1e6)} MB are kept`);
  });
});

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { filesBelow, textOf } from '../support/documents.js';
import { ROOT } from '../support/process.js';

/** Rooms whose README a newcomer can rely on. */
const ROOMS = [
  'candidates',
  'capacity',
  'db',
  'dump',
  'explain',
  'history',
  'http',
  'ledger',
  'lists',
  'process',
  'topology',
].map((name) => `src/${name}`);

describe('the README of a folder of src', () => {
  it('is there for each large folder', () => {
    const found = filesBelow(['src'], ['README.md']).map((file) => path.dirname(file));
    assert.deepEqual(found.sort(), ROOMS);
  });

  for (const room of ROOMS) {
    it(`names each file and folder of ${room}`, () => {
      const text = textOf(`${room}/README.md`);
      const missing = readdirSync(path.join(ROOT, room), { withFileTypes: true })
        .filter((entry) => entry.name !== 'README.md')
        .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
        .filter((name) => !isNamed(text, name));
      assert.deepEqual(missing, []);
    });
  }
});

/** `room.ts` in `memory-room.ts` is another file. */
function isNamed(text: string, name: string): boolean {
  return text
    .split(name)
    .slice(0, -1)
    .some((before) => !/[\w/.-]$/.test(before));
}

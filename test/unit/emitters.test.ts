import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../support/process.js';

/**
 * What emits 'error' of its own accord, and the lines that follow: an 'error' event without a listener ends the process. `http.createServer` is not among
 * them: it emits 'error' only while it begins to listen, and src/process/listen.ts listens for that. Workers have their own test
 * (test/e2e/worker-deaths.test.ts).
 */
const EMITTERS =
  /new pg\.(Client|Pool)\(|new Worker\(|new sonicBoom\.SonicBoom\(|\bhttps?\.request\(|\bhttp\)\.request\(|= spawn\((?!\))|\bcreateConnection\(|net\.createServer\(\)/;
const LINES = 30;

describe('an emitter of errors', () => {
  it('has a listener, soon after it is made', () => {
    const files = readdirSync(path.join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    const found: string[] = [];
    const without = files.flatMap((name) => {
      const lines = readFileSync(path.join(ROOT, 'src', name), 'utf8').split('\n');
      return lines.flatMap((line, at) => {
        if (!EMITTERS.test(line)) return [];
        found.push(name);
        const next = lines.slice(at, at + LINES).join('\n');
        return /\.(on|once)\('error'/.test(next) ? [] : [`${name}:${at + 1}: ${line.trim()}`];
      });
    });
    assert.deepEqual(without, []);
    // The expression finds what it looks for.
    for (const name of ['db/pool.ts', 'db/embedded.ts', 'lists/s3/send.ts', 'policy/remote.ts'])
      assert.ok(found.includes(name), name);
  });
});

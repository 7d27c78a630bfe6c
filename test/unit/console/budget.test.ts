import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { ROOT } from '../../support/process.js';

/** The build has made the files. */
function compressed(file: string): number {
  return gzipSync(readFileSync(path.join(ROOT, 'dist/console', file)), { level: 9 }).length;
}

describe('the size of the console', () => {
  it('is below 40 kB of script and 6 kB of style, compressed', () => {
    const [script, style] = [compressed('app.js'), compressed('style.css')];
    assert.ok(script > 10_000 && script < 40_000, `app.js: ${script} bytes`);
    assert.ok(style > 1000 && style < 6000, `style.css: ${style} bytes`);
  });
});

/**
 * What `npm start` does first: builds what is not built, or says what is missing. An installation without the development
 * dependencies has no compiler, and needs none when dist/ came with it.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('..', import.meta.url));

try {
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  // To standard error: what commands print is on standard output.
  if (dateOf('dist/main.js') === 0)
    process.stderr.write('Builds Stockroom before its first start. This takes up to a minute.\n');
  execFileSync(process.execPath, [compiler], { cwd: folder, stdio: 'inherit' });
  const sources = fs.readdirSync(`${folder}api-ref/site`).map((name) => `api-ref/site/${name}`);
  if (dateOf('dist/console/index.html') <= Math.max(...filesBelow('console').map(dateOf))) {
    execFileSync(process.execPath, ['scripts/console.js'], { cwd: folder, stdio: 'inherit' });
  }
  if (dateOf('dist/docs/index.html') <= Math.max(...[...sources, 'api-ref/openapi.json'].map(dateOf))) {
    execFileSync(process.execPath, ['--import', 'tsx', 'api-ref/site/build.ts'], { cwd: folder, stdio: 'inherit' });
  }
} catch (error) {
  if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'MODULE_NOT_FOUND') {
    process.exitCode = 1; // the compiler has said why
  } else if (!fs.existsSync(new URL('../dist/main.js', import.meta.url))) {
    process.stderr.write(
      'There is nothing built here and no compiler to build it with: run `npm ci --include=dev && npm run build`.\n',
    );
    process.exitCode = 1;
  }
}

/** @param {string} below */
function filesBelow(below) {
  const entries = fs.readdirSync(`${folder}${below}`, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath.slice(folder.length)}/${entry.name}`);
}

/** When a file was last written; 0 for none. @param {string} file */
function dateOf(file) {
  return fs.statSync(`${folder}${file}`, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

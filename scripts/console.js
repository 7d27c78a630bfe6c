/** Bundles the console (console/) into the files that the service serves at /console. */
import fs from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';

const root = path.resolve(import.meta.dirname, '..');
const from = path.join(root, 'console');
const to = path.join(root, 'dist/console');

fs.mkdirSync(to, { recursive: true });
await build({
  absWorkingDir: root,
  entryPoints: { app: path.join(from, 'main.tsx'), style: path.join(from, 'style.css') },
  outdir: to,
  bundle: true,
  minify: true,
  format: 'esm',
  target: ['es2023', 'chrome123', 'firefox120', 'safari17.5'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'none',
  logLevel: 'warning',
});
fs.copyFileSync(path.join(from, 'icon.svg'), path.join(to, 'icon.svg'));
// The last: the build looks at its date.
fs.copyFileSync(path.join(from, 'index.html'), path.join(to, 'index.html'));

/** Bundles the console (console/) into the files that the service serves at /console. */
import fs from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';

const root = path.resolve(import.meta.dirname, '..');
const from = path.join(root, 'console');
const to = path.join(root, 'dist/console');

fs.mkdirSync(to, { recursive: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: { app: path.join(from, 'main.tsx'), style: path.join(from, 'style.css') },
  outdir: to,
  bundle: true,
  minify: true,
  metafile: true,
  format: 'esm',
  target: ['es2023', 'chrome123', 'firefox120', 'safari17.5'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  // The licences of bundled packages are in THIRD-PARTY.txt, whole.
  legalComments: 'none',
  logLevel: 'warning',
});
fs.writeFileSync(path.join(to, 'THIRD-PARTY.txt'), thirdParty(Object.keys(metafile.inputs)));
fs.copyFileSync(path.join(from, 'icon.svg'), path.join(to, 'icon.svg'));
// The last: the build looks at its date.
fs.copyFileSync(path.join(from, 'index.html'), path.join(to, 'index.html'));

/** The packages in the bundle and their licences, which ask to be passed on with it. @param {string[]} inputs files of the bundle, from the root */
function thirdParty(inputs) {
  const folders = new Set(inputs.flatMap((file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []));
  const licences = [...folders].sort().map((input) => {
    const folder = path.resolve(root, input);
    const { name, version, license } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
    return `${name} ${version} (${license})\n\n${fs.readFileSync(path.join(folder, 'LICENSE'), 'utf8').trim()}\n`;
  });
  return `The file app.js contains these packages.\n\n${licences.join('\n')}`;
}

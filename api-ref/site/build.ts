import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ApiDocument } from './model.js';
import { renderPage } from './page.js';

/** Makes the API reference that the service serves at /docs (src/http/docs-pages.ts) from the document that is checked in. */
const root = path.resolve(import.meta.dirname, '../..');
const document = JSON.parse(readFileSync(path.join(root, 'api-ref/openapi.json'), 'utf8')) as ApiDocument;
const folder = path.join(root, 'dist/docs');
mkdirSync(folder, { recursive: true });
writeFileSync(path.join(folder, 'openapi.json'), `${JSON.stringify(document)}\n`);
for (const name of ['style.css', 'script.js'])
  copyFileSync(path.join(import.meta.dirname, name), path.join(folder, name));
// The last: scripts/build.js looks at its date.
writeFileSync(path.join(folder, 'index.html'), renderPage(document));

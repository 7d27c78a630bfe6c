import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ApiDocument } from './pages/model.js';
import { renderPage } from './pages/page.js';
import { SCRIPT } from './pages/script.js';
import { STYLE } from './pages/style.js';

/** Makes the API reference that the service serves at /docs (src/http/docs.ts) from the document that is checked in. */
const root = path.resolve(import.meta.dirname, '..');
const text = readFileSync(path.join(root, 'api-ref/openapi.json'), 'utf8');
const document = JSON.parse(text) as ApiDocument;
const folder = path.join(root, 'dist/docs');
mkdirSync(folder, { recursive: true });
const files = {
  'openapi.json': `${JSON.stringify(document)}\n`,
  'style.css': STYLE,
  'script.js': SCRIPT,
  // The last: the build looks at its date.
  'index.html': renderPage(document),
};
for (const [name, content] of Object.entries(files)) writeFileSync(path.join(folder, name), content);

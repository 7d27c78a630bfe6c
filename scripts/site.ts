import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { navigation } from './site/navigation.js';
import { foreignLoads } from './site/offline.js';
import { stage } from './site/stage.js';

/**
 * Makes the documentation into static pages with search: site/dist, for any server of files. `npm run site`. The generator has a package of its own
 * (site/package.json). This script installs it, so that `npm ci` of the project does not. A link to something that is not there is a failure.
 */
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SITE = path.join(ROOT, 'site');

fs.rmSync(path.join(SITE, 'pages'), { recursive: true, force: true });
const pages = stage(ROOT, path.join(SITE, 'pages'));
fs.writeFileSync(path.join(SITE, 'pages/navigation.json'), JSON.stringify(navigation(pages), null, 2));
run('npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund');
run('npm', 'exec', '--', 'vitepress', 'build');
const foreign = foreignLoads(path.join(SITE, 'dist'));
if (foreign.length > 0) throw new Error(`Pages load what is not theirs:\n${foreign.join('\n')}`);
const bytes = fs
  .readdirSync(path.join(SITE, 'dist'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .reduce((sum, entry) => sum + fs.statSync(path.join(entry.parentPath, entry.name)).size, 0);
console.log(`site/dist: ${pages.length} pages, ${(bytes / 1e6).toFixed(1)} MB`);

function run(program: string, ...args: readonly string[]): void {
  const { status } = spawnSync(program, args, { cwd: SITE, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

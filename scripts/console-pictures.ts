import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { openConsole, openPage, PAGES, signIn } from '../test/support/console.js';
import { fillPictureWorld } from '../test/support/picture-world.js';
import { startTestServers, stopTestServers } from '../test/support/database.js';
import { startTestService } from '../test/support/service.js';
import { until } from '../test/support/until.js';

/** Makes the pictures of the console in README.md and docs/how-to/use-the-console.md. `npm run console:pictures` */
const PICTURES = ['overview', 'why', 'provider', 'capacity', 'changes'];
const folder = path.resolve(import.meta.dirname, '../docs/images');
mkdirSync(folder, { recursive: true });
const lists = mkdtempSync(path.join(os.tmpdir(), 'stockroom-pictures-'));

await startTestServers(1);
const service = await startTestService({
  config: {
    listsDir: lists,
    listsSpool: lists,
    capacityShape: [
      'm1.small resources=VCPU:1,MEMORY_MB:2048',
      'm1.large resources=VCPU:4,MEMORY_MB:8192',
      'gpu.large resources=VCPU:8,MEMORY_MB:32768,VGPU:4',
    ],
  },
});
const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
  timeout: 120_000,
});
try {
  const fragments = await fillPictureWorld(service.api);
  await until('the shapes are counted', async () => (await service.api.get('/stockroom/overview')).status === 200);
  const { page } = await openConsole(browser, service.url, { width: 1100 });
  await signIn(page, service.url);
  for (const { name, fragment, shows } of PAGES) {
    if (!PICTURES.includes(name)) continue;
    // The provider of the picture is the root of its tree.
    await openPage(page, service.url, fragments[name] ?? fragment, name === 'provider' ? 'HW_CPU_X86_AVX2' : shows);
    await page.mouse.move(0, 0);
    const clip = { x: 0, y: 0, width: 1100, height: name === 'changes' ? 560 : 700 };
    await page.screenshot({ path: path.join(folder, `console-${name}.png`), clip });
    console.log(`docs/images/console-${name}.png`);
  }
} finally {
  await browser.close();
  await service.close();
  await stopTestServers();
  rmSync(lists, { recursive: true, force: true });
}

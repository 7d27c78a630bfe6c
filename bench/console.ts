import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { startEmbedded } from '../src/db/embedded.js';
import { consoleUrl, openConsole } from '../test/support/console.js';
import { headersOf } from './client.js';
import { writeFlatHosts } from './flat-hosts.js';
import { processorSeconds } from './processor-time.js';
import { startService, type StartedServer } from './servers.js';

/**
 * What the console costs with 10,000 hosts: the routes of its pages, a page that refreshes every ten seconds, and the time and memory of a tab.
 * `npm run bench:console`; needs Debian's chromium.
 */
const HOSTS = 10_000;
const REQUESTS = 100;
const TABS = 7;
const REFRESH_SECONDS = 10;
const ROUTES = ['/stockroom/overview', '/stockroom/providers', '/stockroom/providers?class=VCPU&sort=fullest'];

const folder = await mkdtemp(path.join(os.tmpdir(), 'stockroom-bench-console-'));
const database = await startEmbedded({ dataDir: folder, settings: { fsync: 'off' } });
try {
  await (await startService(database.connectionString, [])).stop();
  await writeFlatHosts(database.connectionString, HOSTS);
  const service = await startService(database.connectionString, [], {
    OS_STOCKROOM__CAPACITY_SHAPE: 'small resources=VCPU:1,MEMORY_MB:256',
  });
  try {
    console.error(`requests to ${HOSTS} hosts`);
    const rows = [];
    for (const route of ROUTES) rows.push(await measureRoute(service, route));
    console.table(rows);
    console.error(`${TABS} tabs`);
    console.table(await measureTabs(service));
  } finally {
    await service.stop();
  }
} finally {
  await database.stop();
  await rm(folder, { recursive: true, force: true });
}

async function measureRoute({ url, pid }: StartedServer, route: string): Promise<Record<string, string>> {
  let bytes = 0;
  const request = async (): Promise<number> => {
    const start = performance.now();
    const response = await fetch(url + route, { headers: headersOf() });
    if (response.status !== 200) throw new Error(`${route}: ${response.status}`);
    bytes = (await response.arrayBuffer()).byteLength;
    return performance.now() - start;
  };
  // The first ones compile code.
  for (let i = 0; i < 20; i++) await request();
  const before = await processorSeconds(pid);
  const times: number[] = [];
  for (let i = 0; i < REQUESTS; i++) times.push(await request());
  const seconds = ((await processorSeconds(pid)) - before) / REQUESTS;
  return {
    route,
    kB: (bytes / 1000).toFixed(1),
    'ms, min / median / max': spread(times),
    'processor ms': (seconds * 1000).toFixed(1),
    [`of a core, every ${REFRESH_SECONDS} s`]: `${((seconds / REFRESH_SECONDS) * 100).toFixed(2)} %`,
  };
}

/** From signing in to the first number, each tab in a context of its own; then the memory after all pages of providers. */
async function measureTabs({ url }: StartedServer): Promise<Record<string, string>[]> {
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  });
  try {
    const [overview, providers, heaps]: [number[], number[], number[]] = [[], [], []];
    for (let tab = 0; tab < TABS; tab++) {
      const { page, context } = await openConsole(browser, url);
      await page.goto(consoleUrl(url));
      await page.getByLabel('Token').fill('admin');
      overview.push(await timeTo(page, () => page.getByRole('button', { name: 'Sign in' }).click(), 'MEMORY_MB'));
      providers.push(await timeTo(page, () => page.goto(consoleUrl(url, '/providers')), 'host-1'));
      for (let more = 1; more < 20; more++) {
        await page.getByRole('button', { name: 'More', exact: true }).click();
        await page.getByText(`, ${((more + 1) * 50).toLocaleString('en-US')} shown`).waitFor();
      }
      // The memory after a garbage collection of the browser.
      await (await context.newCDPSession(page)).send('HeapProfiler.collectGarbage');
      heaps.push((await page.evaluate<number>('performance.memory.usedJSHeapSize')) / 1e6);
      await context.close();
    }
    const row = (what: string, figures: readonly number[]): Record<string, string> => ({
      what,
      'min / median / max': spread(figures),
    });
    return [
      row('Overview to its first number, ms', overview),
      row('Providers to their first row, ms', providers),
      row('heap with 1,000 rows, MB', heaps),
    ];
  } finally {
    await browser.close();
  }
}

async function timeTo(page: Page, go: () => Promise<unknown>, name: string): Promise<number> {
  const start = performance.now();
  await go();
  await page.getByRole('rowheader', { name, exact: true }).waitFor();
  return performance.now() - start;
}

function spread(figures: readonly number[]): string {
  const sorted = [...figures].sort((a, b) => a - b);
  const at = (share: number): string => sorted[Math.floor((sorted.length - 1) * share)]!.toFixed(1);
  return `${at(0)} / ${at(0.5)} / ${at(1)}`;
}
